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
import { createRecordBuffer, STORED_MASK, storedQuality } from '../../journal/record-layout.ts';
import type { ChunkStore } from './chunk-store.ts';
import { appendPoint, POINT_MASK, POINT_QUALITY } from './points.ts';

/** Entries of one round: some 20 MB while they are sorted. */
const ROUND_ENTRIES = 50_000;
/** Entries read, or devices merged, between two yields: some 5 ms each. */
const ENTRIES_PER_STEP = 2_000;
const DEVICES_PER_STEP = 50;

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
  const byDevice = new Map<number, Float64Array[]>();
  let throughId = afterId;
  for (let read = 0; read < ROUND_ENTRIES; ) {
    const rows = readRows(journal, throughId);
    for (const row of rows) {
      const points = byDevice.get(row[1]);
      if (points) points.push(pointOf(row));
      else byDevice.set(row[1], [pointOf(row)]);
      throughId = row[0];
    }
    read += rows.length;
    yield;
    if (rows.length < ENTRIES_PER_STEP) break;
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

function readRows(journal: DatabaseSync, afterId: number): Row[] {
  const select = journal.prepare(
    'select id, device, measured_at, record from readings where id > ? order by id limit ?',
  );
  select.setReturnArrays(true);
  return select.all(afterId, ENTRIES_PER_STEP) as unknown as Row[];
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
  const rows = select.all(afterId, device, fromMs, toMs) as unknown as Row[];
  return sortPoints(rows.map(pointOf));
}

function pointOf([, , measuredAt, record]: Row): Float64Array {
  const stored = storedNumbers(record);
  // What follows the mask moves along with it: [at, quality, mask, values…].
  const point = new Float64Array(POINT_MASK + stored.length - STORED_MASK);
  point.set(stored.subarray(STORED_MASK), POINT_MASK);
  point[0] = measuredAt;
  point[POINT_QUALITY] = storedQuality(stored, 0);
  return point;
}

/** One run of points, those of one instant combined in the order given (sort is stable). */
function sortPoints(points: Float64Array[]): Float64Array {
  points.sort((a, b) => (a[0] as number) - (b[0] as number));
  const sorted = createRecordBuffer(points.length * 8);
  let lastAt = -1;
  for (const point of points) lastAt = appendPoint(sorted, lastAt, point);
  return sorted.values.subarray(0, sorted.length);
}
