/**
 * Settling: carries what the journal has on from its order (by id) into that of history (by device, by time).
 *
 * A generator that does some milliseconds of work between two `yield`s, so that queries are answered meanwhile.
 * Chunks are committed a few devices at a time and the cursor last; what a crash in between repeats is
 * harmless (points.ts). Invariant: points of one device are merged in the order of their ids.
 */
import type { DatabaseSync } from 'node:sqlite';
import { writeMeta } from '../../journal/journal-file.ts';
import { storedNumbers } from '../../journal/packed-entries.ts';
import {
  createRecordBuffer,
  type RecordBuffer,
  reserve,
  STORED_MASK,
  storedQuality,
} from '../../journal/record-layout.ts';
import type { ChunkStore } from './chunk-store.ts';
import { appendPoint, POINT_AT, POINT_MASK, POINT_QUALITY, pointLength } from './points.ts';

/** Entries of one round: some 4 MB while they are sorted. */
const ROUND_ENTRIES = 50_000;
/** Entries read, or devices merged, between two yields: some 5 ms each. */
const ENTRIES_PER_STEP = 2_000;
const DEVICES_PER_STEP = 50;
/** Numbers: ten points; it grows by doubling. */
const FIRST_CAPACITY = 64;

export interface SettleTarget {
  readonly database: DatabaseSync;
  readonly chunks: ChunkStore;
}

type Row = readonly [id: number, device: number, measuredAt: number, record: Uint8Array];

/** One round after `afterId`; returns the id through which everything is settled. */
export function* settleRound(
  journal: DatabaseSync,
  { database, chunks }: SettleTarget,
  afterId: number,
): Generator<undefined, number> {
  const byDevice = new Map<number, RecordBuffer>();
  let throughId = afterId;
  for (let read = 0; read < ROUND_ENTRIES; ) {
    let rows = 0;
    for (const row of readRows(journal, throughId)) {
      const points = byDevice.get(row[1]) ?? createRecordBuffer(FIRST_CAPACITY);
      if (points.length === 0) byDevice.set(row[1], points);
      addPoint(points, row);
      throughId = row[0];
      rows++;
    }
    read += rows;
    yield;
    if (rows < ENTRIES_PER_STEP) break;
  }
  const devices = [...byDevice];
  for (let first = 0; first < devices.length; first += DEVICES_PER_STEP) {
    database.exec('begin immediate');
    try {
      for (const [device, points] of devices.slice(first, first + DEVICES_PER_STEP)) {
        chunks.merge(device, sortPoints(points));
      }
      database.exec('commit');
    } catch (error) {
      if (database.isTransaction) database.exec('rollback');
      throw error;
    }
    yield;
  }
  if (throughId > afterId) writeMeta(database, 'settledThroughId', throughId);
  return throughId;
}

function readRows(journal: DatabaseSync, afterId: number): Iterable<Row> {
  const select = journal.prepare(
    'select id, device, measured_at, record from readings where id > ? order by id limit ?',
  );
  select.setReturnArrays(true);
  return select.iterate(afterId, ENTRIES_PER_STEP) as unknown as Iterable<Row>;
}

/** The points of one device that are not settled yet, ascending by time. */
export function readUnsettled(
  journal: DatabaseSync,
  afterId: number,
  device: number,
  fromMs: number,
  toMs: number,
): Float64Array {
  // By id: what is not settled is little, while the range of times can be all of the journal.
  const select = journal.prepare(
    'select id, device, measured_at, record from readings not indexed where id > ? and device = ? and measured_at >= ? and measured_at < ? order by id',
  );
  select.setReturnArrays(true);
  const points = createRecordBuffer(FIRST_CAPACITY);
  const rows = select.iterate(afterId, device, fromMs, toMs) as unknown as Iterable<Row>;
  for (const row of rows) addPoint(points, row);
  return sortPoints(points);
}

function addPoint(points: RecordBuffer, [, , measuredAt, record]: Row): void {
  const stored = storedNumbers(record);
  const length = POINT_MASK + stored.length - STORED_MASK;
  reserve(points, length);
  const at = points.length;
  points.values[at + POINT_AT] = measuredAt;
  points.values[at + POINT_QUALITY] = storedQuality(stored, 0);
  // What follows the mask moves along with it: [at, quality, mask, values…].
  for (let i = STORED_MASK; i < stored.length; i++) {
    points.values[at + POINT_MASK + i - STORED_MASK] = stored[i] as number;
  }
  points.length += length;
}

/** One run of points, those of one instant combined in the order given (sort is stable). */
function sortPoints({ values, length }: RecordBuffer): Float64Array {
  const points = values.subarray(0, length);
  const starts: number[] = [];
  let isAscending = true;
  for (let at = 0, lastMs = -1; at < length; at += pointLength(points, at)) {
    const atMs = points[at + POINT_AT] as number;
    isAscending &&= atMs > lastMs;
    lastMs = atMs;
    starts.push(at);
  }
  // Nearly always: a device reports in order.
  if (isAscending) return points;
  starts.sort((a, b) => (points[a + POINT_AT] as number) - (points[b + POINT_AT] as number));
  const sorted = createRecordBuffer(length);
  let lastAt = -1;
  for (const start of starts) {
    const point = points.subarray(start, start + pointLength(points, start));
    lastAt = appendPoint(sorted, lastAt, point);
  }
  return sorted.values.subarray(0, sorted.length);
}
