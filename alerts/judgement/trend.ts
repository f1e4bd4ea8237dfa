/**
 * Trend: the robust slope of the last levels, after Theil and Sen: the median of the slopes of all pairs.
 *
 * One wrong point in five moves it little, where a least-squares line would follow the point. Invariant: a
 * trend is only given for at least MIN_POINTS that span half of what was asked for; else we cannot tell.
 * Sen, P. K. (1968), Estimates of the regression coefficient based on Kendall's tau.
 */
import type { Recent } from './recent.ts';

export interface Trend {
  /** m per hour. */
  readonly median: number;
  /** The quartiles of the pairs' slopes: the interval in which the trend lies. */
  readonly low: number;
  readonly high: number;
  /** From a third of the way back to now: a wave that slackens shows here first. */
  readonly latest: number;
  readonly points: number;
}

export const MIN_POINTS = 4;
const HOUR_MS = 3_600_000;
/** Of the rise to the highest level: so much lost is no ripple. */
const TURNED_SHARE = 0.1;

/** Index of the first point within `lookBackMs` of the last. */
export function firstWithin({ at }: Recent, lookBackMs: number): number {
  const since = (at.at(-1) ?? 0) - lookBackMs;
  let index = at.length - 1;
  while (index > 0 && (at[index - 1] as number) >= since) index--;
  return Math.max(0, index);
}

/** m per hour over the last third of the look back, but at least two points. Undefined with fewer than three. */
export function latestSlope(recent: Recent, first: number, lookBackMs: number): number | undefined {
  const { at, value } = recent;
  const last = at.length - 1;
  if (last - first < 2) return undefined;
  let from = last - 2;
  const since = (at[last] as number) - lookBackMs / 3;
  while (from > first && (at[from - 1] as number) >= since) from--;
  return slope(value, at, from, last);
}

/** Undefined when there is too little to tell. */
export function trendOf(recent: Recent, lookBackMs: number): Trend | undefined {
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
  return {
    median: quantile(0.5),
    low: quantile(0.25),
    high: quantile(0.75),
    latest: latestSlope(recent, first, lookBackMs) as number,
    points,
  };
}

/**
 * Whether the highest level since `first` is behind and the river has lost a part of the rise to it: a wave that
 * passed within the look back leaves a trend that still climbs. Medians of three, so that a spike is no height.
 */
export function hasTurned({ value }: Recent, first: number): boolean {
  const last = value.length - 1;
  let lowest = Number.POSITIVE_INFINITY;
  let highest = Number.NEGATIVE_INFINITY;
  let base = 0;
  for (let index = first; index <= last; index++) {
    const level = smoothed(value, index);
    if (level < lowest) lowest = level;
    if (level < highest) continue;
    highest = level;
    base = lowest;
  }
  return highest - (value[last] as number) > TURNED_SHARE * (highest - base) && highest > base;
}

/** The median of a level and its neighbours; the level itself at either end. */
export function smoothed(value: readonly number[], index: number): number {
  const level = value[index] as number;
  const before = value[index - 1] ?? level;
  const after = value[index + 1] ?? level;
  return Math.max(Math.min(before, level), Math.min(Math.max(before, level), after));
}

function slope(value: readonly number[], at: readonly number[], i: number, j: number): number {
  return (((value[j] as number) - (value[i] as number)) * HOUR_MS) / ((at[j] as number) - (at[i] as number));
}
