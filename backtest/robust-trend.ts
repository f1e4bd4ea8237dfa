/**
 * Robust trend: the forecast that Siaga made before it learnt from each gauge's past; the back-test holds the rule of
 * today against it.
 *
 * The median of the slopes of all pairs of the last hour's levels, after Theil and Sen, carried on for 90 min; a wave
 * that slackens by its latest slope, one that has turned by none. Invariant: a trend is only given for at least
 * MIN_POINTS that span half of the hour.
 * Sen, P. K. (1968), Estimates of the regression coefficient based on Kendall's tau.
 */
import { appendRecent, createRecent, lookBackOf, type Recent } from '../alerts/levels/recent.ts';
import { firstWithin, hasTurned } from '../alerts/levels/trend.ts';
import type { LevelPoint } from '../tables/level-series.ts';
import type { Forecaster } from './forecasters.ts';

/** m per hour: the median, its lower quartile, and the slope of the last third of the look back. */
interface Trend {
  readonly median: number;
  readonly low: number;
  readonly latest: number;
}

const MIN_POINTS = 4;
const HOUR_MS = 3_600_000;
/** How far ahead it spoke, in look backs; by the slow quartile, and to keep a claim, it was allowed as much more. */
const AHEAD_SHARE = 1.5;
const SLOW_SHARE = 1.5;

export function createRobustTrend(): Forecaster {
  const recent = createRecent();
  let intervalMs = 0;
  let lastAt: number | undefined;
  return {
    method: 'robust trend',
    take({ atMs, levelM }: LevelPoint) {
      if (lastAt !== undefined)
        intervalMs = intervalMs ? intervalMs + 0.2 * (atMs - lastAt - intervalMs) : atMs - lastAt;
      lastAt = atMs;
      appendRecent(recent, atMs, levelM, intervalMs || HOUR_MS);
      const lookBackMs = lookBackOf(intervalMs || HOUR_MS, HOUR_MS);
      const trend = hasTurned(recent, firstWithin(recent, lookBackMs))
        ? undefined
        : trendOf(recent, lookBackMs);
      const aheadH = (lookBackMs * AHEAD_SHARE) / HOUR_MS;
      return (wayM) => {
        if (!trend) return 'no';
        const slope = Math.min(trend.median, trend.latest);
        if (slope <= 0 || wayM / slope > SLOW_SHARE * aheadH) return 'no';
        const isSure = wayM / slope <= aheadH && trend.low > 0 && wayM / trend.low <= SLOW_SHARE * aheadH;
        return isSure ? 'yes' : 'still';
      };
    },
  };
}

/** Undefined when there is too little to tell. */
function trendOf(recent: Recent, lookBackMs: number): Trend | undefined {
  const first = firstWithin(recent, lookBackMs);
  const { at, value } = recent;
  const points = at.length - first;
  if (points < MIN_POINTS) return undefined;
  if ((at.at(-1) as number) - (at[first] as number) < lookBackMs / 2) return undefined;
  const slopes = new Float64Array((points * (points - 1)) / 2);
  let count = 0;
  for (let i = first; i < at.length; i++) {
    for (let j = i + 1; j < at.length; j++) slopes[count++] = slope(value, at, i, j);
  }
  slopes.sort();
  const quantile = (share: number) => slopes[Math.round(share * (count - 1))] as number;
  return { median: quantile(0.5), low: quantile(0.25), latest: latestSlope(recent, first, lookBackMs) };
}

/** m per hour over the last third of the look back, but at least two points. */
function latestSlope({ at, value }: Recent, first: number, lookBackMs: number): number {
  const last = at.length - 1;
  let from = last - 2;
  const since = (at[last] as number) - lookBackMs / 3;
  while (from > first && (at[from - 1] as number) >= since) from--;
  return slope(value, at, from, last);
}

function slope(value: readonly number[], at: readonly number[], i: number, j: number): number {
  return (((value[j] as number) - (value[i] as number)) * HOUR_MS) / ((at[j] as number) - (at[i] as number));
}
