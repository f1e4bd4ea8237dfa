/**
 * `npm run restore -- FILE`: a backup put into an empty data folder; `--check` rehearses it and keeps nothing.
 *
 * Invariants: nothing is overwritten, so what is in the data folder must be moved away first; while it works no
 * server uses that folder; each file was opened and checked before it stands there; a wrong word is answered with
 * exit code 2, a failure with one clear line and exit code 1.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs } from 'node:util';
import { allowClosedPipe } from '../config/closed-pipe.ts';
import { parseConfig } from '../config/config.ts';
import { lockDataFolder } from '../database/data-folder-lock.ts';
import { PRIVATE_UMASK } from '../database/data-folder-modes.ts';
import { backupDatabaseFile, JOURNAL_TABLES } from '../journal/sqlite/upkeep/backup-journal.ts';
import { describeCities, restoreCity } from './backup-city.ts';
import { besideOf, formatReport, STATE_TABLES } from './backup-files.ts';

const HELP = `npm run restore -- FILE
npm run restore -- --check FILE

Puts a backup (npm run backup) into the data folder (SIAGA_DATA_DIR) as journal.db, and the state beside it, FILE with
.state before its ending, as state.db. Stop Siaga first, and move what is in its data folder away. A city of your own,
FILE with .city for its ending, goes into SIAGA_CITIES_DIR, else into cities in the data folder; one that is there stays.

  --check   copies and checks the backup in a temporary folder, says what is in it, and keeps nothing; rehearse it
            each month

The embedded history is built again from the journal at the next start. State in PostgreSQL is restored by pg_restore.`;

async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { help: { type: 'boolean', short: 'h' }, check: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [file, ...others] = positionals;
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (file === undefined || others.length > 0) {
    console.error(`one FILE is wanted\n\n${HELP}`);
    return 2;
  }
  process.umask(PRIVATE_UMASK);
  if (values.check) await rehearse(file);
  else await restore(file);
  return 0;
}

async function rehearse(file: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-restore-'));
  try {
    await copyInto(folder, file);
    for (const line of describeCities(file)) console.log(line);
    console.log('this backup can be restored; nothing was kept');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function restore(file: string): Promise<void> {
  // The city may be in the backup only.
  const config = parseConfig({ ...process.env, SIAGA_CITY: undefined });
  const folder = config.SIAGA_DATA_DIR;
  using _lock = lockDataFolder(folder);
  const there = ['journal.db', 'state.db', 'history.db'].filter((name) => existsSync(join(folder, name)));
  if (there.length > 0) {
    throw new Error(`${folder} holds ${there.join(', ')}: move them away first, nothing is overwritten`);
  }
  await copyInto(folder, file);
  for (const line of restoreCity(file, config)) console.log(line);
  console.log(`restored into ${folder}; start Siaga, which builds its history again from the journal`);
}

async function copyInto(folder: string, file: string): Promise<void> {
  const state = besideOf(file);
  if (existsSync(state)) await copy('state', state, join(folder, 'state.db'), STATE_TABLES);
  else console.log(`state: no ${state}; restore it with pg_restore where it is in PostgreSQL`);
  const journal = join(folder, 'journal.db');
  await copy('journal', file, journal, JOURNAL_TABLES);
  console.log(`journal: ${describeSpan(journal)}`);
}

async function copy(name: string, from: string, to: string, tables: readonly string[]): Promise<void> {
  console.log(`${name}: ${from}, ${formatReport(await backupDatabaseFile({ from, to, tables }))}`);
}

/** When its newest reading was measured: how old the backup is, and what a restore would lose. */
function describeSpan(journal: string): string {
  const database = new DatabaseSync(journal, { readOnly: true });
  try {
    const newest = 'select measured_at as at from readings order by id desc limit 1';
    const found = database.prepare(newest).get() as { at: number } | undefined;
    return found ? `its last reading is of ${new Date(found.at).toISOString()}` : 'no reading in it';
  } finally {
    database.close();
  }
}

allowClosedPipe();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') ? 2 : 1;
}
