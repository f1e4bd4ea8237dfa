/**
 * Questions to the embedded history: settled chunks, and on top of them what the journal has and history not.
 *
 * Chunks are read in order of time and only as far as the page goes. Invariant: an answer holds every reading
 * that was acknowledged before the question, settled or not; both halves are merged by points.ts.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { KindColumns, ReadingCodec } from '../journal/sqlite/file/reading-codec.ts';
import { createRecordBuffer } from '../journal/sqlite/file/record-layout.ts';
import type { ChunkStore } from './chunk-store.ts';
import type { WindowQuery } from './history.ts';
import type { PackedPage, RawQuestion, WindowsQuestion } from './history-messages.ts';
import { mergePoints, POINT_MASK, POINT_QUALITY, POINT_VALUES, pointLength, sliceByTime } from './points.ts';
import { readUnsettled } from './settle.ts';
import { WindowSums, type WindowSumsOptions } from './window-sums.ts';
import { createZoneOffset } from './zone-offset.ts';

export interface HistorySource {
  readonly journal: DatabaseSync;
  readonly chunks: ChunkStore;
  readonly codec: ReadingCodec;
  readonly settledThroughId: number;
}

const EMPTY_PAGE: PackedPage = { names: [], isWord: [], rows: new Float64Array(0), words: [] };

export function readRaw(source: HistorySource, query: RawQuestion): PackedPage {
  const device = source.codec.numberOf(query);
  if (device === undefined) return EMPTY_PAGE;
  const columns = source.codec.columnsOf(device);
  const rows: number[] = [];
  let count = 0;
  let nextFromMs: number | undefined;
  for (const points of pointsOf(source, device, query.fromMs, query.toMs)) {
    for (let at = 0; at < points.length; at += pointLength(points, at)) {
      if (count === query.limit) {
        nextFromMs = points[at] as number;
        break;
      }
      pushRow(rows, columns, points, at);
      count++;
    }
    if (nextFromMs !== undefined) break;
  }
  return packPage(source.codec, columns.names, columns.isWord, rows, nextFromMs);
}

export function readWindows(source: HistorySource, query: WindowsQuestion): PackedPage {
  const device = source.codec.numberOf(query);
  if (device === undefined) return EMPTY_PAGE;
  const columns = source.codec.columnsOf(device);
  const wanted = wantedColumns(columns, query);
  if (wanted.length === 0) return EMPTY_PAGE;
  const row = { places: columns.names.map((_, column) => wanted.indexOf(column)), width: wanted.length };
  const sums = new WindowSums({
    ...row,
    everyMs: query.everyMs,
    fn: query.fn,
    offset: createZoneOffset(query.timeZone, query.fromMs, query.toMs),
    maxRows: query.limit + 1,
    ...(query.fn === 'increase' ? { before: lastBefore(source, device, query.fromMs, row) } : {}),
  });
  for (const points of pointsOf(source, device, query.fromMs, query.toMs)) {
    sums.add(points);
    if (sums.isFull) break;
  }
  const { numbers, width } = sums.finish();
  const end = query.limit * (width + 1);
  const rows: number[] = [];
  for (let at = 0; at < numbers.length && at < end; at += width + 1) {
    rows.push(numbers[at] as number, Number.NaN, ...numbers.slice(at + 1, at + 1 + width));
  }
  const names = wanted.map((column) => columns.names[column] as string);
  const isWord = wanted.map((column) => query.fn !== 'count' && columns.isWord[column] === true);
  return packPage(source.codec, names, isWord, rows, numbers[end]);
}

/**
 * How far back `increase` looks for where a counter stood, step by step until all have been found. One that was not
 * heard for longer begins in the range.
 */
const LOOK_BACK_MS = [3_600_000, 86_400_000, 31 * 86_400_000] as const;
/** A window that holds all of time. */
const FOR_EVER_MS = 1e15;

/** The last sound value of each quantity before the range, NaN where there is none. */
function lastBefore(
  source: HistorySource,
  device: number,
  beforeMs: number,
  { places, width }: Pick<WindowSumsOptions, 'places' | 'width'>,
): Float64Array {
  let found = new Float64Array(width).fill(Number.NaN);
  for (const backMs of LOOK_BACK_MS) {
    const sums = new WindowSums({
      ...{
        everyMs: FOR_EVER_MS,
        fn: 'last',
        offset: createZoneOffset('UTC', 0, 0),
        places,
        width,
        maxRows: 1,
      },
    });
    for (const points of pointsOf(source, device, beforeMs - backMs, beforeMs)) sums.add(points);
    const { numbers } = sums.finish();
    if (numbers.length > 0) found = Float64Array.from(numbers.slice(1));
    if (!found.some(Number.isNaN)) break;
  }
  return found;
}

/** Numbers by every function; words only where no arithmetic is needed, and only when asked for. */
function wantedColumns(
  { names, isWord }: KindColumns,
  { fn, quantities, numeric }: WindowsQuestion,
): number[] {
  const mayBeWord: readonly WindowQuery['fn'][] = ['last', 'count'];
  return names.flatMap((name, column) => {
    if (!quantities) return !isWord[column] && numeric.includes(name) ? [column] : [];
    return quantities.includes(name) && (!isWord[column] || mayBeWord.includes(fn)) ? [column] : [];
  });
}

/** Runs of points in order of time, merged with what is not settled. */
export function* pointsOf(
  { journal, chunks, settledThroughId }: HistorySource,
  device: number,
  fromMs: number,
  toMs: number,
): Generator<Float64Array> {
  let unsettled = readUnsettled(journal, settledThroughId, device, fromMs, toMs);
  for (const chunk of chunks.read(device, fromMs, toMs)) {
    const points = sliceByTime(chunk, fromMs, toMs);
    if (points.length === 0) continue;
    if (unsettled.length === 0) {
      yield points;
      continue;
    }
    const lastMs = points[lastPoint(points)] as number;
    const before = sliceByTime(unsettled, Number.NEGATIVE_INFINITY, lastMs + 1);
    unsettled = unsettled.subarray(before.length);
    const merged = createRecordBuffer(points.length + before.length);
    mergePoints(points, before, merged);
    yield merged.values.subarray(0, merged.length);
  }
  if (unsettled.length > 0) yield unsettled;
}

function lastPoint(points: Float64Array): number {
  let last = 0;
  for (let at = 0; at < points.length; at += pointLength(points, at)) last = at;
  return last;
}

function pushRow(rows: number[], { names }: KindColumns, points: Float64Array, at: number): void {
  const mask = points[at + POINT_MASK] as number;
  rows.push(points[at] as number, points[at + POINT_QUALITY] as number);
  let next = at + POINT_VALUES;
  for (let column = 0; column < names.length; column++) {
    rows.push(mask & (1 << column) ? (points[next++] as number) : Number.NaN);
  }
}

function packPage(
  codec: ReadingCodec,
  names: readonly string[],
  isWord: readonly boolean[],
  rows: readonly number[],
  nextFromMs: number | undefined,
): PackedPage {
  const words: [number, string][] = [];
  const width = names.length + 2;
  for (const [column, isOne] of isWord.entries()) {
    if (!isOne) continue;
    const numbers = new Set<number>();
    for (let at = 2 + column; at < rows.length; at += width) numbers.add(rows[at] as number);
    for (const number of numbers) if (!Number.isNaN(number)) words.push([number, codec.wordAt(number)]);
  }
  return {
    names: [...names],
    isWord: [...isWord],
    rows: Float64Array.from(rows),
    words,
    ...(nextFromMs === undefined ? {} : { nextFromMs }),
  };
}
