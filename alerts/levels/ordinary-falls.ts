/**
 * Ordinary falls: how fast a gauge's level falls on most days, flood or none: the tide goes out faster and faster, and
 * pumps and gates draw a canal down.
 *
 * Part of what river-level keeps of a gauge (fall-state.ts). Invariants: a pace is two falls in a row, so that a
 * drop-out is none; it is JSON, and replaced when it changes, never changed.
 */
export interface OrdinaryFalls {
  /**
   * When the day under way began, epoch ms, and the largest pace in it, m/ms; the same of the days before, oldest
   * first.
   */
  readonly daySince: number;
  readonly dayMPerMs: number;
  readonly days: readonly number[];
  /** Of the middle day; 0 until some are known. */
  readonly mPerMs: number;
}

export const FALLS_START: OrdinaryFalls = Object.freeze({ daySince: 0, dayMPerMs: 0, days: [], mPerMs: 0 });

const MAX_DAYS = 16;
const MIN_DAYS = 2;
const DAY_UNITS = 24;
/** A day of falls may be a livelier one by this. */
const LIVELIER = 1.3;
/** Over a gap nothing is known of the way down. */
const MAX_INTERVALS = 2;

/** The very same where nothing changed, as nearly always. */
export function learnPace(falls: OrdinaryFalls, mPerMs: number, at: number, unitMs: number): OrdinaryFalls {
  const { daySince, dayMPerMs, days } = falls;
  if (at - daySince < DAY_UNITS * unitMs) return mPerMs > dayMPerMs ? { ...falls, dayMPerMs: mPerMs } : falls;
  if (daySince === 0) return { ...falls, daySince: at, dayMPerMs: mPerMs };
  const known = [...days.slice(1 - MAX_DAYS), dayMPerMs];
  const sorted = known.toSorted((a, b) => a - b);
  const middle = known.length < MIN_DAYS ? 0 : (sorted[Math.floor((sorted.length - 1) / 2)] as number);
  return { daySince: at, dayMPerMs: mPerMs, days: known, mPerMs: middle };
}

/** A fall of no more than this within `spanMs` is one of every day, m. */
export function ordinaryFallM({ mPerMs }: OrdinaryFalls, spanMs: number, intervalMs: number): number {
  return mPerMs === 0 ? 0 : LIVELIER * mPerMs * Math.min(spanMs, MAX_INTERVALS * intervalMs);
}
