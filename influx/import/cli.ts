/**
 * `npm run import -- influx`: the past that a city has in an InfluxDB, into Siaga.
 *
 * Reads that server and writes to a running Siaga as one of its gateways; where it stands is kept in a file of the data
 * folder. Invariants: the source is only read; no secret is printed, and none is taken from the command line; a
 * wrong word is answered with exit code 2, a failure with one line and 1, names that nobody has claimed with 3.
 */
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { allowClosedPipe } from '../../config/closed-pipe.ts';
import { parseConfig } from '../../config/config.ts';
import { type Database, openDatabase } from '../../database/database.ts';
import { openWaitingAliases } from '../../fleet/waiting-aliases.ts';
import { describeError } from '../server/influx-error.ts';
import { createInfluxServer } from '../server/influx-server.ts';
import { formatDay as day } from '../words.ts';
import { importHistory } from './import-history.ts';
import { ImportPlace } from './import-place.ts';
import { HELP, type ImportCommand, parseImportCommand } from './parse-import.ts';
import { findBegin, listMeasurements, readFirstPoints } from './read-window.ts';
import { writeLines } from './write-lines.ts';

const EXIT_UNCLAIMED = 3;
/** The server writes down who waits every two seconds. */
const WAITING_SAVED_MS = 5_000;
const SHOWN = 10;
const SAY_EVERY_MS = 2_000;

interface RunOptions {
  readonly command: ImportCommand;
  readonly database: Database;
  readonly dataDir: string;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Resolves with the exit code. */
export async function runImport({ command, database, dataDir, print, signal }: RunOptions): Promise<number> {
  const { from, db, token, target, untilMs } = command;
  const agent = new Agent();
  try {
    const source = createInfluxServer(
      { url: from, token, org: '', bucket: db, retentionDays: 0 },
      agent,
      signal,
    );
    await source.detect();
    const { query } = source;
    const measurements = await listMeasurements(query, command.measurements);
    const writing = { target, signal, onTrouble: print };
    print(`${source.name}: ${measurements.length} measurements`);
    await writeLines(await readFirstPoints(query, measurements), writing);
    const unclaimed = await findUnclaimed(database, target.id);
    if (unclaimed.length > 0) {
      print(describeUnclaimed(unclaimed));
      if (!command.leavesWaiting) return EXIT_UNCLAIMED;
    }
    const place = new ImportPlace(dataDir, command);
    const before = command.again ? undefined : place.read();
    const fromMs = before ?? command.sinceMs ?? (await findBegin(query, measurements));
    if (fromMs === undefined) {
      print('there is no point in it');
      return 0;
    }
    if (before !== undefined) print(`an earlier run came to ${day(before)}; going on there`);
    let saidAt = 0;
    const lines = await importHistory({
      ...{ query, measurements, fromMs, toMs: untilMs, ...writing },
      onDone: ({ throughMs, lines: soFar }) => {
        place.write(throughMs);
        if (Date.now() - saidAt < SAY_EVERY_MS) return;
        saidAt = Date.now();
        print(`${day(throughMs)}: ${soFar.toLocaleString('en')} lines`);
      },
    });
    print(`${lines.toLocaleString('en')} lines of ${day(fromMs)} to ${day(untilMs)} are in Siaga`);
    return 0;
  } finally {
    agent.destroy();
  }
}

/** Names that this sender has said and that are no device's. */
async function findUnclaimed(database: Database, gateway: string): Promise<readonly string[]> {
  await delay(WAITING_SAVED_MS);
  const waiting = await openWaitingAliases(database);
  return waiting
    .all()
    .filter((each) => each.gateway === gateway)
    .map(({ alias }) => alias);
}

function describeUnclaimed(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).join(', ');
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return (
    `${names.length} names are no device's yet: ${shown}${more}.\n` +
    'Give each to a device (npm run devices -- claim <name> <id>) and run this again, or add --leave-waiting.'
  );
}

async function main(words: readonly string[]): Promise<void> {
  if (words.length === 0 || words.includes('--help') || words.includes('-h')) {
    console.log(HELP);
    return;
  }
  const command = parseImportCommand(words, Date.now());
  const config = parseConfig(process.env);
  const database = await openDatabase(config);
  const left = new AbortController();
  process.once('SIGINT', () => left.abort(new Error('ended; run it again and it goes on from here')));
  const print = (line: string) => console.log(line);
  try {
    const { signal } = left;
    process.exitCode = await runImport({ command, database, dataDir: config.SIAGA_DATA_DIR, print, signal });
  } finally {
    await database.destroy();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  allowClosedPipe();
  await main(process.argv.slice(2)).catch((error: unknown) => {
    const { code = '' } = error as NodeJS.ErrnoException;
    const isUsage = code === 'USAGE' || code.startsWith('ERR_PARSE_ARGS');
    console.error(isUsage ? `${(error as Error).message}\n\n${HELP}` : describeError(error));
    process.exitCode = isUsage ? 2 : 1;
  });
}
