/**
 * The last levels of a gauge, thinned so that a fixed number of points spans the time a trend needs,
 * whether the gauge reports each five seconds or each hour.
 *
 * Part of the fold's state, immutable. Invariant: times ascend; at most MAX_POINTS; the newest reading is
 * always the last point.
 */
export interface Recent {
  readonly at: readonly number[];
  readonly value: readonly number[];
}

export const NO_RECENT: Recent = Object.freeze({ at: [], value: [] });

/** Points kept: 12 spacings of 5 min are the hour that a trend looks back, with room. */
export const MAX_POINTS = 16;
/** Points closer than this to the one before the last replace the last one: 16 points span 75 min … */
const SPACING_MS = 5 * 60_000;
/** … but a drill that is compressed in time, with reports each 5 s, must not be thinned to nothing. */
const SPACING_INTERVALS = 5;

/** How far a trend looks back, ms: an hour, less for a device that reports faster than each minute. */
export function lookBackOf(intervalMs: number, lookBackMs: number): number {
  return Math.min(lookBackMs, (SPACING_INTERVALS * intervalMs * lookBackMs) / SPACING_MS);
}

export function appendRecent(recent: Recent, at: number, value: number, intervalMs: number): Recent {
  // A tenth less: reports come with jitter.
  const spacingMs = Math.min(SPACING_MS, SPACING_INTERVALS * intervalMs) * 0.9;
  const count = recent.at.length;
  const replace = count >= 2 && at - (recent.at[count - 2] as number) < spacingMs;
  const from = count === MAX_POINTS ? 1 : 0;
  // Each array at its exact length: one that is pushed to keeps room for twenty more, in every fold.
  const times = replace ? recent.at.slice() : recent.at.slice(from).concat(at);
  const values = replace ? recent.value.slice() : recent.value.slice(from).concat(value);
  times[times.length - 1] = at;
  values[values.length - 1] = value;
  return { at: times, value: values };
}
