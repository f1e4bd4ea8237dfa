/**
 * Thinning of tracks in the journal's file, one range of ten minutes at a time, so that commits run between.
 *
 * What a range keeps is said in journal/thin-track.ts. Goes forward by the time of the measurement and remembers how
 * far (`tracksThinnedThrough`); a buffer that arrives for a range that was passed stays as it is until retention.
 * Invariant: nothing above `keepAfterId` goes, since a consumer has yet to read it: such a range waits for it.
 */
import type { DatabaseSync } from 'node:sqlite';
import { FAILED_QUALITY } from '../../../devices/reading.ts';
import { choosePoints, RANGE_MS, startOfRange, type ThinOrder, type TrackPoint } from '../../thin-track.ts';
import { readMeta, writeMeta } from '../file/journal-file.ts';
import { STORED_MASK, STORED_VALUES, storedQuality } from '../file/record-layout.ts';
import { type RowRun, RUN_COLUMNS, readRun } from '../file/row-runs.ts';

const THROUGH = 'tracksThinnedThrough';
/** Ranges in which nothing is to go are looked through in one step: six hours. */
const RANGES_A_STEP = 36;

export interface ThinOutcome {
  readonly removed: number;
  /** The largest id that went; 0 when none did. */
  readonly throughId: number;
  /** Nothing is left to thin now, or a consumer is behind. */
  readonly done: boolean;
}

/** A column of a kind that says where, or a word. */
export interface TrackColumns {
  readonly lat: number;
  readonly lng: number;
  readonly words: readonly number[];
}

export function thinStep(database: DatabaseSync, { kinds, beforeMs, keepAfterId }: ThinOrder): ThinOutcome {
  const { devices, columns } = readTracked(database, kinds);
  if (devices.size === 0) return { removed: 0, throughId: 0, done: true };
  const select =
    `select ${RUN_COLUMNS} from readings indexed by readings_identity where measured_at >= ? and measured_at < ? ` +
    `and device in (${[...devices.keys()].join()}) order by measured_at, id`;
  let throughMs = Number(readMeta(database, THROUGH) ?? 0);
  for (let ranges = 0; ranges < RANGES_A_STEP; ranges++) {
    const fromMs = nextRange(database, throughMs);
    if (fromMs === undefined || fromMs + RANGE_MS > beforeMs) return stopAt(database, throughMs);
    const run = readRun(database, select, fromMs, fromMs + RANGE_MS);
    if (run.ids.some((id) => id > keepAfterId)) return stopAt(database, throughMs);
    throughMs = fromMs + RANGE_MS;
    const gone = [...pointsByDevice(run, devices, columns).values()].flatMap(({ ids, points }) => {
      const kept = choosePoints(points);
      return ids.filter((_, index) => !kept[index]);
    });
    if (gone.length > 0) {
      const removed = remove(database, gone, throughMs);
      return { removed, throughId: Math.max(...gone), done: false };
    }
  }
  writeMeta(database, THROUGH, throughMs);
  return { removed: 0, throughId: 0, done: false };
}

function stopAt(database: DatabaseSync, throughMs: number): ThinOutcome {
  if (throughMs > 0) writeMeta(database, THROUGH, throughMs);
  return { removed: 0, throughId: 0, done: true };
}

/** Where the next range begins; hours without any reading are leapt over. */
function nextRange(database: DatabaseSync, through: number): number | undefined {
  const next = database
    .prepare('select min(measured_at) as at from readings where measured_at >= ?')
    .get(through)?.['at'];
  return typeof next === 'number' ? Math.max(through, startOfRange(next)) : undefined;
}

/** Number of each device that leaves a track → its kind; and where in a kind's mask its columns stand. */
function readTracked(database: DatabaseSync, kinds: readonly string[]) {
  const devices = new Map<number, string>();
  const columns = new Map<string, TrackColumns>();
  const byKind = database.prepare('select number from devices where kind = ?');
  const columnsOf = database.prepare('select name, is_word from columns where kind = ? order by number');
  for (const kind of kinds) {
    for (const { number } of byKind.all(kind)) devices.set(Number(number), kind);
    const rows = columnsOf.all(kind);
    const place = (name: string) => rows.findIndex((row) => row['name'] === name);
    const words = rows.flatMap((row, column) => (row['is_word'] ? [column] : []));
    columns.set(kind, { lat: place('lat'), lng: place('lng'), words });
  }
  return { devices, columns };
}

function pointsByDevice(
  { ids, devices, measuredAts, bytes, numbers }: RowRun,
  kinds: ReadonlyMap<number, string>,
  columns: ReadonlyMap<string, TrackColumns>,
): Map<number, { ids: number[]; points: TrackPoint[] }> {
  const tracks = new Map<number, { ids: number[]; points: TrackPoint[] }>();
  let at = 0;
  for (const [index, id] of ids.entries()) {
    const device = devices[index] as number;
    const track = tracks.get(device) ?? { ids: [], points: [] };
    tracks.set(device, track);
    const places = columns.get(kinds.get(device) as string) as TrackColumns;
    const mask = numbers[at + STORED_MASK] as number;
    track.ids.push(id);
    track.points.push({
      atMs: measuredAts[index] as number,
      isSound: (storedQuality(numbers, at) & FAILED_QUALITY) === 0,
      ...readTrackColumns(mask, numbers, at + STORED_VALUES, places),
    });
    at += (bytes[index] as number) / 8;
  }
  return tracks;
}

/** What the columns of a track say in values that stand packed behind a mask. */
export function readTrackColumns(
  mask: number,
  numbers: Float64Array,
  valuesAt: number,
  { lat, lng, words }: TrackColumns,
): Pick<TrackPoint, 'lat' | 'lng' | 'words'> {
  const valueAt = (column: number): number => {
    if (column < 0 || !(mask & (1 << column))) return Number.NaN;
    let before = 0;
    for (let bit = 0; bit < column; bit++) if (mask & (1 << bit)) before++;
    return numbers[valuesAt + before] as number;
  };
  return { lat: valueAt(lat), lng: valueAt(lng), words: words.map(valueAt) };
}

/** The newest id stays, so that it is not given again, and so does what a restart shows of a device. */
function remove(database: DatabaseSync, ids: readonly number[], throughMs: number): number {
  database.exec('begin immediate');
  try {
    const { changes } = database
      .prepare(
        `delete from readings where id in (select value from json_each(?))
          and id < (select max(id) from readings) and id not in (select id from latest)`,
      )
      .run(JSON.stringify(ids));
    writeMeta(database, THROUGH, throughMs);
    database.exec('commit');
    return Number(changes);
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}
