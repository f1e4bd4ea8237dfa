/**
 * `npm run bench -- embedded-history [--gauges 100] [--days 30]`: history without InfluxDB.
 *
 * Gauges at one reading a minute go through the journal, in order of time as they would; then they are settled
 * and asked for, each question several times over different gauges, first in quiet and then beside an ingest
 * of 5,000 readings/s. Last, the newest reading of 5,000 devices, as asked for at every start.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Reading } from '../devices/reading.ts';
import type { History } from '../history/history.ts';
import { openSqliteHistory } from '../history/open-sqlite-history.ts';
import type { Journal } from '../journal/journal.ts';
import { openJournal } from '../journal/sqlite/open-journal.ts';

const START_MS = Date.UTC(2026, 0, 1);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const APPEND = 5_000;
const REPEATS = 20;
const BESIDE_READINGS_PER_S = 5_000;
const MANY_DEVICES = 5_000;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { gauges: { type: 'string', default: '100' }, days: { type: 'string', default: '30' } },
  });
  const directory = mkdtempSync(join(tmpdir(), 'siaga-bench-'));
  try {
    console.table(await benchHistory(directory, Number(values.gauges), Number(values.days)));
    console.table([await benchLatest(join(directory, 'latest.db'))]);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function benchHistory(directory: string, gauges: number, days: number) {
  const file = join(directory, 'journal.db');
  const historyFile = join(directory, 'history.db');
  await using journal = await open(file);
  const readings = gauges * days * 1440;
  const appendS = await timeS(() => fill(journal, gauges, days));
  await using history = await openSqliteHistory({
    file: historyFile,
    journalFile: file,
    city: 'semarang',
    retentionMs: 400 * DAY_MS,
    maxBytes: 20 * 1024 ** 3,
    log: pino({ level: 'error' }),
    metrics: new Registry(),
    now: Date.now,
    salvageJournal: (cause) => journal.salvage(cause),
  });
  const settleS = await timeS(() => history.settle());
  console.log(
    `${readings} readings of ${gauges} gauges over ${days} days: appended at ${perS(readings, appendS)}/s, ` +
      `settled at ${perS(readings, settleS)}/s; ${bytesEach(file, readings)} bytes each in the journal, ` +
      `${bytesEach(historyFile, readings)} in history`,
  );
  const rows: Record<string, string | number>[] = [];
  for (const question of QUESTIONS) {
    rows.push({ question: question.name, beside: 'quiet', ...(await ask(history, question, gauges, days)) });
  }
  const abort = new AbortController();
  const ingesting = keepIngesting(journal, abort.signal);
  for (const question of QUESTIONS) {
    rows.push({
      question: question.name,
      beside: '5,000/s',
      ...(await ask(history, question, gauges, days)),
    });
  }
  abort.abort();
  await ingesting;
  return rows;
}

interface Question {
  readonly name: string;
  ask(
    history: History,
    device: string,
    fromMs: number,
    toMs: number,
  ): Promise<{ points: readonly unknown[] }>;
}

function windows(name: string, everyMs: number): Question {
  return {
    name,
    ask: (history, device, fromMs, toMs) =>
      history.windows({
        ...{ kind: 'river-gauge', device, fromMs, toMs, limit: 10_000 },
        ...{ everyMs, fn: 'mean', timeZone: 'Asia/Jakarta' },
      }),
  };
}

const QUESTIONS: readonly Question[] = [
  windows('all days, mean of 5 min', 5 * MINUTE_MS),
  windows('all days, mean of 1 h', 60 * MINUTE_MS),
  windows('all days, mean of 1 day', DAY_MS),
  {
    name: 'one day, raw',
    ask: (history, device, fromMs) =>
      history.raw({ kind: 'river-gauge', device, fromMs, toMs: fromMs + DAY_MS, limit: 10_000 }),
  },
  {
    name: '10,000 points, raw',
    ask: (history, device, fromMs, toMs) =>
      history.raw({ kind: 'river-gauge', device, fromMs, toMs, limit: 10_000 }),
  },
];

async function ask(history: History, question: Question, gauges: number, days: number) {
  const times: number[] = [];
  let points = 0;
  for (let i = 0; i < REPEATS; i++) {
    const startedAt = performance.now();
    const device = `gauge-${(i * 7) % gauges}`;
    const page = await question.ask(history, device, START_MS, START_MS + days * DAY_MS);
    times.push(performance.now() - startedAt);
    points = page.points.length;
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(share * (times.length - 1))] as number).toFixed(1);
  return { points, 'p50 ms': at(0.5), 'worst ms': at(1) };
}

async function benchLatest(file: string) {
  const fleet = Array.from({ length: MANY_DEVICES * 4 }, (_, n) =>
    reading(n % MANY_DEVICES, Math.floor(n / MANY_DEVICES)),
  );
  {
    await using journal = await open(file);
    for (let from = 0; from < fleet.length; from += APPEND)
      await journal.append(fleet.slice(from, from + APPEND), []);
  }
  const startedAt = performance.now();
  await using journal = await open(file);
  const openMs = performance.now() - startedAt;
  const times: number[] = [];
  let devices = 0;
  for (let i = 0; i < REPEATS; i++) {
    const askedAt = performance.now();
    devices = (await journal.latest()).length;
    times.push(performance.now() - askedAt);
  }
  const first = (times[0] as number).toFixed(1);
  times.sort((a, b) => a - b);
  return {
    question: 'latest of all',
    devices,
    'first ms': first,
    'p50 ms': (times[REPEATS / 2] as number).toFixed(1),
    'open ms': openMs.toFixed(0),
  };
}

async function fill(journal: Journal, gauges: number, days: number): Promise<void> {
  let batch: Reading[] = [];
  for (let minute = 0; minute < days * 1440; minute++) {
    for (let gauge = 0; gauge < gauges; gauge++) batch.push(reading(gauge, minute));
    if (batch.length < APPEND) continue;
    await journal.append(batch, []);
    batch = [];
  }
  await journal.append(batch, []);
}

/** Other devices, now: what a running city brings in. */
async function keepIngesting(journal: Journal, signal: AbortSignal): Promise<void> {
  let minute = Math.floor((Date.now() - START_MS) / MINUTE_MS);
  while (!signal.aborted) {
    const slice = Array.from({ length: BESIDE_READINGS_PER_S / 100 }, (_, i) => reading(1_000 + i, minute));
    minute++;
    await Promise.all([journal.append(slice, []), delay(10)]);
  }
}

function reading(gauge: number, minute: number): Reading {
  const at = START_MS + minute * MINUTE_MS + gauge;
  return {
    city: 'semarang',
    kind: 'river-gauge',
    device: `gauge-${gauge}`,
    measuredAt: at,
    receivedAt: at + 300,
    seq: minute,
    simulated: false,
    quality: 0,
    values: { levelM: 1 + Math.sin(minute / 500), rainMm: minute % 3, batteryV: 12.6, rssiDbm: -71 },
  };
}

function open(file: string): Promise<Journal> {
  return openJournal({
    file,
    maxBatch: APPEND,
    maxWaitingBytes: 32 * 1024 ** 2,
    maxRejections: 1_000,
    retentionMs: 400 * DAY_MS,
    maxBytes: 20 * 1024 ** 3,
    log: pino({ level: 'error' }),
    metrics: new Registry(),
    now: Date.now,
  });
}

async function timeS(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return (performance.now() - startedAt) / 1000;
}

function perS(count: number, seconds: number): string {
  return Math.round(count / seconds).toLocaleString('en');
}

function bytesEach(file: string, readings: number): number {
  return Math.round(statSync(file).size / readings);
}
