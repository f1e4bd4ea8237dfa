/**
 * `npm run bench -- panels [--days 7] [--url http://127.0.0.1:8086] [--keep]`: how long Grafana's panels wait for
 * InfluxDB.
 *
 * Fills Debian's influxd with a week of 500 devices, some 12 million lines, has Siaga write its hours, and asks each
 * query of each dashboard as Grafana does for a range of a week on a screen that is 1,920 wide. Asked is an answer
 * within a second a panel. Beside the seconds stand those of influxd's processor, which say more on a busy machine.
 * With `--url` it asks a server that such a run has filled before and was told to `--keep`.
 */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { allDashboards } from '../dashboards/grafana/catalogue.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import { CopyHealth } from '../influx/copy/copy-health.ts';
import { createInfluxMetrics } from '../influx/copy/influx-metrics.ts';
import { createSetAside } from '../influx/copy/set-aside.ts';
import { createGrainLines } from '../influx/hourly/grain-lines.ts';
import { HourlyCopy } from '../influx/hourly/hourly-copy.ts';
import { hourlySources } from '../influx/hourly/hourly-form.ts';
import { createInfluxServer } from '../influx/server/influx-server.ts';
import { ask, queriesOf, resolveVariables } from '../test/support/grafana-variables.ts';
import { influxdMissing, startInfluxd } from '../test/support/influxd.ts';
import { CITY, weekOfLines } from './panels/week-of-lines.ts';

const LINES_A_WRITE = 20_000;
const DAY_MS = 86_400_000;
/** Grafana's own step for a week on a panel of half the screen. */
const INTERVAL = '10m';
const LIMIT_S = 1;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      days: { type: 'string', default: '7' },
      url: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const missing = influxdMissing();
  if (missing && values.url === undefined) throw new Error(missing);
  const toMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const range = { fromMs: toMs - Number(values.days) * DAY_MS, toMs, interval: INTERVAL };
  if (values.url !== undefined) {
    await measure(values.url, range, () => Number.NaN);
    return;
  }
  await using influxd = await startInfluxd();
  const processorS = () => processorOf(influxd.pid as number);
  console.log(`filled with ${await fill(influxd.url, range)} lines`);
  const [startedAt, beforeS] = [performance.now(), processorS()];
  const hours = await writeHours(influxd.url, toMs);
  const tookS = Math.round((performance.now() - startedAt) / 1_000);
  console.log(
    `${hours} hours written in ${tookS} s, ${Math.round(processorS() - beforeS)} s of influxd's processor`,
  );
  console.log(`load ${loadavg().map(Math.round).join(' ')} on ${availableParallelism()} cores`);
  await measure(influxd.url, range, processorS);
  if (!values.keep) return;
  console.log(`kept at ${influxd.url} until this ends (Ctrl-C)`);
  await delay(DAY_MS);
}

async function fill(url: string, { fromMs, toMs }: { fromMs: number; toMs: number }): Promise<number> {
  await ask(url, 'CREATE DATABASE "siaga"');
  let lines: string[] = [];
  let written = 0;
  const write = async () => {
    const body = lines.join('\n');
    written += lines.length;
    lines = [];
    const answer = await fetch(`${url}/write?db=siaga&precision=ms`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`InfluxDB took no lines: ${await answer.text()}`);
  };
  for (const line of weekOfLines(fromMs, toMs)) {
    lines.push(line);
    if (lines.length >= LINES_A_WRITE) await write();
  }
  if (lines.length > 0) await write();
  return written;
}

/** As the running Siaga does it, without its rests. */
async function writeHours(url: string, toMs: number): Promise<number> {
  const { signal } = new AbortController();
  const target = { url, token: undefined, org: 'siaga', bucket: 'siaga', retentionDays: 0 };
  const server = createInfluxServer(target, new Agent(), signal);
  await server.prepare();
  const registry = new Registry();
  const metrics = createInfluxMetrics(registry);
  const now = () => toMs;
  const delivery = {
    write: (lines: string) => server.write(lines),
    setAside: createSetAside(`${tmpdir()}/siaga-bench-set-aside.jsonl`),
    ...{ now, onFailure: () => undefined },
  };
  const hourly = new HourlyCopy({
    ...{ city: CITY, sources: hourlySources(deviceKinds), server, delivery, metrics, now, signal },
    health: new CopyHealth(pino({ level: 'warn' }), now, registry),
    isIdle: () => true,
    earliestMs: () => 0,
  });
  while (await hourly.step());
  await server.write(createGrainLines(CITY).linesAt(toMs, hourly.isComplete, 1).join('\n'));
  const { values } = await metrics.hours.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}

/** Seconds that a process has computed, of all its threads; the kernel counts hundredths. */
function processorOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function measure(
  url: string,
  range: { fromMs: number; toMs: number; interval: string },
  processorS: () => number,
): Promise<void> {
  for (const dashboard of allDashboards()) {
    // Its own figures are not filled in; they are few series.
    if (dashboard.uid === 'siaga-itself') continue;
    const rows: Record<string, { seconds: number; processorS: number; points: number; late: string }> = {};
    const situation = await resolveVariables(url, dashboard, CITY, range);
    for (const { where, query } of queriesOf(dashboard, situation)) {
      const [startedAt, beforeS] = [performance.now(), processorS()];
      const series = await ask(url, query);
      const computedS = Number((processorS() - beforeS).toFixed(2));
      const seconds = Number(((performance.now() - startedAt) / 1_000).toFixed(2));
      const points = series.reduce((sum, each) => sum + each.values.length, 0);
      rows[where] = { seconds, processorS: computedS, points, late: seconds > LIMIT_S ? 'late' : '' };
    }
    console.table(rows);
  }
}
