/**
 * Catching up after an outage: from the journal on disk into influxd, against a plain
 * script that posts ready-made lines to the same influxd, in turns.
 *
 * The processor time a line, of influxd and of Node, stands beside the rates: a busy machine disturbs it less.
 * Invariant: a rate counts only when InfluxDB holds every reading afterwards.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { createReadingFormat } from '../../influx/copy/reading-lines.ts';
import type { Journal } from '../../journal/journal.ts';
import type { Influxd } from '../../test/support/influxd.ts';
import { openBenchHouse, openBenchJournal } from './bench-house.ts';
import { readingAt } from './readings.ts';

/** The batch and the requests at once of the plain script: what InfluxData recommends, and what we do. */
const PLAIN_LINES = 5_000;
const PLAIN_IN_FLIGHT = 4;

/** Siaga and the plain script in turns, each into a database of its own. */
export async function benchCatchUp({ url, pid }: Influxd, folder: string, count: number, rounds: number) {
  const rows: Record<string, string | number>[] = [];
  await using journal = await openBenchJournal(join(folder, 'catch-up.db'));
  for (let at = 0; at < count; at += 5_000) {
    const size = Math.min(5_000, count - at);
    await journal.append(
      Array.from({ length: size }, (_, index) => readingAt(at + index)),
      [],
    );
  }
  const format = createReadingFormat(deviceKinds);
  const bodies: string[] = [];
  for (let at = 0; at < count; at += PLAIN_LINES) {
    const size = Math.min(PLAIN_LINES, count - at);
    bodies.push(Array.from({ length: size }, (_, index) => format(readingAt(at + index))).join('\n'));
  }
  const shares: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const plainRun = () => costOf(pid, count, () => plainRate(url, `plain${round}`, bodies, count));
    const oursRun = () => costOf(pid, count, () => catchUpRate(url, `ours${round}`, folder, journal, count));
    // In turns, and each database dropped behind its run: influxd compacts long after a write, and the run that
    // comes second would pay for the first.
    const first = await (round % 2 ? plainRun : oursRun)();
    await dropDatabases(url);
    const second = await (round % 2 ? oursRun : plainRun)();
    await dropDatabases(url);
    const [plain, ours] = round % 2 ? [first, second] : [second, first];
    shares.push(ours.rate / plain.rate);
    rows.push({
      round,
      'plain lines/s': Math.round(plain.rate),
      'Siaga readings/s': Math.round(ours.rate),
      share: Math.round((ours.rate / plain.rate) * 100) / 100,
      'plain: influxd µs': plain.influxdUs,
      'plain: Node µs': plain.nodeUs,
      'Siaga: influxd µs': ours.influxdUs,
      'Siaga: Node µs': ours.nodeUs,
    });
  }
  shares.sort((a, b) => a - b);
  console.log(`share, median of ${rounds} rounds: ${shares[shares.length >> 1]?.toFixed(2)}`);
  return rows;
}

async function dropDatabases(url: string): Promise<void> {
  const answer = await fetch(`${url}/query?q=SHOW+DATABASES`);
  const body = (await answer.json()) as { results: { series: { values: [string][] }[] }[] };
  for (const [name] of body.results[0]?.series[0]?.values ?? []) {
    if (name !== '_internal') await fetch(`${url}/query?q=DROP+DATABASE+${name}`, { method: 'POST' });
  }
}

/** Processor time a line of influxd (from /proc, 0 where there is none) and of this process, all threads. */
async function costOf(pid: number | undefined, count: number, work: () => Promise<number>) {
  const influxdBefore = processorTimeUs(pid);
  const nodeBefore = process.cpuUsage();
  const rate = await work();
  const { user, system } = process.cpuUsage(nodeBefore);
  const perLine = (us: number) => Math.round((us / count) * 10) / 10;
  return { rate, influxdUs: perLine(processorTimeUs(pid) - influxdBefore), nodeUs: perLine(user + system) };
}

/** Fields 14 and 15 of /proc/<pid>/stat, in ticks of 10 ms. */
function processorTimeUs(pid: number | undefined): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  const fields = readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

async function plainRate(
  url: string,
  name: string,
  bodies: readonly string[],
  count: number,
): Promise<number> {
  const created = await fetch(`${url}/query?q=CREATE+DATABASE+${name}`, { method: 'POST' });
  if (!created.ok || (await created.text()).includes('error')) throw new Error(`no database ${name}`);
  const startedAt = performance.now();
  let next = 0;
  const post = async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const answer = await fetch(`${url}/write?db=${name}&precision=ms`, { method: 'POST', body });
      if (answer.status !== 204) throw new Error(await answer.text());
    }
  };
  await Promise.all(Array.from({ length: PLAIN_IN_FLIGHT }, post));
  return (count / (performance.now() - startedAt)) * 1_000;
}

async function catchUpRate(url: string, name: string, folder: string, journal: Journal, count: number) {
  await using house = await openBenchHouse(url, name, folder, journal);
  const startedAt = performance.now();
  house.drain();
  while ((await house.cursor()) < journal.lastId) await delay(10);
  const rate = (count / (performance.now() - startedAt)) * 1_000;
  const answer = await fetch(
    `${url}/query?${new URLSearchParams({ db: name, q: 'SELECT count("quality") FROM river_gauge, wifi_access_point, ambulance' })}`,
  );
  const body = (await answer.json()) as { results: { series: { values: [string, number][] }[] }[] };
  const stored = body.results[0]?.series.reduce((sum, series) => sum + (series.values[0]?.[1] ?? 0), 0);
  if (stored !== count) throw new Error(`${stored} of ${count} readings are in InfluxDB`);
  return rate;
}
