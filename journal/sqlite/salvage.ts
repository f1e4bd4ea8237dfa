/**
 * What happens to a damaged journal: everything readable moves into a new file, the damaged one is set aside.
 *
 * The damaged file is only read. Order of steps, so that a crash between them loses nothing: the new file is
 * written as `.salvaging`, renamed to `.salvaged` when complete, the damaged one is renamed away, the new one
 * takes its place; `finishSalvage` at the next start finds a `.salvaged` that has not. Invariants: ids and
 * numbers stay; a row counts only with the digest it was stored with; no id is given again that was lost.
 */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
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
}

/** Renames into place what a salvage had completed when it was interrupted. */
export function finishSalvage(file: string): void {
  const salvaged = `${file}.salvaged`;
  if (existsSync(file) || !existsSync(salvaged)) return;
  renameSync(salvaged, file);
}

/** Throws SQLite's or the file system's error; then the damaged file is where it was, or `finishSalvage` goes on. */
export function salvageJournal(options: SalvageOptions): SalvageReport {
  const { file, cause } = options;
  const salvaging = `${file}.salvaging`;
  const salvaged = `${file}.salvaged`;
  for (const stale of [salvaging, salvaged]) removeDatabase(stale);
  const setAside = nameForDamaged(file, options.atMs);
  const copied = copyInto(salvaging, options, `${setAside}.header`);
  renameSync(salvaging, salvaged);
  rmSync(`${file}-shm`, { force: true });
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${setAside}-wal`);
  renameSync(file, setAside);
  renameSync(salvaged, file);
  return { cause, setAside, ...copied };
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

function removeDatabase(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}

type Copied = Pick<SalvageReport, 'readings' | 'rejections' | 'unreadable'>;

/** A copy that fails is taken away again: it may be what fills the disk. */
function copyInto(salvaging: string, options: SalvageOptions, keptHeader: string): Copied {
  const fresh = openJournalFile(salvaging);
  try {
    const copied = copyReadable(fresh, options, keptHeader);
    fresh.exec('pragma wal_checkpoint(truncate)');
    fresh.close();
    return copied;
  } catch (error) {
    fresh.close();
    removeDatabase(salvaging);
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
