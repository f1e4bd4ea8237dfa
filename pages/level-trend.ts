/**
 * Whether a river rises: its arrow, from the slope of the last while.
 *
 * Pure. It follows the river and not the ends of a few minutes: a line is laid through all points of the last twenty
 * minutes, or of the hour where the gauge reports seldom; of a river that has turned since, through those from the
 * turn on. Invariant: where there are too few or too old points there is no trend; a level line would be a statement.
 */
export interface LevelPoint {
  readonly atMs: number;
  readonly levelM: number;
}

export type Trend = 'steep-rise' | 'rise' | 'steady' | 'fall' | 'steep-fall';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const TREND_WINDOW_MS = MINUTE_MS;
export const TREND_SPAN_MS = HOUR_MS;
const LATELY_MS = 20 * MINUTE_MS;
const MIN_POINTS = 4;
const MIN_SPAN_MS = 3 * MINUTE_MS;
/** 2 cm in 20 minutes: staff round to the centimetre, and waves on the water are more than that. */
const STEADY_M_PER_H = 0.06;
/** 20 cm in 20 minutes. Katulampa rose 40 cm in 8. */
const STEEP_M_PER_H = 0.6;
/**
 * A river has turned when its last two points lie back from its crest, or up from its trough, by this share of what it
 * had moved, and by this, m.
 */
const TURN_SHARE = 0.15;
const TURN_M = 0.05;

/** `points` ascend by time. */
export function trendOf(points: readonly LevelPoint[], nowMs: number): Trend | undefined {
  const last = points.at(-1);
  if (!last || nowMs - last.atMs > LATELY_MS) return undefined;
  const lately = points.filter(({ atMs }) => atMs > last.atMs - LATELY_MS);
  const ofAll = slopeOf(lately) === undefined ? points : lately;
  const slope = slopeOf(sinceTurn(ofAll, slopeOf(ofAll) ?? 0));
  if (slope === undefined) return undefined;
  if (Math.abs(slope) < STEADY_M_PER_H) return 'steady';
  if (slope > 0) return slope >= STEEP_M_PER_H ? 'steep-rise' : 'rise';
  return slope <= -STEEP_M_PER_H ? 'steep-fall' : 'fall';
}

/** The points from the last turn on; all of them where the river goes on as the line says. */
function sinceTurn(points: readonly LevelPoint[], slope: number): readonly LevelPoint[] {
  const sign = Math.sign(slope);
  const along = points.map(({ levelM }) => sign * levelM);
  const furthest = Math.max(...along);
  const turnM = Math.max(TURN_M, TURN_SHARE * (furthest - Math.min(...along)));
  const isTurned = along.slice(-2).every((each) => furthest - each >= turnM);
  return isTurned ? points.slice(along.lastIndexOf(furthest)) : points;
}

/** Of the line of least squares, m/h; undefined of too few points or too short a while. */
function slopeOf(points: readonly LevelPoint[]): number | undefined {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < MIN_POINTS || last.atMs - first.atMs < MIN_SPAN_MS) return undefined;
  const hours = points.map(({ atMs }) => (atMs - first.atMs) / HOUR_MS);
  const meanH = hours.reduce((sum, each) => sum + each, 0) / points.length;
  const meanM = points.reduce((sum, { levelM }) => sum + levelM, 0) / points.length;
  let [along, across] = [0, 0];
  for (const [index, { levelM }] of points.entries()) {
    const h = (hours[index] as number) - meanH;
    along += h * h;
    across += h * (levelM - meanM);
  }
  return across / along;
}
