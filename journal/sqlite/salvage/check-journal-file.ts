/**
 * Looks whether a journal can be trusted before it is written to.
 *
 * A small file is read whole (`quick_check`); of a large one, which would take minutes, the ends that the next
 * readings touch. Damage in between shows when it is read, and then the running journal is salvaged.
 * Invariant: throws an error with SQLite's result code, CORRUPT or NOTADB, exactly when a salvage is due.
 */
import { existsSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { openJournalFileReadOnly, pragma, readDictionary, SCHEMA_VERSION } from '../file/journal-file.ts';

/** Read whole up to this size: some 0.3 s. */
const WHOLE_BYTES = 64 * 1024 * 1024;
/** Rows read at each end of a larger file. */
const END_ROWS = 5_000;
const SQLITE_CORRUPT = 11;

export function checkJournalFile(file: string): void {
  if (!existsSync(file) || statSync(file).size === 0) return;
  const database = openJournalFileReadOnly(file);
  try {
    const version = pragma(database, 'user_version');
    // A later version is refused, and a file without schema is created or refused, by openJournalFile.
    if (version > SCHEMA_VERSION || version === 0) return;
    const findings = statSync(file).size <= WHOLE_BYTES ? quickCheck(database) : readEnds(database);
    if (findings !== undefined) {
      throw Object.assign(new Error(findings), { errcode: SQLITE_CORRUPT });
    }
  } finally {
    database.close();
  }
}

function quickCheck(database: DatabaseSync): string | undefined {
  const first = Object.values(database.prepare('pragma quick_check(1)').get() ?? {})[0];
  return first === 'ok' ? undefined : String(first);
}

function readEnds(database: DatabaseSync): undefined {
  readDictionary(database);
  for (const order of ['id', 'id desc', 'measured_at', 'measured_at desc']) {
    const rows = database.prepare(`select * from readings order by ${order} limit ${END_ROWS}`);
    for (const _ of rows.iterate());
  }
  database.prepare('select count(*) from latest').get();
}
