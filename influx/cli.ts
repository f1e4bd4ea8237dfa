/**
 * `npm run influx -- status | verify | rewrite | replay`: the copy in InfluxDB from the machine itself.
 *
 * Reads and writes the same state database as a running Siaga, which does what is ordered here within some seconds;
 * this shows how far it is. Invariants: nothing is written to InfluxDB from here; no secret is printed; a wrong word
 * is answered with exit code 2, a failure with one line and 1.
 */

import { existsSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { allowClosedPipe } from '../config/closed-pipe.ts';
import { type Config, parseConfig } from '../config/config.ts';
import { type Database, openDatabase } from '../database/database.ts';
import { openJournalFileReadOnly, readLastId } from '../journal/sqlite/file/journal-file.ts';
import { INFLUX_CONSUMER } from './copy/copy-cursor.ts';
import { type OrderAction, placeOrder, recentDays } from './copy/copy-orders.ts';
import { CursorMark } from './copy/cursor-mark.ts';
import { createSetAside } from './copy/set-aside.ts';
import { describeError } from './server/influx-error.ts';
import { createInfluxServer } from './server/influx-server.ts';
import { formatDay as day, parseDay, UsageError } from './words.ts';

const HELP = `npm run influx -- COMMAND

  status                    how far the copy is, what was set aside and why, what was ordered and what came of it
  verify [--from DAY] [--to DAY]
                            compares InfluxDB with history by day and kind, names differences and mends them;
                            the last 30 days where no day is given
  rewrite --from DAY --to DAY
                            writes what was measured in [from, to) to InfluxDB again, from the journal
  replay                    tries again what InfluxDB refused and was set aside

DAY is 2026-01-15, or a time: 2026-01-15T09:30:00+07:00. All but status are done by the Siaga that runs, beside what
is new; this waits for it, and may be left with Ctrl-C.`;

/** What may be waited for without a sign that a Siaga runs. */
const TAKEN_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 500;
const SHOWN = 5;

export interface CommandOptions {
  readonly config: Config;
  readonly database: Database;
  readonly now: () => number;
  readonly print: (line: string) => void;
  /** Ends waiting for an order; it is done all the same. */
  readonly signal?: AbortSignal;
}

export interface InfluxCommand {
  readonly action: 'status' | OrderAction;
  /** [fromMs, toMs). */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Throws UsageError, or that of parseArgs. */
export function parseInfluxCommand(words: readonly string[], nowMs: number): InfluxCommand {
  const { values, positionals } = parseArgs({
    args: [...words],
    options: { from: { type: 'string' }, to: { type: 'string' } },
    allowPositionals: true,
  });
  const [action, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`one command, and not ${others.join(' ')} besides`);
  if (action === undefined) throw new UsageError('a command is wanted');
  if (action === 'status' || action === 'replay') return { action, ...recentDays(nowMs) };
  if (action !== 'verify' && action !== 'rewrite') throw new UsageError(`there is no command ${action}`);
  const byDefault = action === 'verify' ? recentDays(nowMs) : undefined;
  const fromMs = parseDay('from', values.from) ?? byDefault?.fromMs;
  const toMs = parseDay('to', values.to) ?? byDefault?.toMs;
  if (fromMs === undefined) throw new UsageError('--from is wanted');
  if (toMs === undefined) throw new UsageError('--to is wanted');
  if (fromMs >= toMs) throw new UsageError('--from must be before --to');
  return { action, fromMs, toMs };
}

/** Runs a command; resolves when there is nothing more to say. */
export async function runInfluxCommand(options: CommandOptions, command: InfluxCommand): Promise<void> {
  if (!options.config.INFLUX_URL) throw new UsageError('INFLUX_URL is not set: there is no copy');
  if (command.action === 'status') await showStatus(options);
  else await placeAndWait(options, command.action, command);
}

async function placeAndWait(
  { database, now, print, signal }: CommandOptions,
  action: OrderAction,
  { fromMs, toMs }: Pick<InfluxCommand, 'fromMs' | 'toMs'>,
): Promise<void> {
  const id = await placeOrder(database, { action, fromMs, toMs, now: now() });
  print(`order ${id}: ${action}${action === 'replay' ? '' : ` ${day(fromMs)} to ${day(toMs)}`}`);
  const placedAt = now();
  let hasWarned = false;
  let shown = 0;
  while (!signal?.aborted) {
    const row = await database
      .selectFrom('influx_orders')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row || row.done_at !== null) {
      print(row?.outcome ?? 'done');
      return;
    }
    const position = Number(row.position ?? 0);
    if (position > shown) print(`  the journal is gone through up to ${position.toLocaleString('en')}`);
    shown = Math.max(shown, position);
    if (!hasWarned && now() - placedAt > TAKEN_WITHIN_MS) {
      hasWarned = true;
      print('  it waits: does Siaga run, and does InfluxDB answer? See status');
    }
    await delay(LOOK_EVERY_MS, undefined, signal ? { signal } : {}).catch(() => undefined);
  }
}

async function showStatus({ config, database, print, now }: CommandOptions): Promise<void> {
  const { SIAGA_DATA_DIR: folder } = config;
  const row = await database
    .selectFrom('cursors')
    .select('position')
    .where('consumer', '=', INFLUX_CONSUMER)
    .executeTakeFirst();
  const position = Number(row?.position ?? 0);
  const lastId = lastIdOf(`${folder}/journal.db`);
  const behind =
    lastId === undefined
      ? ''
      : ` of ${lastId.toLocaleString('en')} (${(lastId - position).toLocaleString('en')} to go)`;
  print(`copied    ${position.toLocaleString('en')}${behind}`);
  print(`server    ${await askServer(config, database, now)}`);
  const kept = await createSetAside(`${folder}/influx-set-aside.jsonl`).read();
  print(`set aside ${kept.length} lines`);
  for (const { at, reason, line } of kept.slice(-SHOWN)) {
    print(`  ${new Date(at).toISOString()} ${reason}`);
    print(`    ${line.slice(0, 200)}`);
  }
  const orders = await database
    .selectFrom('influx_orders')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(SHOWN)
    .execute();
  for (const { id, action, from_ms, to_ms, done_at, outcome } of orders) {
    const range = action === 'replay' ? '' : ` ${day(Number(from_ms))} to ${day(Number(to_ms))}`;
    print(`order ${id}   ${action}${range}: ${done_at === null ? 'open' : outcome}`);
  }
}

/** The server and its mark, or why there is none. */
async function askServer(config: Config, database: Database, now: () => number): Promise<string> {
  const agent = new Agent();
  const server = createInfluxServer(
    {
      url: config.INFLUX_URL as string,
      token: config.INFLUX_TOKEN,
      tokenFile: config.INFLUX_TOKEN_FILE,
      org: config.INFLUX_ORG,
      bucket: config.INFLUX_BUCKET,
      retentionDays: config.INFLUX_RETENTION_DAYS,
    },
    agent,
    AbortSignal.timeout(20_000),
  );
  try {
    await server.detect();
    const mark = await new CursorMark({ city: config.SIAGA_CITY, server, database, now }).read();
    return `${server.name}, its mark says ${mark.toLocaleString('en')}`;
  } catch (error) {
    return `${server.name}: ${describeError(error)}`;
  } finally {
    agent.destroy();
  }
}

function lastIdOf(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  using journal = openJournalFileReadOnly(file);
  return readLastId(journal);
}

async function main(words: readonly string[]): Promise<void> {
  if (words.length === 0 || words.includes('--help') || words.includes('-h')) {
    console.log(HELP);
    return;
  }
  const command = parseInfluxCommand(words, Date.now());
  const config = parseConfig(process.env);
  const database = await openDatabase(config);
  const left = new AbortController();
  process.once('SIGINT', () => left.abort());
  try {
    const print = (line: string) => console.log(line);
    await runInfluxCommand({ config, database, now: Date.now, print, signal: left.signal }, command);
  } finally {
    await database.destroy();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  allowClosedPipe();
  await main(process.argv.slice(2)).catch((error: unknown) => {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const isUsage = code === 'USAGE' || code.startsWith('ERR_PARSE_ARGS');
    console.error(isUsage ? `${message}\n\n${HELP}` : message);
    process.exitCode = isUsage ? 2 : 1;
  });
}
