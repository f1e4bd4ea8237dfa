/**
 * `npm run backup -- FILE`: a copy of the journal, and of the embedded state and the city's own folder beside it, while
 * Siaga runs.
 *
 * The journal is the truth of the embedded history, which is built again from it. Invariants: the state is copied
 * first, so that it remembers nothing of the journal that the journal's copy does not hold; nothing is
 * overwritten; a copy that is there has been opened and checked; a wrong word is answered with exit code 2, a
 * failure with one clear line and exit code 1.
 */
import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { allowClosedPipe } from '../config/closed-pipe.ts';
import { parseConfig } from '../config/config.ts';
import { PRIVATE_UMASK } from '../database/data-folder-modes.ts';
import { backupDatabaseFile, findObstacle, JOURNAL_TABLES } from '../journal/sqlite/upkeep/backup-journal.ts';
import { backupCity, findCityObstacle } from './backup-city.ts';
import { besideOf, formatMib, formatReport, STATE_TABLES } from './backup-files.ts';

const HELP = `npm run backup -- FILE

Copies the journal (all readings and rejections) to FILE, and the embedded state (devices, alerts, incidents,
tokens) to FILE with .state before its ending, while Siaga runs. Both are opened and checked. The folder of a city of
your own goes beside them, into FILE with .city for its ending.

  npm run backup -- /backups/2026-01-15.db
      writes /backups/2026-01-15.db, /backups/2026-01-15.state.db and /backups/2026-01-15.city

npm run restore -- FILE puts them back; npm run restore -- --check FILE rehearses it. State in PostgreSQL (DATABASE_URL) and
history in InfluxDB are backed up by their own tools, before this one.`;

/** How often the size of a growing copy is shown. */
const PROGRESS_MS = 2_000;

async function main(words: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { help: { type: 'boolean', short: 'h' } },
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
  const config = parseConfig(process.env);
  const journalFile = `${config.SIAGA_DATA_DIR}/journal.db`;
  const obstacle = findObstacle({ from: journalFile, to: file }) ?? findCityObstacle(file);
  if (obstacle) throw new Error(obstacle);
  if (config.DATABASE_URL) console.log('state: in PostgreSQL, back it up with pg_dump, before this copy');
  else await copy('state', `${config.SIAGA_DATA_DIR}/state.db`, besideOf(file), STATE_TABLES);
  await copy('journal', journalFile, file, JOURNAL_TABLES);
  console.log(backupCity(config.SIAGA_CITY, config, file));
  return 0;
}

async function copy(name: string, from: string, to: string, tables: readonly string[]): Promise<void> {
  const progress = setInterval(() => {
    const part = statSync(`${to}.part`, { throwIfNoEntry: false });
    if (part) console.error(`${name}: ${formatMib(part.size)} so far`);
  }, PROGRESS_MS);
  try {
    console.log(`${name}: ${to}, ${formatReport(await backupDatabaseFile({ from, to, tables }))}`);
  } finally {
    clearInterval(progress);
  }
}

allowClosedPipe();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') ? 2 : 1;
}
