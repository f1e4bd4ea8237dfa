/**
 * Whether a river rises: its arrow, from the last hour in windows of five minutes.
 *
 * Pure. It follows the river and not the ends of five minutes: the mean of the newest windows against the mean of
 * those twenty minutes before. Invariant: where there are too few or too old points there is no trend; a level line
 * would be a statement.
 */
export interface LevelPoint {
  readonly atMs: number;
  readonly levelM: number;
}

export type Trend = 'steep-rise' | 'rise' | 'steady' | 'fall' | 'steep-fall';

export const TREND_WINDOW_MS = 5 * 60_000;
export const TREND_SPAN_MS = 60 * 60_000;
/** What is compared with what: the last ten minutes with the ten that ended twenty minutes before. */
const NOW_MS = 10 * 60_000;
const BEFORE_MS = 20 * 60_000;
/** Over these twenty minutes. Staff round to the centimetre, and waves on the water are more than that. */
const STEADY_M = 0.02;
/** Katulampa rose 40 cm in 8 minutes; half of that in twenty is fast for anybody beside a river. */
const STEEP_M = 0.2;

/** `points` ascend by time. */
export function trendOf(points: readonly LevelPoint[], nowMs: number): Trend | undefined {
  const last = points.at(-1);
  if (!last || nowMs - last.atMs > BEFORE_MS) return undefined;
  const now = meanBetween(points, last.atMs - NOW_MS + 1, last.atMs);
  const before = meanBetween(points, last.atMs - NOW_MS - BEFORE_MS, last.atMs - BEFORE_MS + NOW_MS - 1);
  if (now === undefined || before === undefined) return undefined;
  const changeM = now - before;
  if (Math.abs(changeM) < STEADY_M) return 'steady';
  if (changeM > 0) return changeM >= STEEP_M ? 'steep-rise' : 'rise';
  return changeM <= -STEEP_M ? 'steep-fall' : 'fall';
}

function meanBetween(points: readonly LevelPoint[], fromMs: number, toMs: number): number | undefined {
  const within = points.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  if (within.length === 0) return undefined;
  return within.reduce((sum, { levelM }) => sum + levelM, 0) / within.length;
}
