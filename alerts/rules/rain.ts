/**
 * Rain of one gauge over the last hours, in slots of five minutes.
 *
 * Invariant: constant memory; what is older than the longest window asked for is forgotten.
 */
export interface RainSlot {
  /** Start of the slot, epoch ms by the device's clock. */
  readonly at: number;
  mm: number;
}

const SLOT_MS = 5 * 60_000;
/** 36 slots are three hours, and one is under way. */
const MAX_SLOTS = 37;

export function addRain(slots: RainSlot[], at: number, mm: number): void {
  if (mm <= 0) return;
  const start = at - (at % SLOT_MS);
  // Rain mostly falls into the newest slot.
  for (let index = slots.length - 1; index >= 0; index--) {
    const slot = slots[index] as RainSlot;
    if (slot.at !== start) continue;
    slot.mm += mm;
    return;
  }
  slots.push({ at: start, mm });
  if (slots.length > MAX_SLOTS) slots.shift();
}

export function rainWithin(slots: readonly RainSlot[], sinceMs: number): number {
  return slots.reduce((sum, slot) => (slot.at >= sinceMs - SLOT_MS ? sum + slot.mm : sum), 0);
}
