/**
 * The past that a city has in an InfluxDB, brought into Siaga by the command: a real influxd 1.6.7 with a year of what
 * Telegraf and Home Assistant wrote, and the real server; ended in the middle, and run again.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Influxd, influxdMissing, startInfluxd } from '../support/influxd.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

const DAY_MS = 86_400_000;
const GATEWAY = 'gateway:telegraf';
const missing = influxdMissing();

let folder: DataFolder;
let siaga: RunningSiaga;
let influxd: Influxd;
let words: string[];
/** A year ago, at midnight. */
const beginMs = Math.floor((Date.now() - 365 * DAY_MS) / DAY_MS) * DAY_MS;

beforeAll(async () => {
  if (missing) return;
  folder = await createDataFolder();
  [siaga, influxd] = await Promise.all([
    startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } }),
    startInfluxd(),
  ]);
  const secretFile = join(folder.path, 'secret');
  writeFileSync(secretFile, await devices('add', GATEWAY, '--format', 'line-protocol'));
  words = [
    'influx',
    '--from',
    influxd.url,
    '--db',
    'old',
    '--to',
    siaga.httpUrl,
    '--as',
    GATEWAY,
    '--secret-file',
    secretFile,
  ];
}, 120_000);
afterAll(async () => {
  await siaga?.[Symbol.asyncDispose]();
  await influxd?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function devices(...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand('broker/credentials/cli.ts', command, folder.path);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout.trim();
}
const importPast = (...more: string[]) =>
  runCommand('influx/import/cli.ts', [...words, ...more], folder.path);

async function fill(lines: readonly string[]): Promise<void> {
  const create = new URLSearchParams({ q: 'CREATE DATABASE old' });
  await fetch(`${influxd.url}/query`, { method: 'POST', body: create });
  for (let at = 0; at < lines.length; at += 5_000) {
    const body = lines.slice(at, at + 5_000).join('\n');
    const { status } = await fetch(`${influxd.url}/write?db=old&precision=ms`, { method: 'POST', body });
    expect(status).toBe(204);
  }
}

interface Page {
  readonly points: readonly { readonly at: string; readonly values: Record<string, number> }[];
  readonly next?: string;
}
async function pointsOf(device: string, from: number, to: number): Promise<Page['points']> {
  const range = `from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}&limit=10000`;
  return (await siaga.get<Page>(`/v1/devices/${device}/readings?${range}`)).points;
}

test.skipIf(missing)(
  'a year of the past is in Siaga, each point once, and raises no alert',
  { timeout: 300_000 },
  async () => {
    // A reading each 10 minutes of two gauges, level and battery in two measurements, with a day that was never written.
    const lines: string[] = [];
    const wanted: { at: string; values: Record<string, number> }[] = [];
    for (let n = 0; n < 12_000; n++) {
      const atMs = beginMs + n * 600_000 + (n > 3_000 ? 40 * DAY_MS : 0);
      const levelM = (100 + (n % 390)) / 100;
      lines.push(`radar,sensor=Radar\\ 7 level_m=${levelM},note="a \\"b\\"" ${atMs}`);
      lines.push(`power,sensor=Radar\\ 7 battery_v=12.5 ${atMs}`);
      lines.push(`radar,sensor=pi-2 level_m=2.5 ${atMs}`);
      wanted.push({ at: new Date(atMs).toISOString(), values: { levelM, batteryV: 12.5 } });
    }
    await fill(lines);

    const first = await importPast();
    expect(first).toMatchObject({ code: 3 });
    expect(first.stdout).toContain("2 names are no device's yet: pi-2, radar 7");
    await devices('claim', 'Radar 7', 'kreo-cepoko');
    await devices('claim', 'pi-2', 'garang-pudakpayung');

    const half = new Date(beginMs + 30 * DAY_MS).toISOString();
    expect(await importPast('--until', half)).toMatchObject({ code: 0 });
    const rest = await importPast();
    expect(rest).toMatchObject({ code: 0 });
    expect(rest.stdout).toContain('an earlier run came to');
    // Once more from the begin: what comes twice is stored once.
    expect(await importPast('--again')).toMatchObject({ code: 0 });

    const endMs = Date.now();
    const found: Page['points'][number][] = [];
    for (let fromMs = beginMs; fromMs < endMs; fromMs += 60 * DAY_MS) {
      found.push(...(await pointsOf('kreo-cepoko', fromMs, Math.min(endMs, fromMs + 60 * DAY_MS))));
    }
    expect(found).toEqual(wanted);
    const { alerts } = await siaga.get<{ alerts: { device: string }[] }>('/v1/alerts');
    expect(alerts.filter(({ device }) => ['kreo-cepoko', 'garang-pudakpayung'].includes(device))).toEqual([]);
  },
);

test.skipIf(missing)(
  'a wrong word, a measurement that is not there and a wrong secret are one sentence each',
  { timeout: 60_000 },
  async () => {
    expect(await importPast('--since', 'yesterday')).toMatchObject({ code: 2 });
    const other = await importPast('--measurement', 'ship');
    expect(other).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no measurement ship; there are: power, radar'),
    });
    writeFileSync(join(folder.path, 'wrong'), 'x'.repeat(32));
    const refused = await importPast('--secret-file', join(folder.path, 'wrong'));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('Siaga answers 401') });
  },
);
