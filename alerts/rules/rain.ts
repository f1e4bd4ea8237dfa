/**
 * Rain of one gauge over the last hours, in slots of five minutes.
 *
 * A sum that is more than can fall counts as none. Invariant: constant memory; what is older than the longest window
 * asked for is forgotten.
 */
import { mostRainMm } from '../../devices/rain-rate.ts';

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
const LASTING_SLOTS = 3;

/** Rain since the report before it, be that unknown: it is spread over the time since then. */
export function addRainSince(slots: RainSlot[], beforeAt: number | undefined, at: number, mm: number): void {
  const steps =
    beforeAt !== undefined && at > beforeAt ? Math.max(1, Math.round((at - beforeAt) / SLOT_MS)) : 1;
  const kept = Math.min(steps, MAX_SLOTS);
  for (let back = kept - 1; back >= 0; back--) addRain(slots, at - back * SLOT_MS, mm / steps);
}

function addRain(slots: RainSlot[], at: number, mm: number): void {
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
    addRainSince(slots, before.at, at, mm);
  }
  return { at, totalMm };
}

/** Times over which a sum is held against what can fall, ms. */
const JUDGED_MS = [5 * 60_000, 15 * 60_000, 30 * 60_000, 3_600_000, 3 * 3_600_000] as const;

/** A sum that comes so near to the record of the world is remembered. */
export const EXTREME_SHARE = 0.5;

export interface ExtremeRain {
  /** When it was so last, epoch ms. */
  readonly at: number;
  readonly share: number;
}

/** Whether it has rained for some slots since then: more than one report says so. */
export function isRainLasting(slots: readonly RainSlot[], sinceMs: number): boolean {
  return slots.filter(({ at }) => at >= sinceMs - SLOT_MS).length >= LASTING_SLOTS;
}

/** How near the sums up to `at` come to what can fall: a bucket that sticks says a little too much in each report. */
export function shareOfRecord(slots: readonly RainSlot[], at: number): number {
  const shares = JUDGED_MS.map((spanMs) => {
    const mm = slots.reduce((sum, slot) => (slot.at > at - spanMs ? sum + slot.mm : sum), 0);
    return mm / mostRainMm(spanMs);
  });
  return Math.max(...shares);
}

export function rainWithin(slots: readonly RainSlot[], sinceMs: number): number {
  return slots.reduce((sum, slot) => (slot.at >= sinceMs - SLOT_MS ? sum + slot.mm : sum), 0);
}
