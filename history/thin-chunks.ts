/**
 * Thinning of tracks in the embedded history, a device's day at a time, so that questions are answered meanwhile.
 *
 * What is kept is said in journal/thin-track.ts, in the same ranges of ten minutes as in the journal, so that history
 * built again from a thinned journal is the same. Each start goes through all days once, which finds what came late;
 * later runs go on from there. Invariant: a point is rewritten whole or not at all, and chunks stay in order.
 */
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FAILED_QUALITY } from '../devices/reading.ts';
import type { KindColumns } from '../journal/sqlite/file/reading-codec.ts';
import { readTrackColumns, type TrackColumns } from '../journal/sqlite/upkeep/thin-readings.ts';
import { choosePoints, startOfRange, type TrackPoint } from '../journal/thin-track.ts';
import type { TracksToThin } from './history-messages.ts';
import { POINT_MASK, POINT_QUALITY, POINT_VALUES, pointLength } from './points.ts';
import type { HistorySource } from './read-history.ts';

const DAY_MS = 86_400_000;

/** Number of a device → the time through which this process has thinned it. */
export type ThinnedThrough = Map<number, number>;

/** Returns how many points went. */
export async function thinChunks(
  source: HistorySource & { readonly database: DatabaseSync },
  { kinds, beforeMs }: TracksToThin,
  thinned: ThinnedThrough,
): Promise<number> {
  const { journal, chunks, codec, database } = source;
  const endMs = startOfRange(beforeMs);
  const devices = journal
    .prepare('select number from devices where kind in (select value from json_each(?))')
    .all(JSON.stringify(kinds));
  let removed = 0;
  for (const { number } of devices) {
    const device = Number(number);
    const columns = trackColumnsOf(codec.columnsOf(device));
    for (let fromMs = nextDay(source, device, thinned); fromMs !== undefined && fromMs < endMs; ) {
      const toMs = Math.min(endMs, fromMs + DAY_MS);
      database.exec('begin immediate');
      try {
        removed += chunks.rewrite(device, fromMs, toMs, (points) =>
          thinPoints(points, fromMs as number, toMs, columns),
        );
        database.exec('commit');
      } catch (error) {
        if (database.isTransaction) database.exec('rollback');
        throw error;
      }
      thinned.set(device, toMs);
      await nextTurn();
      fromMs = nextDay(source, device, thinned);
    }
  }
  return removed;
}

/** The range in which the next point is; months without any are leapt over. */
function nextDay({ chunks }: HistorySource, device: number, thinned: ThinnedThrough): number | undefined {
  const through = thinned.get(device);
  const nextMs = through === undefined ? chunks.oldest(device) : chunks.nextPoint(device, through);
  return nextMs === undefined ? undefined : startOfRange(nextMs);
}

function trackColumnsOf({ names, isWord }: KindColumns): TrackColumns {
  return {
    ...{ lat: names.indexOf('lat'), lng: names.indexOf('lng') },
    words: names.flatMap((_, column) => (isWord[column] ? [column] : [])),
  };
}

/** The points that stay, and how many went. What is not in [fromMs, toMs) stays as it is. */
function thinPoints(
  points: Float64Array,
  fromMs: number,
  toMs: number,
  columns: TrackColumns,
): { kept: Float64Array; removed: number } {
  const ranges = new Map<number, { at: number; point: TrackPoint }[]>();
  for (let at = 0; at < points.length; at += pointLength(points, at)) {
    const atMs = points[at] as number;
    if (atMs < fromMs || atMs >= toMs) continue;
    const range = ranges.get(startOfRange(atMs)) ?? [];
    ranges.set(startOfRange(atMs), range);
    const says = readTrackColumns(points[at + POINT_MASK] as number, points, at + POINT_VALUES, columns);
    const isSound = ((points[at + POINT_QUALITY] as number) & FAILED_QUALITY) === 0;
    range.push({ at, point: { atMs, isSound, ...says } });
  }
  const gone = new Set<number>();
  for (const range of ranges.values()) {
    const kept = choosePoints(range.map(({ point }) => point));
    for (const [index, { at }] of range.entries()) if (!kept[index]) gone.add(at);
  }
  return { kept: without(points, gone), removed: gone.size };
}

function without(points: Float64Array, gone: ReadonlySet<number>): Float64Array {
  if (gone.size === 0) return points;
  const kept = new Float64Array(points.length);
  let length = 0;
  for (let at = 0; at < points.length; at += pointLength(points, at)) {
    if (gone.has(at)) continue;
    const point = points.subarray(at, at + pointLength(points, at));
    kept.set(point, length);
    length += point.length;
  }
  return kept.subarray(0, length);
}
