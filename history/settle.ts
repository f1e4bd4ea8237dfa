/**
 * Settling: carries what the journal has on from its order (by id) into that of history (by device, by time).
 *
 * A generator that does some milliseconds of work between two `yield`s, so that queries are answered meanwhile.
 * Chunks are committed a few devices at a time and the cursor last; what a crash in between repeats is
 * harmless (points.ts). Invariant: points of one device are merged in the order of their ids.
 */
import type { DatabaseSync } from 'node:sqlite';
import { writeMeta } from '../journal/sqlite/file/journal-file.ts';
import {
  createRecordBuffer,
  type RecordBuffer,
  reserve,
  STORED_MASK,
  storedQuality,
} from '../journal/sqlite/file/record-layout.ts';
import { type RowRun, readRuns } from '../journal/sqlite/file/row-runs.ts';
import type { ChunkStore } from './chunk-store.ts';
import { appendPoint, POINT_AT, POINT_MASK, POINT_QUALITY, pointLength } from './points.ts';

/** Entries of one round: some 4 MB while they are sorted. */
const ROUND_ENTRIES = 50_000;
/** Devices merged between two yields: some 5 ms. */
const DEVICES_PER_STEP = 50;
/** Numbers: ten points; it grows by doubling. */
const FIRST_CAPACITY = 64;

export interface SettleTarget {
  readonly database: DatabaseSync;
  readonly chunks: ChunkStore;
}

/** One round after `afterId`; returns the id through which everything is settled. */
export function* settleRound(
  journal: DatabaseSync,
  { database, chunks }: SettleTarget,
  afterId: number,
): Generator<undefined, number> {
  const byDevice = new Map<number, RecordBuffer>();
  let throughId = afterId;
  let read = 0;
  for (const run of readRuns(journal, 'true', afterId)) {
    forEachRow(run, (device, measuredAt, from, end) => {
      const points = byDevice.get(device) ?? createRecordBuffer(FIRST_CAPACITY);
      if (points.length === 0) byDevice.set(device, points);
      addPoint(points, measuredAt, run.numbers, from, end);
    });
    throughId = run.ids.at(-1) as number;
    read += run.ids.length;
    yield;
    if (read >= ROUND_ENTRIES) break;
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

/** The points of one device that are not settled yet, ascending by time. */
export function readUnsettled(
  journal: DatabaseSync,
  afterId: number,
  device: number,
  fromMs: number,
  toMs: number,
): Float64Array {
  const points = createRecordBuffer(FIRST_CAPACITY);
  const where = 'device = ? and measured_at >= ? and measured_at < ?';
  for (const run of readRuns(journal, where, afterId, device, fromMs, toMs)) {
    forEachRow(run, (_, measuredAt, from, end) => addPoint(points, measuredAt, run.numbers, from, end));
  }
  return sortPoints(points);
}

/** `from` and `end` of its record in the run's numbers. */
function forEachRow(
  { ids, devices, measuredAts, bytes }: RowRun,
  take: (device: number, measuredAt: number, from: number, end: number) => void,
): void {
  let from = 0;
  for (let i = 0; i < ids.length; i++) {
    const end = from + (bytes[i] as number) / 8;
    take(devices[i] as number, measuredAts[i] as number, from, end);
    from = end;
  }
}

function addPoint(
  points: RecordBuffer,
  measuredAt: number,
  numbers: Float64Array,
  from: number,
  end: number,
): void {
  const length = POINT_MASK + end - from - STORED_MASK;
  reserve(points, length);
  const at = points.length;
  points.values[at + POINT_AT] = measuredAt;
  points.values[at + POINT_QUALITY] = storedQuality(numbers, from);
  // What follows the mask moves along with it: [at, quality, mask, values…].
  for (let to = at + POINT_MASK, i = from + STORED_MASK; i < end; i++) {
    points.values[to++] = numbers[i] as number;
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
