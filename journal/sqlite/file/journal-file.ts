/**
 * The journal's file: its schema, how it is opened, and what it must not be opened with.
 *
 * The layout follows what was measured (docs/decisions/0005-journal.md): rows in order of id and an identity
 * that starts with the time, so that both grow at their right edge; an index that starts with the device
 * costs one page a device and commit, and a fifth of the speed is left. History has a file of its own.
 * Invariant: numbers of the dictionary (devices, columns, words) are never used for another name.
 */
import { DatabaseSync } from 'node:sqlite';
import { JournalError } from '../../journal.ts';
import type { Dictionary, DictionaryColumn, DictionaryDevice } from './dictionary.ts';

/** "Siag": tells `file` and us that a SQLite file is a journal. */
const APPLICATION_ID = 0x53696167;
/** 2: `status` and `ack` of devices have a table, rejections are found by device. */
export const SCHEMA_VERSION = 2;

/** WAL pages after which a commit carries the log into the file, 1,000 × 4 KiB = 4 MiB: some 10 ms each time. */
export const CHECKPOINT_PAGES = 1_000;
/** The WAL file is cut back to this when a long read had let it grow. */
export const WAL_MAX_BYTES = 64 * 1024 * 1024;

/** Added by version 2. */
const SECOND_SCHEMA = `
create table messages (
  id integer primary key, channel text not null, device text not null, received_at integer not null,
  is_replay integer not null, is_latest integer not null, client_id text not null, topic text not null,
  payload blob not null
);
create unique index messages_latest on messages (device) where is_latest = 1;
create index rejections_by_device on rejections (device, id);
`;

/**
 * Deterministic: the same pages in the same order, which the salvage of a lost header relies on. What a later version
 * adds stands behind the rest: in a file that was migrated only the added tables lie elsewhere.
 */
const SCHEMA = `
create table meta (key text primary key, value) without rowid;
create table devices (number integer primary key, city text not null, kind text not null, device text not null);
create table columns (number integer primary key, kind text not null, name text not null, is_word integer not null);
create table words (number integer primary key, word text not null);
create table readings (
  id integer primary key, device integer not null, measured_at integer not null, digest integer not null,
  record blob not null
);
create unique index readings_identity on readings (measured_at, device, digest);
create table latest (device integer primary key, id integer not null, measured_at integer not null);
create table rejections (
  id integer primary key, device text, reason text not null, detail text not null, received_at integer not null,
  replayed_at integer, client_id text not null, topic text not null, bytes integer not null, payload blob not null
);
${SECOND_SCHEMA}`;

/**
 * Opens for writing; creates what is absent, and migrates what an older Siaga wrote. Throws JournalError
 * JOURNAL_TOO_NEW, or SQLite's own error.
 */
export function openJournalFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5_000 });
  try {
    // Before any statement that writes: a file of a later version must stay as it is.
    const version = pragma(database, 'user_version');
    if (version > SCHEMA_VERSION) {
      throw new JournalError(
        'JOURNAL_TOO_NEW',
        `${file} was written by a later Siaga (schema ${version}, this one knows ${SCHEMA_VERSION}): start that one, or move the file away`,
      );
    }
    if (version === 0) createSchema(database, file);
    else if (version < SCHEMA_VERSION) migrate(database);
    database.exec('pragma journal_mode = wal; pragma synchronous = full');
    database.exec(
      `pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}; pragma journal_size_limit = ${WAL_MAX_BYTES}`,
    );
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function createSchema(database: DatabaseSync, file: string): void {
  if (pragma(database, 'page_count') > 0 && pragma(database, 'schema_version') > 0) {
    throw new JournalError('JOURNAL_IO', `${file} is a SQLite file, but not a journal of Siaga`);
  }
  // Only an empty file takes auto_vacuum; retention gives pages back in small steps through it.
  database.exec('pragma auto_vacuum = incremental; pragma journal_mode = wal; pragma synchronous = full');
  database.exec(`begin immediate; ${SCHEMA}`);
  database.prepare("insert into meta values ('journal', ?)").run(crypto.randomUUID());
  database.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${SCHEMA_VERSION}; commit`);
}

/** From version 1, the only one before. A kill in between leaves the one or the other. */
function migrate(database: DatabaseSync): void {
  database.exec('pragma synchronous = full');
  database.exec(`begin immediate; ${SECOND_SCHEMA} pragma user_version = ${SCHEMA_VERSION}; commit`);
}

/** Opens beside a writer, for reading alone. */
export function openJournalFileReadOnly(file: string): DatabaseSync {
  return new DatabaseSync(file, { readOnly: true, timeout: 5_000 });
}

export function pragma(database: DatabaseSync, name: string): number {
  const row = database.prepare(`pragma ${name}`).get() as Record<string, number> | undefined;
  return Object.values(row ?? {})[0] ?? 0;
}

/** A number or text of `meta`; undefined when it was never written. */
export function readMeta(database: DatabaseSync, key: string): number | string | undefined {
  const row = database.prepare('select value from meta where key = ?').get(key);
  return row?.['value'] as number | string | undefined;
}

export function writeMeta(database: DatabaseSync, key: string, value: number | string): void {
  database
    .prepare('insert into meta values (?, ?) on conflict (key) do update set value = excluded.value')
    .run(key, value);
}

/** The largest id ever given, also when the rows that bore it are trimmed. */
export function readLastId(database: DatabaseSync): number {
  const row = database.prepare('select max(id) as id from readings').get();
  const trimmed = readMeta(database, 'idsGivenThrough');
  return Math.max(Number(row?.['id'] ?? 0), Number(trimmed ?? 0));
}

/** Of those that are there. */
export function readLastRejectionId(database: DatabaseSync): number {
  return Number(database.prepare('select max(id) as id from rejections').get()?.['id'] ?? 0);
}

/** The dictionary, or what follows `from` entries of each list. */
export function readDictionary(
  database: DatabaseSync,
  from = { devices: 0, columns: 0, words: 0 },
): Dictionary {
  const rows = (table: string, after: number) =>
    database.prepare(`select * from ${table} where number >= ? order by number`).all(after);
  return {
    devices: rows('devices', from.devices).map(
      ({ city, kind, device }): DictionaryDevice => ({
        city: String(city),
        kind: String(kind),
        device: String(device),
      }),
    ),
    columns: rows('columns', from.columns).map(
      ({ kind, name, is_word }): DictionaryColumn => ({
        kind: String(kind),
        name: String(name),
        isWord: is_word === 1,
      }),
    ),
    words: rows('words', from.words).map(({ word }) => String(word)),
  };
}

/** Writes `added` behind the entries that the file has. Inside the caller's transaction. */
export function writeDictionary(database: DatabaseSync, added: Dictionary): void {
  const next = (table: string) => {
    const row = database.prepare(`select coalesce(max(number) + 1, 0) as next from ${table}`).get();
    return Number(row?.['next']);
  };
  const device = database.prepare('insert into devices values (?, ?, ?, ?)');
  let number = next('devices');
  for (const each of added.devices) device.run(number++, each.city, each.kind, each.device);
  const column = database.prepare('insert into columns values (?, ?, ?, ?)');
  number = next('columns');
  for (const each of added.columns) column.run(number++, each.kind, each.name, each.isWord ? 1 : 0);
  const word = database.prepare('insert into words values (?, ?)');
  number = next('words');
  for (const each of added.words) word.run(number++, each);
}
