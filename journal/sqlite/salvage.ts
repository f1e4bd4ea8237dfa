/**
 * What happens to a damaged journal: everything readable moves into a new file, the damaged one is set aside.
 *
 * The damaged file is only read. It may be killed at any point: the new file is written as `.salvaging` and renamed
 * to `.salvaged` when it is complete; from then on it is the journal, and `finishSalvage` goes on from there:
 * the damaged log is renamed away, the damaged file, and the new one takes its place. Invariants: ids and numbers
 * stay; a row counts only with the digest it was stored with; no id is given again that was lost.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import {
  openJournalFile,
  openJournalFileReadOnly,
  readDictionary,
  readMeta,
  writeMeta,
} from './journal-file.ts';
import type { SalvageReport } from './journal-messages.ts';
import { replaceLostHeader } from './lost-header.ts';
import { type Dictionary, EMPTY_DICTIONARY } from './reading-codec.ts';
import { digestOf, STORED_MASK, STORED_VALUES } from './record-layout.ts';
import { readRowsAround } from './rows-around-damage.ts';

/** The smallest row with its identity takes more; bounds how many ids a file of a size can hold. */
export const ROW_BYTES_MIN = 50;
const ROWS_PER_COMMIT = 10_000;
const MAX_REPORTED_RANGES = 100;

export interface SalvageOptions {
  readonly file: string;
  readonly cause: string;
  /** Names the file set aside. */
  readonly atMs: number;
  /** What a running journal knows better than its damaged file. */
  readonly dictionary?: Dictionary | undefined;
  readonly lastId?: number | undefined;
  readonly folder?: JournalFolder;
}

/** What a salvage does with whole files; each call is done when it returns, also if the machine stops then. */
export interface JournalFolder {
  rename(from: string, to: string): void;
  remove(path: string): void;
}

const JOURNAL_FOLDER: JournalFolder = {
  rename(from, to) {
    renameSync(from, to);
    const descriptor = openSync(dirname(to), 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  },
  remove: (path) => rmSync(path, { force: true }),
};

/** Where the report of a salvage stands in the new journal, for whoever finishes it. */
const REPORT_KEY = 'salvage';

/** Goes on where a salvage that was complete was interrupted; undefined where there is none. */
export function finishSalvage(
  file: string,
  atMs: number,
  folder = JOURNAL_FOLDER,
): SalvageReport | undefined {
  const salvaged = `${file}.salvaged`;
  if (!existsSync(salvaged)) return undefined;
  const report = readReport(salvaged) ?? {
    cause: 'not known: an older Siaga found it',
    setAside: nameForDamaged(file, atMs),
    readings: 0,
    rejections: 0,
    unreadable: [],
  };
  takePlace(file, report.setAside, folder);
  return report;
}

/** The log first: it must never stand beside a file that it does not belong to. */
function takePlace(file: string, setAside: string, folder: JournalFolder): void {
  folder.remove(`${file}-shm`);
  if (existsSync(`${file}-wal`)) folder.rename(`${file}-wal`, `${setAside}-wal`);
  if (existsSync(file)) folder.rename(file, setAside);
  folder.rename(`${file}.salvaged`, file);
}

function readReport(salvaged: string): SalvageReport | undefined {
  const database = openJournalFile(salvaged);
  try {
    const text = readMeta(database, REPORT_KEY);
    return typeof text === 'string' ? (JSON.parse(text) as SalvageReport) : undefined;
  } finally {
    database.close();
  }
}

/** Throws SQLite's or the file system's error; then the damaged file is where it was, or `finishSalvage` goes on. */
export function salvageJournal(options: SalvageOptions): SalvageReport {
  const { file, folder = JOURNAL_FOLDER } = options;
  const salvaging = `${file}.salvaging`;
  for (const suffix of ['', '-wal', '-shm']) folder.remove(salvaging + suffix);
  const report = copyInto(salvaging, options, nameForDamaged(file, options.atMs));
  folder.rename(salvaging, `${file}.salvaged`);
  takePlace(file, report.setAside, folder);
  return report;
}

/** `journal.damaged-20260115T023000Z.db`, or with a number behind it where there is one already. */
export function nameForDamaged(file: string, atMs: number): string {
  const base = file.replace(/\.db$/, '');
  const stamp = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '');
  for (let attempt = 0; ; attempt++) {
    const name = `${base}.damaged-${stamp}${attempt === 0 ? '' : `-${attempt}`}.db`;
    if (!existsSync(name)) return name;
  }
}

type Copied = Pick<SalvageReport, 'readings' | 'rejections' | 'unreadable'>;

/** A copy that fails is taken away again: it may be what fills the disk. */
function copyInto(salvaging: string, options: SalvageOptions, setAside: string): SalvageReport {
  const fresh = openJournalFile(salvaging);
  try {
    const copied = copyReadable(fresh, options, `${setAside}.header`);
    const report = { cause: options.cause, setAside, ...copied };
    writeMeta(fresh, REPORT_KEY, JSON.stringify(report));
    fresh.exec('pragma wal_checkpoint(truncate)');
    fresh.close();
    return report;
  } catch (error) {
    fresh.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(salvaging + suffix, { force: true });
    throw error;
  }
}

function copyReadable(fresh: DatabaseSync, options: SalvageOptions, keptHeader: string): Copied {
  const sizeBytes = statSync(options.file).size;
  const damaged = openDamaged(options.file, keptHeader);
  if (!damaged) {
    finishMeta(fresh, undefined, (options.lastId ?? 0) + Math.ceil(sizeBytes / ROW_BYTES_MIN));
    return { readings: 0, rejections: 0, unreadable: [[1, Number.MAX_SAFE_INTEGER]] };
  }
  try {
    const known = options.dictionary ?? orElse(undefined, () => readDictionary(damaged));
    const dictionary = known ?? EMPTY_DICTIONARY;
    copyDictionary(fresh, dictionary);
    const { rows: readings, unreadable, lastId } = copyReadings(damaged, fresh, dictionary);
    const rejections = copyRejections(damaged, fresh);
    const isEndLost = unreadable.some(([, last]) => last === Number.MAX_SAFE_INTEGER);
    const given = isEndLost ? lastId + Math.ceil(sizeBytes / ROW_BYTES_MIN) : lastId;
    const trimmed = Number(orElse(undefined, () => readMeta(damaged, 'idsGivenThrough')) ?? 0);
    // With other numbers for its names it is another journal, and history must not take it for the same.
    const journal = known && orElse(undefined, () => readMeta(damaged, 'journal'));
    finishMeta(fresh, journal, options.lastId ?? Math.max(given, trimmed));
    return { readings, rejections, unreadable: unreadable.slice(0, MAX_REPORTED_RANGES) };
  } finally {
    damaged.close();
  }
}

/** Undefined when not even a new header makes it readable. */
function openDamaged(file: string, keptHeader: string): DatabaseSync | undefined {
  const isReadable = (database: DatabaseSync) =>
    orElse(false, () => {
      database.prepare('select count(*) from sqlite_schema').get();
      database.prepare('select id from readings limit 0').all();
      return true;
    });
  const first = openJournalFileReadOnly(file);
  if (isReadable(first)) return first;
  first.close();
  if (!replaceLostHeader(file, keptHeader)) return undefined;
  const second = openJournalFileReadOnly(file);
  if (isReadable(second)) return second;
  second.close();
  return undefined;
}

function copyDictionary(fresh: DatabaseSync, { devices, columns, words }: Dictionary): void {
  fresh.exec('begin');
  const device = fresh.prepare('insert into devices values (?, ?, ?, ?)');
  devices.forEach((each, number) => {
    device.run(number, each.city, each.kind, each.device);
  });
  const column = fresh.prepare('insert into columns values (?, ?, ?, ?)');
  columns.forEach((each, number) => {
    column.run(number, each.kind, each.name, each.isWord ? 1 : 0);
  });
  const word = fresh.prepare('insert into words values (?, ?)');
  words.forEach((each, number) => {
    word.run(number, each);
  });
  fresh.exec('commit');
}

function copyReadings(damaged: DatabaseSync, fresh: DatabaseSync, { devices }: Dictionary) {
  const insert = fresh.prepare(
    'insert into readings values (?, ?, ?, ?, ?) on conflict (measured_at, device, digest) do nothing',
  );
  const unreadable: [number, number][] = [];
  let rows = 0;
  let lastId = 0;
  fresh.exec('begin');
  for (const part of readRowsAround(damaged, 'readings')) {
    if ('from' in part) {
      unreadable.push([part.from, part.to]);
      continue;
    }
    const { id, device, measured_at, digest, record } = part.row;
    lastId = Number(id);
    if (Number(device) >= devices.length || !isWhole(record, digest)) {
      unreadable.push([lastId, lastId]);
      continue;
    }
    insert.run(lastId, device as number, measured_at as number, digest as number, record as Uint8Array);
    if (++rows % ROWS_PER_COMMIT === 0) fresh.exec('commit; begin');
  }
  fresh.exec('commit');
  return { rows, unreadable, lastId };
}

/** The record has the digest under which it was stored. */
function isWhole(record: unknown, digest: unknown): boolean {
  if (!(record instanceof Uint8Array) || record.byteLength % 8 !== 0) return false;
  const numbers = new Float64Array(record.slice().buffer);
  if (numbers.length < STORED_VALUES || !Number.isInteger(numbers[STORED_MASK])) return false;
  return digestOf(new Uint32Array(numbers.buffer), 0, numbers.length) === digest;
}

function copyRejections(damaged: DatabaseSync, fresh: DatabaseSync): number {
  const insert = fresh.prepare('insert into rejections values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  let rows = 0;
  fresh.exec('begin');
  for (const part of readRowsAround(damaged, 'rejections')) {
    if ('from' in part) continue;
    insert.run(...Object.values(part.row));
    rows++;
  }
  fresh.exec('commit');
  return rows;
}

function finishMeta(fresh: DatabaseSync, journal: number | string | undefined, lastId: number): void {
  if (journal !== undefined) writeMeta(fresh, 'journal', journal);
  writeMeta(fresh, 'idsGivenThrough', lastId);
}

/** `fallback` where the damage is in the way. */
function orElse<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}
