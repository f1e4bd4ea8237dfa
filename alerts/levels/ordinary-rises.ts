/**
 * Ordinary rises: how far a gauge's river climbs on most days, by tide or pumps.
 *
 * Learnt by rate-of-rise; the twin of ordinary-falls.ts. Invariant: a number for each of some days.
 */
export interface OrdinaryRises {
  /** When the day under way began, and the largest rise in it; the same of the days before, oldest first. */
  daySince: number;
  dayM: number;
  days: readonly number[];
  /** What it rises on most days, m; 0 until some days are known. */
  ordinaryM: number;
}

export const NO_RISES: Readonly<OrdinaryRises> = Object.freeze({
  daySince: 0,
  dayM: 0,
  days: Object.freeze([]),
  ordinaryM: 0,
});

/** Days that are remembered, and how many must be known; three of four of them are "most". */
const MAX_DAYS = 16;
const MIN_DAYS = 3;
const MOST_DAYS = 0.75;

/** Takes a rise of the river into the day. */
export function learnRise(rises: OrdinaryRises, riseM: number, at: number, dayMs: number): void {
  if (at - rises.daySince >= dayMs) {
    if (rises.daySince > 0) {
      rises.days = [...rises.days.slice(1 - MAX_DAYS), rises.dayM];
      const sorted = rises.days.toSorted((a, b) => a - b);
      const known = sorted.length >= MIN_DAYS;
      rises.ordinaryM = known ? (sorted[Math.round(MOST_DAYS * (sorted.length - 1))] as number) : 0;
    }
    rises.daySince = at;
    rises.dayM = 0;
  }
  if (riseM > rises.dayM) rises.dayM = riseM;
}
