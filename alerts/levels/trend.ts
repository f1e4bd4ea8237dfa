/**
 * Trend: whether the wave of the last levels is over, and levels without their spikes.
 *
 * Used by rate-of-rise. Medians of three, so that a spike is no height. Pure.
 */
import type { Recent } from './recent.ts';

/** Of the rise to the highest level: so much lost is no ripple. */
const TURNED_SHARE = 0.1;

/** Index of the first point within `lookBackMs` of the last. */
export function firstWithin({ at }: Recent, lookBackMs: number): number {
  const since = (at.at(-1) ?? 0) - lookBackMs;
  let index = at.length - 1;
  while (index > 0 && (at[index - 1] as number) >= since) index--;
  return Math.max(0, index);
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

/** Fewer points than this of one level are a crest. */
const STILL_POINTS = 4;
/** Closer levels are the same, m. */
const SAME_M = 0.001;

/**
 * Since when the last levels are the very same, epoch ms, as of a sensor that has reached its limit; undefined where
 * they are not, and of a gauge that rounds.
 */
export function stillSince({ at, value }: Recent, rounds: boolean): number | undefined {
  let first = value.length - 1;
  const levelM = value[first] as number;
  while (first > 0 && Math.abs((value[first - 1] as number) - levelM) < SAME_M) first--;
  return rounds || value.length - first < STILL_POINTS ? undefined : at[first];
}

/** The median of a level and its neighbours; the level itself at either end. */
export function smoothed(value: readonly number[], index: number): number {
  const level = value[index] as number;
  const before = value[index - 1] ?? level;
  const after = value[index + 1] ?? level;
  return Math.max(Math.min(before, level), Math.min(Math.max(before, level), after));
}
