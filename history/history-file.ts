/**
 * The file of the embedded history: chunks of points by device and time.
 *
 * It is derived from the journal, and thrown away and built again when it is of another version or of another
 * journal; a damaged one, and one that is ahead of a journal restored from an older backup or bears other names by its
 * numbers, is set aside first.
 * Invariant: `settledThroughId` moves only after the points of all journal entries up to it are in their chunks.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { isDamage } from '../journal/sqlite/failure-policy.ts';
import type { Dictionary } from '../journal/sqlite/file/dictionary.ts';
import { pragma, readMeta, writeMeta } from '../journal/sqlite/file/journal-file.ts';
import { areNamesKept } from './known-names.ts';

const SCHEMA_VERSION = 1;

/** `chunks` is a table by row number: its blobs are larger than what an index page carries well. */
const SCHEMA = `
create table meta (key text primary key, value) without rowid;
create table chunks (
  number integer primary key, device integer not null, from_ms integer not null, to_ms integer not null,
  points blob not null
);
create unique index chunks_by_device on chunks (device, from_ms, to_ms);
`;

export interface OpenedHistoryFile {
  readonly database: DatabaseSync;
  /** Why the file was begun anew, where it was. */
  readonly rebuilt?: string;
}

/** The journal that it must follow: its identity, and the newest id in it. */
export interface FollowedJournal {
  readonly identity: string;
  readonly lastId: number;
  readonly names: Dictionary;
}

export function openHistoryFile(file: string, journal: FollowedJournal, nowMs: number): OpenedHistoryFile {
  const { identity, lastId, names } = journal;
  try {
    const database = open(file);
    const isKnown = pragma(database, 'user_version') === SCHEMA_VERSION;
    const known = isKnown ? String(readMeta(database, 'journal')) : '';
    if (nameOf(known) === nameOf(identity)) {
      const isBehind = readSettledThroughId(database) <= lastId;
      if (isBehind && known === identity && areNamesKept(database, names)) return { database };
      // The ids between are given again, and so may be the numbers of devices in its chunks; or something came in below.
      database.close();
      const setAside = setAsideHistoryFile(file, nowMs);
      return {
        database: create(file, identity),
        rebuilt: `the journal is an older one, or took back what it had lost; the file built before is now ${setAside}`,
      };
    }
    const isNew = pragma(database, 'schema_version') === 0;
    database.close();
    if (isNew) return { database: create(file, identity) };
    removeFile(file);
    return { database: create(file, identity), rebuilt: 'it was of another version, or of another journal' };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const setAside = setAsideHistoryFile(file, nowMs);
    return {
      database: create(file, identity),
      rebuilt: `it was damaged (${(error as Error).message}) and is now ${setAside}`,
    };
  }
}

/** Of the journal, without what else its identity says: see journal/sqlite/file/lost-ids.ts. */
const nameOf = (identity: string) => identity.split(' ')[0];

/** Renames a damaged, closed file; returns its new name. It may hold what a damaged journal has lost. */
export function setAsideHistoryFile(file: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const setAside = `${file.replace(/\.db$/, '')}.damaged-${stamp}.db`;
  if (existsSync(file)) renameSync(file, setAside);
  removeFile(file);
  return setAside;
}

function open(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    // NORMAL: a power cut may take back the newest commits, cursor and chunks together.
    database.exec('pragma auto_vacuum = incremental; pragma journal_mode = wal; pragma synchronous = normal');
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function create(file: string, journal: string): DatabaseSync {
  const database = open(file);
  database.exec(`begin; ${SCHEMA}`);
  writeMeta(database, 'journal', journal);
  database.exec(`pragma user_version = ${SCHEMA_VERSION}; commit`);
  return database;
}

function removeFile(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}

export function readSettledThroughId(database: DatabaseSync): number {
  return Number(readMeta(database, 'settledThroughId') ?? 0);
}
