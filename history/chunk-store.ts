/**
 * Chunks: the points of one device over a stretch of time, at most 128 of them, in one row.
 *
 * Appending rewrites the newest chunk of its device, so a chunk is small; reading 30 days of a gauge takes
 * some 340 rows. Invariant: the chunks of a device do not overlap, and each is found by its first time.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { createRecordBuffer } from '../journal/sqlite/file/record-layout.ts';
import { storedNumbers } from '../journal/sqlite/file/row-runs.ts';
import { mergePoints, pointLength } from './points.ts';

/** 128 points of 5 quantities are 8 KiB: what a device with one report a minute has rewritten each time. */
const MAX_POINTS = 128;

interface Chunk {
  readonly number: number;
  readonly points: Float64Array;
}

export class ChunkStore {
  readonly #at: StatementSync;
  readonly #nextFrom: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #range: StatementSync;
  readonly #numbered: StatementSync;
  readonly #expire: StatementSync;

  constructor(database: DatabaseSync) {
    this.#at = database.prepare(
      'select number, points from chunks where device = ? and from_ms <= ? order by from_ms desc limit 1',
    );
    this.#nextFrom = database.prepare(
      'select min(from_ms) as at from chunks where device = ? and from_ms > ?',
    );
    this.#insert = database.prepare(
      'insert into chunks (device, from_ms, to_ms, points) values (?, ?, ?, ?)',
    );
    this.#delete = database.prepare('delete from chunks where number = ?');
    this.#range = database.prepare(
      'select points from chunks where device = ? and from_ms >= ? and from_ms < ? order by from_ms',
    );
    this.#numbered = database.prepare(
      'select number, points from chunks where device = ? and from_ms >= ? and from_ms < ? order by from_ms',
    );
    this.#expire = database.prepare('delete from chunks where device = ? and from_ms < ? and to_ms < ?');
  }

  /** Merges `points`, ascending by time, into the device's chunks. Inside the caller's transaction. */
  merge(device: number, points: Float64Array): void {
    for (let from = 0; from < points.length; ) {
      const firstMs = points[from] as number;
      const chunk = this.#chunkAt(device, firstMs);
      const nextMs = Number(this.#nextFrom.get(device, firstMs)?.['at'] ?? Number.POSITIVE_INFINITY);
      let end = from;
      while (end < points.length && (points[end] as number) < nextMs) end += pointLength(points, end);
      const merged = createRecordBuffer((chunk?.points.length ?? 0) + end - from);
      mergePoints(chunk?.points ?? new Float64Array(0), points.subarray(from, end), merged);
      if (chunk) this.#delete.run(chunk.number);
      this.#write(device, merged.values.subarray(0, merged.length));
      from = end;
    }
  }

  /** The chunks that can hold points with fromMs ≤ time < toMs, in order. */
  *read(device: number, fromMs: number, toMs: number): Generator<Float64Array> {
    const first = this.#chunkAt(device, fromMs);
    const firstMs = first ? (first.points[0] as number) : fromMs;
    for (const { points } of this.#range.iterate(device, Math.min(firstMs, fromMs), toMs)) {
      yield storedNumbers(points as Uint8Array);
    }
  }

  /**
   * Writes the chunks that can hold points with fromMs ≤ time < toMs again, with those that `choose` keeps. Returns
   * how many points went. Inside the caller's transaction.
   */
  rewrite(
    device: number,
    fromMs: number,
    toMs: number,
    choose: (points: Float64Array) => { readonly kept: Float64Array; readonly removed: number },
  ): number {
    const firstMs = this.#chunkAt(device, fromMs)?.points[0] ?? fromMs;
    const rows = this.#numbered.all(device, Math.min(firstMs, fromMs), toMs);
    const all = rows.map(({ points }) => storedNumbers(points as Uint8Array));
    const joined = new Float64Array(all.reduce((sum, points) => sum + points.length, 0));
    let length = 0;
    for (const points of all) {
      joined.set(points, length);
      length += points.length;
    }
    const { kept, removed } = choose(joined);
    if (removed === 0) return 0;
    for (const { number } of rows) this.#delete.run(number as number);
    this.#write(device, kept);
    return removed;
  }

  /** The time of the device's first point from `fromMs` on. */
  nextPoint(device: number, fromMs: number): number | undefined {
    for (const points of this.read(device, fromMs, Number.MAX_SAFE_INTEGER)) {
      for (let at = 0; at < points.length; at += pointLength(points, at))
        if ((points[at] as number) >= fromMs) return points[at];
    }
    return undefined;
  }

  /** Deletes the device's chunks that end before `beforeMs`; returns how many. */
  expire(device: number, beforeMs: number): number {
    return Number(this.#expire.run(device, beforeMs, beforeMs).changes);
  }

  /** The time of the device's oldest point. */
  oldest(device: number): number | undefined {
    const at = this.#nextFrom.get(device, -Number.MAX_SAFE_INTEGER)?.['at'];
    return at === null || at === undefined ? undefined : Number(at);
  }

  #chunkAt(device: number, atMs: number): Chunk | undefined {
    const row = this.#at.get(device, atMs);
    if (!row) return undefined;
    return { number: Number(row['number']), points: storedNumbers(row['points'] as Uint8Array) };
  }

  #write(device: number, points: Float64Array): void {
    let count = 0;
    let from = 0;
    let last = 0;
    for (let at = 0; at < points.length; ) {
      const length = pointLength(points, at);
      last = at;
      at += length;
      if (++count < MAX_POINTS && at < points.length) continue;
      const slice = points.subarray(from, at);
      const bytes = new Uint8Array(slice.buffer, slice.byteOffset, slice.byteLength);
      this.#insert.run(device, points[from] as number, points[last] as number, bytes);
      from = at;
      count = 0;
    }
  }
}
