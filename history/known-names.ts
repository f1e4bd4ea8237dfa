/**
 * The names whose numbers stand in history's chunks, so that it notices when the journal gives them to others.
 *
 * A journal that was put back (an older copy, its log lost) and filled up again from elsewhere ends where it did, but
 * may have numbered its devices, quantities and words in another order. Invariant: what is noted was in the journal's
 * dictionary before a chunk was written with it.
 */
import { hash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Dictionary } from '../journal/sqlite/file/dictionary.ts';
import { readDictionary, readMeta, writeMeta } from '../journal/sqlite/file/journal-file.ts';

/** Key of history's `meta`. */
const NAMES = 'names';

interface Size {
  readonly devices: number;
  readonly columns: number;
  readonly words: number;
}

/** Before a round of settling. */
export function noteNames(database: DatabaseSync, journal: DatabaseSync): void {
  const names = readDictionary(journal);
  const { devices, columns, words } = names;
  const size = { devices: devices.length, columns: columns.length, words: words.length };
  const text = JSON.stringify({ size, digest: digestNames(names, size) });
  if (readMeta(database, NAMES) !== text) writeMeta(database, NAMES, text);
}

/** Whether the names of then have their numbers of then; also where nothing was noted. */
export function areNamesKept(database: DatabaseSync, names: Dictionary): boolean {
  const text = readMeta(database, NAMES);
  if (typeof text !== 'string') return true;
  const { size, digest } = JSON.parse(text) as { size: Size; digest: string };
  return digestNames(names, size) === digest;
}

function digestNames({ devices, columns, words }: Dictionary, size: Size): string {
  const known = [
    devices.slice(0, size.devices).map(({ city, kind, device }) => [city, kind, device]),
    columns.slice(0, size.columns).map(({ kind, name, isWord }) => [kind, name, isWord]),
    words.slice(0, size.words),
  ];
  return hash('sha1', JSON.stringify(known), 'base64');
}
