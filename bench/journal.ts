/**
 * `npm run bench -- journal [--seconds 3] [--directory DIR]`: what a durable append costs.
 *
 * Shapes: every sender waits for its acknowledgement before it sends the next (`senders × readings an append`),
 * as devices with one publish in flight do; one shape is paced at 5,000/s. The commit is SQLite's with its
 * fsync; "main µs" is the processor time of the event loop's thread a reading, the bench's own loop included,
 * and "loop µs" the same loop without a journal. Directory: where the disk that is to be measured is.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import type { Reading } from '../devices/reading.ts';
import type { Journal } from '../journal/journal.ts';
import { openJournal } from '../journal/sqlite/open-journal.ts';

interface Shape {
  readonly senders: number;
  readonly readingsPerAppend: number;
  /** Appends a second of all; undefined is as fast as it goes. */
  readonly appendsPerS?: number;
}

const SHAPES: readonly Shape[] = [
  { senders: 1_000, readingsPerAppend: 1 },
  { senders: 2_000, readingsPerAppend: 1 },
  { senders: 200, readingsPerAppend: 1 },
  { senders: 100, readingsPerAppend: 50 },
  { senders: 1, readingsPerAppend: 1 },
  { senders: 500, readingsPerAppend: 1, appendsPerS: 5_000 },
];
/** Slices of a second in which the paced shape sends. */
const SLICES = 100;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '3' },
      directory: { type: 'string', default: tmpdir() },
    },
  });
  const rows = [];
  for (const shape of SHAPES)
    rows.push(await measure(shape, Number(values.seconds) * 1000, values.directory));
  console.table(rows);
}

async function measure(shape: Shape, durationMs: number, parent: string) {
  const directory = mkdtempSync(join(parent, 'siaga-bench-'));
  const metrics = new Registry();
  try {
    await using journal = await openJournal({
      file: join(directory, 'journal.db'),
      maxBatch: 5_000,
      maxWaitingBytes: 32 * 1024 * 1024,
      maxRejections: 1_000,
      retentionMs: 400 * 86_400_000,
      maxBytes: 20 * 1024 ** 3,
      log: pino({ level: 'error' }),
      metrics,
      now: Date.now,
    });
    await drive(shape, 500, (readings) => journal.append(readings, []));
    metrics.resetMetrics();
    const durable = await drive(shape, durationMs, (readings) => journal.append(readings, []));
    const bare = await drive(shape, 500, () => Promise.resolve());
    return { ...describe(shape), ...(await figures(durable, bare, metrics, journal)) };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function describe({ senders, readingsPerAppend, appendsPerS }: Shape) {
  return { shape: `${senders} × ${readingsPerAppend}${appendsPerS ? ` at ${appendsPerS}/s` : ''}` };
}

interface Driven {
  readonly readings: number;
  readonly wallMs: number;
  readonly threadUs: number;
  /** Of each append, ms. */
  readonly waits: number[];
}

async function drive(
  shape: Shape,
  durationMs: number,
  append: (readings: readonly Reading[]) => Promise<unknown>,
): Promise<Driven> {
  const waits: number[] = [];
  let readings = 0;
  const startedAt = performance.now();
  const until = startedAt + durationMs;
  const cpu = process.threadCpuUsage();
  const send = async (sender: number) => {
    const sent = Array.from({ length: shape.readingsPerAppend }, () => nextReading(sender));
    const sentAt = performance.now();
    await append(sent);
    waits.push(performance.now() - sentAt);
    readings += sent.length;
  };
  if (shape.appendsPerS) await pace(shape, until, send);
  else {
    const keepSending = async (sender: number) => {
      while (performance.now() < until) await send(sender);
    };
    await Promise.all(Array.from({ length: shape.senders }, (_, sender) => keepSending(sender)));
  }
  const used = process.threadCpuUsage(cpu);
  return { readings, wallMs: performance.now() - startedAt, threadUs: used.user + used.system, waits };
}

async function pace(
  { senders, appendsPerS = 1 }: Shape,
  until: number,
  send: (sender: number) => Promise<void>,
): Promise<void> {
  const sending = new Set<Promise<void>>();
  const perSlice = appendsPerS / SLICES;
  let sent = 0;
  const startedAt = performance.now();
  for (let slice = 1; performance.now() < until; slice++) {
    for (; sent < slice * perSlice; sent++) {
      const one = send(sent % senders).finally(() => sending.delete(one));
      sending.add(one);
    }
    await delay(Math.max(0, startedAt + (slice * 1000) / SLICES - performance.now()));
  }
  await Promise.all(sending);
}

let counted = 0;
function nextReading(sender: number): Reading {
  const n = counted++;
  const at = Date.now();
  return {
    city: 'semarang',
    kind: 'river-gauge',
    device: `gauge-${sender}`,
    measuredAt: at,
    receivedAt: at,
    seq: n,
    simulated: false,
    quality: 0,
    values: { levelM: 1 + (n % 4_000) / 1000, rainMm: 0.2, batteryV: 12.6, rssiDbm: -(n % 97) },
  };
}

async function figures(durable: Driven, bare: Driven, metrics: Registry, journal: Journal) {
  const sorted = Float64Array.from(durable.waits).sort();
  const quantile = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  const commits = (await metrics.getSingleMetric('siaga_journal_commit_seconds')?.get())?.values ?? [];
  const sum = commits.find(({ labels }) => labels && 'le' in labels && labels['le'] === '+Inf');
  const total = commits.find((value) => 'metricName' in value && String(value.metricName).endsWith('_sum'));
  const count = sum?.value ?? 1;
  return {
    'readings/s': Math.round((durable.readings / durable.wallMs) * 1000),
    'p50 ms': quantile(0.5),
    'p99 ms': quantile(0.99),
    'commit ms': (((total?.value ?? 0) / count) * 1000).toFixed(2),
    'readings/commit': Math.round(durable.readings / count),
    'main µs': (durable.threadUs / durable.readings).toFixed(2),
    'loop µs': (bare.threadUs / bare.readings).toFixed(2),
    stored: journal.lastId,
  };
}
