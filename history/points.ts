/**
 * Points of one device in time, packed: [atMs, quality, mask, value, value …] end to end, in float64.
 *
 * The mask and the values are those of the journal's records (record-layout.ts), so that settling copies
 * numbers. Invariant: times ascend and are there once; of two readings of one instant the later written wins
 * quantity by quantity, and its quality counts, as in InfluxDB. So merging the same points again is harmless.
 */
import { type RecordBuffer, reserve } from '../journal/sqlite/file/record-layout.ts';

export const POINT_AT = 0;
export const POINT_QUALITY = 1;
export const POINT_MASK = 2;
export const POINT_VALUES = 3;
/** A mask has at most 31 bits. */
const MAX_POINT = POINT_VALUES + 31;

/** Numbers that the point at `at` takes. */
export function pointLength(points: Float64Array, at: number): number {
  return POINT_VALUES + bitCount(points[at + POINT_MASK] as number);
}

/** Set bits of a 32-bit integer (Hacker's Delight, 5-2). */
function bitCount(mask: number): number {
  let bits = mask - ((mask >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Adds to `target` the points of both, by time. Where both have one, `newer` wins. */
export function mergePoints(older: Float64Array, newer: Float64Array, target: RecordBuffer): void {
  let i = 0;
  let j = 0;
  while (i < older.length && j < newer.length) {
    const ahead = (older[i] as number) - (newer[j] as number);
    if (ahead < 0) i = copyPoint(older, i, target);
    else if (ahead > 0) j = copyPoint(newer, j, target);
    else {
      combine(older, i, newer, j, target);
      i += pointLength(older, i);
      j += pointLength(newer, j);
    }
  }
  copyRest(older, i, target);
  copyRest(newer, j, target);
}

function copyPoint(points: Float64Array, at: number, target: RecordBuffer): number {
  const length = pointLength(points, at);
  reserve(target, length);
  const { values, length: start } = target;
  for (let k = 0; k < length; k++) values[start + k] = points[at + k] as number;
  target.length = start + length;
  return at + length;
}

function copyRest(points: Float64Array, from: number, target: RecordBuffer): void {
  reserve(target, points.length - from);
  target.values.set(points.subarray(from), target.length);
  target.length += points.length - from;
}

/** Two points of one instant: quantity by quantity, the newer where it has one. */
function combine(older: Float64Array, i: number, newer: Float64Array, j: number, target: RecordBuffer): void {
  reserve(target, MAX_POINT);
  const olderMask = older[i + POINT_MASK] as number;
  const newerMask = newer[j + POINT_MASK] as number;
  const { values, length: start } = target;
  values[start + POINT_AT] = newer[j] as number;
  values[start + POINT_QUALITY] = newer[j + POINT_QUALITY] as number;
  values[start + POINT_MASK] = olderMask | newerMask;
  let next = start + POINT_VALUES;
  let fromOlder = i + POINT_VALUES;
  let fromNewer = j + POINT_VALUES;
  for (let bit = 1; bit <= (olderMask | newerMask) && bit > 0; bit <<= 1) {
    if (newerMask & bit) values[next++] = newer[fromNewer++] as number;
    else if (olderMask & bit) values[next++] = older[fromOlder] as number;
    if (olderMask & bit) fromOlder++;
  }
  target.length = next;
}

/** Appends a point later than all of `target`, or combines it with the last where it is of its instant. */
export function appendPoint(target: RecordBuffer, lastAt: number, point: Float64Array): number {
  const isSameInstant = lastAt >= 0 && target.values[lastAt] === point[POINT_AT];
  if (!isSameInstant) {
    const at = target.length;
    copyRest(point, 0, target);
    return at;
  }
  const last = target.values.slice(lastAt, target.length);
  target.length = lastAt;
  combine(last, 0, point, 0, target);
  return lastAt;
}

/** The points with fromMs ≤ time < toMs. */
export function sliceByTime(points: Float64Array, fromMs: number, toMs: number): Float64Array {
  let first = 0;
  while (first < points.length && (points[first] as number) < fromMs) first += pointLength(points, first);
  let end = first;
  while (end < points.length && (points[end] as number) < toMs) end += pointLength(points, end);
  return points.subarray(first, end);
}
