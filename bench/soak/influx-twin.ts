/**
 * The copy in a real InfluxDB beside a soak: what befalls it, and whether it is a twin of history in the end.
 *
 * Invariant: every value of every device is compared, as people get it from the API and as Grafana gets it.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { askValues } from '../../test/support/compare-copies.ts';
import type { Influxd } from '../../test/support/influxd.ts';
import type { RunningSiaga } from '../../test/support/start-siaga.ts';
import type { NumberedDevice } from './numbered-devices.ts';

const ROOT = join(import.meta.dirname, '../..');
const AWAY_MS = 15_000;
const PAGE = 10_000;

export interface Twin {
  readonly influxd: Influxd;
  /** Of Siaga: where its copy is. */
  readonly environment: Readonly<Record<string, string>>;
}

export const createTwin = (influxd: Influxd): Twin => ({
  influxd,
  environment: { INFLUX_URL: influxd.url },
});

/** What befalls the copy; each ends with an InfluxDB that answers. */
export const TWIN_FAULTS: Readonly<Record<string, (twin: Twin, dataDir: string) => Promise<void>>> = {
  'InfluxDB killed': async ({ influxd }) => {
    await influxd.kill();
    await delay(AWAY_MS);
    await influxd.start();
  },
  'points deleted': async ({ influxd, environment }, dataDir) => {
    await askValues(influxd.url, `DELETE FROM river_gauge WHERE time > now() - 10m AND time < now() - 2m`);
    await verify(environment, dataDir);
  },
  "a stranger's line": async ({ influxd }) => {
    const line = 'wifi_access_point,city=other,device=x rssiDbm="weak" 1000';
    await fetch(`${influxd.url}/write?db=siaga&precision=ms`, { method: 'POST', body: line });
  },
  'InfluxDB wiped': async ({ influxd }) => {
    await influxd.kill();
    await influxd.wipe();
    await delay(AWAY_MS);
    await influxd.start();
  },
};

/** `npm run influx -- verify` over what the soak has written; resolves when it has ended. */
async function verify(environment: Readonly<Record<string, string>>, dataDir: string): Promise<void> {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const range = ['--from', day(Date.now() - 86_400_000), '--to', day(Date.now() + 2 * 86_400_000)];
  await promisify(execFile)(process.execPath, ['influx/cli.ts', 'verify', ...range], {
    cwd: ROOT,
    env: { ...environment, SIAGA_DATA_DIR: dataDir, PATH: process.env['PATH'] },
  });
}

export interface TwinReport {
  /** Values in history. */
  readonly values: number;
  /** Of these, in InfluxDB with another value or not at all. */
  readonly different: number;
  /** Points in InfluxDB that history does not have. */
  readonly beyond: number;
  /** How long the copy needed after the last reading, s. */
  readonly caughtUpS: number;
}

/** Waits until the copy has everything, and compares. `fromMs` is before the first reading. */
export async function compareTwin(
  twin: Twin,
  server: RunningSiaga,
  devices: readonly NumberedDevice[],
  fromMs: number,
): Promise<TwinReport> {
  const sinceMs = performance.now();
  while ((await server.metric('siaga_backlog_entries', { consumer: 'influx' })) > 0) await delay(500);
  const caughtUpS = (performance.now() - sinceMs) / 1000;
  const sum = { values: 0, different: 0, beyond: 0 };
  for (const { id, kind } of devices) {
    const history = await readHistory(server, id, fromMs);
    const names = [...(deviceKinds.get(kind)?.quantityNames ?? [])];
    const columns = names.map((name) => `"${name}"`).join(', ');
    const measurement = deviceKinds.get(kind)?.measurement;
    const rows = await askValues(
      twin.influxd.url,
      `SELECT ${columns} FROM "${measurement}" WHERE "device" = '${id}' AND time >= ${fromMs}ms`,
    );
    const copied = new Map(rows.map(([atMs, ...values]) => [Number(atMs), values]));
    for (const [atMs, values] of history) {
      const there = copied.get(atMs);
      for (const [name, value] of Object.entries(values)) {
        sum.values++;
        if (there?.[names.indexOf(name)] !== value) sum.different++;
      }
      copied.delete(atMs);
    }
    sum.beyond += copied.size;
  }
  return { ...sum, caughtUpS };
}

type Values = Readonly<Record<string, number>>;

/** Every reading of a device, by its time in epoch ms, page by page. */
async function readHistory(server: RunningSiaga, id: string, fromMs: number): Promise<Map<number, Values>> {
  const found = new Map<number, Values>();
  const range = new URLSearchParams({ from: new Date(fromMs).toISOString(), limit: String(PAGE) });
  let next: string | undefined = `/v1/devices/${id}/readings?${range}`;
  while (next !== undefined) {
    const answer: Response = await fetch(new URL(next, server.httpUrl));
    if (answer.status === 429 || answer.status === 503) {
      await answer.arrayBuffer();
      await delay(1_000);
      continue;
    }
    if (!answer.ok) throw new Error(`${next}: ${answer.status} ${await answer.text()}`);
    const page = (await answer.json()) as { points: { at: string; values: Values }[]; next?: string };
    for (const { at, values } of page.points) found.set(Date.parse(at), values);
    next = page.next;
  }
  return found;
}
