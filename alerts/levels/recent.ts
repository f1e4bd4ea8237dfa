/**
 * The last levels of a gauge, thinned so that a fixed number of points spans the time a trend needs,
 * whether the gauge reports each five seconds or each hour.
 *
 * Part of the fold's state, and moved with it. Invariant: times ascend; at most MAX_POINTS; the newest reading
 * is always the last point.
 */
export interface Recent {
  readonly at: number[];
  readonly value: number[];
}

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

export function createRecent(): Recent {
  return { at: [], value: [] };
}

export function copyRecent({ at, value }: Recent): Recent {
  return { at: at.slice(), value: value.slice() };
}

export function appendRecent(
  { at, value }: Recent,
  newestAt: number,
  level: number,
  intervalMs: number,
): void {
  // A tenth less: reports come with jitter.
  const spacingMs = Math.min(SPACING_MS, SPACING_INTERVALS * intervalMs) * 0.9;
  const count = at.length;
  if (count >= 2 && newestAt - (at[count - 2] as number) < spacingMs) {
    at[count - 1] = newestAt;
    value[count - 1] = level;
    return;
  }
  if (count === MAX_POINTS) {
    at.shift();
    value.shift();
  }
  at.push(newestAt);
  value.push(level);
}
