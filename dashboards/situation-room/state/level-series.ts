/**
 * The last half hour of one gauge's stage, in buckets: what a sparkline draws and the trend is read from.
 *
 * Filled once from the history and then by the live stream. Invariant: it never holds more than `SLOTS`
 * points, whatever arrives in whatever order; within a bucket the newest measurement stands.
 */
export interface LevelPoint {
  readonly atMs: number;
  readonly levelM: number;
}

export const BUCKET_MS = 15_000;
export const SERIES_MS = 30 * 60_000;
/** 30 minutes in buckets of 15 s. */
const SLOTS = SERIES_MS / BUCKET_MS;
/** A change is told over five minutes, or over what there is if that is at least one. */
const CHANGE_OVER_MS = 5 * 60_000;
const CHANGE_AT_LEAST_MS = 60_000;
/** A gap longer than this breaks the line: a gauge at a reading a minute may lose two. */
export const GAP_MS = 3.5 * 60_000;

export interface LevelChange {
  readonly changeM: number;
  readonly overMs: number;
}

export class LevelSeries {
  readonly #slots: (LevelPoint | undefined)[] = new Array(SLOTS);

  /** Grows with each point that was taken: who draws can tell whether anything changed. */
  version = 0;

  add(atMs: number, levelM: number): void {
    const bucket = Math.floor(atMs / BUCKET_MS);
    const slot = bucket % SLOTS;
    const known = this.#slots[slot];
    // A point of an older round of the ring is overwritten; one of a newer round, or a newer one, stays.
    if (known && known.atMs > atMs) return;
    this.#slots[slot] = { atMs, levelM };
    this.version++;
  }

  /** The points that are younger than the span, in order of time. */
  points(nowMs: number): LevelPoint[] {
    const since = nowMs - SERIES_MS;
    return this.#slots
      .filter((point) => point !== undefined)
      .filter(({ atMs }) => atMs > since)
      .sort((a, b) => a.atMs - b.atMs);
  }

  /** Undefined when the newest point is too old, or nothing is old enough to compare with. */
  change(nowMs: number): LevelChange | undefined {
    const points = this.points(nowMs);
    const last = points.at(-1);
    if (!last || nowMs - last.atMs > GAP_MS) return undefined;
    const from = points.find(({ atMs }) => atMs >= last.atMs - CHANGE_OVER_MS);
    if (!from || last.atMs - from.atMs < CHANGE_AT_LEAST_MS) return undefined;
    return { changeM: last.levelM - from.levelM, overMs: last.atMs - from.atMs };
  }
}
