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

/** What a bucket's counter stood at. */
export interface RainTotal {
  /** Epoch ms. */
  readonly at: number;
  readonly totalMm: number;
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

/**
 * Rain by a counter that only grows: what was lost on the way is in the next total, a repeat adds nothing, and one
 * that went back began anew from 0. Rain since the total before is spread over the time since then. Returns the total
 * to hold the next one against.
 */
export function addRainTotal(
  slots: RainSlot[],
  before: RainTotal | undefined,
  at: number,
  totalMm: number,
): RainTotal {
  if (before && at <= before.at) return before;
  if (before) {
    const mm = totalMm >= before.totalMm ? totalMm - before.totalMm : totalMm;
    const steps = Math.max(1, Math.ceil((at - before.at) / SLOT_MS));
    const kept = Math.min(steps, MAX_SLOTS);
    for (let back = kept - 1; back >= 0; back--) addRain(slots, at - back * SLOT_MS, mm / steps);
  }
  return { at, totalMm };
}

export function rainWithin(slots: readonly RainSlot[], sinceMs: number): number {
  return slots.reduce((sum, slot) => (slot.at >= sinceMs - SLOT_MS ? sum + slot.mm : sum), 0);
}
