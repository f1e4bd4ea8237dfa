/**
 * `npm run city -- new | check | export`: a city's folder, begun, checked and handed on; `import map`: its map and
 * roads; and `set`, `remove`, `import`, `changes`, `undo`: what is changed of a city while it runs.
 *
 * Works beside a running server: folders and maps are read at its next start, changes within two seconds. Invariants:
 * nothing is overwritten; a wrong word is answered with exit code 2; a failure, a city with problems and a refused
 * change with exit code 1.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { allowClosedPipe } from '../config/closed-pipe.ts';
import { type Config, parseConfig } from '../config/config.ts';
import { nameUser } from '../database/data-folder-access.ts';
import { PRIVATE_UMASK } from '../database/data-folder-modes.ts';
import { type Database, openDatabase } from '../database/database.ts';
import { importMap } from '../maps/import-map.ts';
import { mapFileOf } from '../maps/map-file.ts';
import { decodeText } from '../tables/table.ts';
import { loadCity, nameCity } from './city.ts';
import { type CityEnvironment, CommandError, chooseCopy, HELP, runCityCommand } from './city-commands.ts';
import { readCityState } from './city-state.ts';
import { writeMerged } from './export-state.ts';
import { runStateCommand, STATE_COMMANDS } from './state-commands.ts';

/** What the licence asks to be said. */
const DEFAULT_SOURCE = '© OpenStreetMap contributors, ODbL';
const ROADS_PROGRAM = join(import.meta.dirname, '../dispatch/roads/cli.ts');
const STATE_FLAGS = ['list', 'kind', 'keep-good'] as const;

async function main(words: readonly string[]): Promise<number> {
  if (words.length === 0 || words.includes('--help') || words[0] === 'help') {
    console.log(HELP);
    return 0;
  }
  process.umask(PRIVATE_UMASK);
  // The city that the environment names may be the one that is to be made.
  const config = parseConfig({ ...process.env, SIAGA_CITY: undefined });
  const print = (line: string) => console.log(line);
  const { values, positionals } = parseWords(words);
  if (positionals[0] === 'import' && positionals[1] === 'map')
    return runImportMap(positionals, values, config);
  if (STATE_COMMANDS.some((each) => each === positionals[0])) {
    return withState(config, (database) =>
      runStateCommand(positionals, values, {
        ...{ database, print },
        folder: loadCity(nameCity(process.env), config),
        actor: `command line, ${nameUser()}`,
        now: Date.now(),
        readText: (file) => decodeText(readFileSync(file)),
      }),
    );
  }
  for (const flag of STATE_FLAGS) {
    if (values[flag] !== undefined) throw new CommandError(`--${flag} goes with import`);
  }
  if (values.source !== undefined || values.incomplete) {
    throw new CommandError('--source and --incomplete go with import map');
  }
  const environment: CityEnvironment = { places: config, print };
  const code = runCityCommand(positionals, values, environment);
  const [command, id = '', target = ''] = positionals;
  if (command === 'export' && id === nameCity(process.env)) await mergeState(config, id, target, print);
  return code;
}

/** The map here, the roads by the road network's own program: one file serves both. */
function runImportMap(
  [, , file, ...extra]: readonly string[],
  { source = DEFAULT_SOURCE, incomplete = false, ...others }: ReturnType<typeof parseWords>['values'],
  config: Config,
): number {
  if (file === undefined || extra.length > 0 || Object.keys(others).length > 0) {
    throw new CommandError('import map takes one file, --source and --incomplete');
  }
  const id = nameCity(process.env);
  const { bounds } = loadCity(id, config);
  mkdirSync(config.SIAGA_DATA_DIR, { recursive: true });
  const said = importMap({
    ...{ file, bounds, source, takesIncomplete: incomplete, importedAt: new Date().toISOString() },
    out: mapFileOf(config.SIAGA_DATA_DIR, id),
  });
  for (const line of said) console.log(line);
  const words = [ROADS_PROGRAM, 'import', file, '--source', source, ...(incomplete ? ['--incomplete'] : [])];
  const roads = spawnSync(process.execPath, words, { stdio: 'inherit' });
  if (roads.status !== 0)
    console.error('the map is written; the road network stayed as it was, as said above');
  return roads.status ?? 1;
}

async function withState<T>(config: Config, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase(config);
  try {
    return await work(database);
  } finally {
    await database.destroy();
  }
}

/** Where no server has run yet, nothing was changed. */
async function mergeState(
  config: Config,
  id: string,
  target: string,
  print: (line: string) => void,
): Promise<void> {
  if (!config.DATABASE_URL && !existsSync(`${config.SIAGA_DATA_DIR}/state.db`)) return;
  const folder = loadCity(id, config);
  const { now } = await withState(config, (database) => readCityState(database, folder));
  const written = writeMerged(chooseCopy(id, target), folder, now);
  if (written.length > 0) print(`with what was changed while it ran: ${written.join(', ')}`);
}

function parseWords(words: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      // A south latitude is a value: --lat -3.3 would be taken for an option.
      args: joinNegativeNumbers(words),
      allowPositionals: true,
      options: {
        ...{ name: text, lat: text, lng: text, 'time-zone': text, list: text, kind: text },
        'keep-good': { type: 'boolean' },
        source: text,
        incomplete: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new CommandError((error as Error).message);
  }
}

function joinNegativeNumbers(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1);
    if (/^-\d/.test(word) && (before === '--lat' || before === '--lng'))
      joined.push(`${joined.pop()}=${word}`);
    else joined.push(word);
  }
  return joined;
}

allowClosedPipe();
try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const wrongWords = error instanceof CommandError;
  const { message } = error as Error;
  console.error(wrongWords ? `${message}\nnpm run city -- --help explains.` : message);
  process.exitCode = wrongWords ? 2 : 1;
}
