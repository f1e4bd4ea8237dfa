/**
 * An upgrade, rehearsed: what the first version left, killed in the middle of a flood and a call, is taken over by
 * this one.
 *
 * The first version is taken from the repository's own history and gets the packages that it names. Skipped with a
 * message where neither is at hand: a clone without history, a machine without a package registry.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

/** The last commit of the first version: no city could be changed, secrets were kept as scrypt, MQTT was 3.1.1. */
const FIRST_VERSION = '55de945404293e70315c596c577c19a22a6bbed7';
const ROOT = join(import.meta.dirname, '../..');
const TIMEOUT_MS = 300_000;
const WITH_CREDENTIALS = { MQTT_AUTH: 'true', API_AUTH: 'true' };

const GAUGE = 'bendung-simongan';
const UNIT = 'motor-01';
const READINGS = 200;
/** Above its highest step, 1.8 m. */
const FLOOD_M = 1.95;

interface Alert {
  readonly id: string;
  readonly rule: string;
  readonly subject: string;
  readonly state: string;
  readonly severity: string;
  readonly startedAt: string;
  readonly acknowledgedBy: string | null;
}
interface Incident {
  readonly id: number;
  readonly place: string;
  readonly caller: { readonly phone: string };
  readonly assignments: readonly { readonly unit: string; readonly step: string }[];
}

const code = mkdtempSync(join(tmpdir(), 'siaga-first-version-'));
let folder: DataFolder;
let server: RunningSiaga | undefined;
let token: string;
const secrets = new Map<string, string>();

/** Undefined where the first version stands in `code` with its packages, else why not. */
function firstVersionMissing(): string | undefined {
  const archive = spawnSync('git', ['archive', FIRST_VERSION], { cwd: ROOT, maxBuffer: 256 * 1024 ** 2 });
  if (archive.status !== 0) return 'the first version is not in this clone: git fetch --unshallow';
  execFileSync('tar', ['x', '-C', code], { input: archive.stdout });
  const words = ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  if (spawnSync('npm', words, { cwd: code, stdio: 'ignore' }).status !== 0)
    return 'npm does not get the packages of the first version here';
  return undefined;
}

async function call<T>(method: string, path: string, body?: object, headers = {}): Promise<T> {
  const response = await fetch(server?.httpUrl + path, {
    method,
    headers: {
      connection: 'close',
      authorization: `Bearer ${token}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  expect(response.ok, `${method} ${path}: ${response.status} ${text}`).toBe(true);
  return JSON.parse(text) as T;
}
const connectAs = (id: string): Promise<MqttClient> =>
  connectAsync(`mqtt://127.0.0.1:${server?.mqttPort}`, {
    clientId: id,
    username: id,
    password: secrets.get(id) as string,
    reconnectPeriod: 0,
  });
async function command(file: string, words: readonly string[]): Promise<string> {
  const { code: exit, stdout, stderr } = await runCommand(file, words, folder.path, [], code);
  expect(exit, stderr).toBe(0);
  return stdout.split('\n')[0] as string;
}
const say = (client: MqttClient, kind: string, id: string, payload: object | string) =>
  client.publishAsync(
    `siaga/semarang/${kind}/${id}/telemetry`,
    typeof payload === 'string' ? payload : JSON.stringify(payload),
    { qos: 1 },
  );
/** Levels from number `first` on, in order, as an offline buffer comes. */
async function sayAll(
  client: MqttClient,
  firstMs: number,
  everyMs: number,
  first: number,
  count: number,
  levelOf: (seq: number) => number,
): Promise<void> {
  const numbers = Array.from({ length: count }, (_, n) => n);
  await Promise.all(
    numbers.map((n) => {
      const seq = first + n;
      const reading = { measuredAt: firstMs + n * everyMs, seq, levelM: levelOf(seq) };
      return say(client, 'river-gauge', GAUGE, reading);
    }),
  );
}
const findAlert = async () =>
  (await call<{ alerts: Alert[] }>('GET', '/v1/alerts?limit=100')).alerts.find(
    ({ rule, subject }) => rule === 'river-level' && subject === GAUGE,
  ) as Alert;
async function countPoints(): Promise<number> {
  type Page = { points: object[]; next?: string };
  let count = 0;
  let path: string | undefined = `/v1/devices/${GAUGE}/readings?limit=1000`;
  while (path) {
    const page: Page = await call<Page>('GET', path);
    count += page.points.length;
    path = page.next;
  }
  return count;
}

let missing: string | undefined;
beforeAll(async () => {
  missing = firstVersionMissing();
  folder = await createDataFolder();
  mkdirSync(folder.path, { recursive: true });
}, TIMEOUT_MS);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
  rmSync(code, { recursive: true, force: true });
});

test('a flood, a call and a unit under way go on; devices, tokens and every reading are kept', {
  timeout: TIMEOUT_MS,
}, async ({ skip }) => {
  if (missing) skip(missing);
  for (const words of [[GAUGE], [UNIT], ['my-gauge', '--kind', 'river-gauge']])
    secrets.set(words[0] as string, await command('broker/credentials/cli.ts', ['add', ...words]));
  token = await command('api/tokens-cli.ts', ['make', 'budi', 'admin']);

  // The first version: a flood that was acknowledged by a person, a call with a unit on its way, a message nobody understood.
  server = await startSiaga({ dataDir: folder.path, environment: WITH_CREDENTIALS, code });
  const gauge = await connectAs(GAUGE);
  const firstMs = Date.now() - READINGS * 5_000;
  const rise = (n: number) => (n < 140 ? 0.9 + (n % 5) / 1_000 : Math.min(FLOOD_M, 0.9 + (n - 139) * 0.03));
  await sayAll(gauge, firstMs, 5_000, 0, READINGS, rise);
  const other = await connectAs('my-gauge');
  await say(other, 'river-gauge', 'my-gauge', 'nonsense');
  const crew = await connectAs(UNIT);
  const position = { lat: -6.99, lng: 110.42, accuracyM: 5, status: 'available' };
  await say(crew, 'ambulance', UNIT, { measuredAt: Date.now(), ...position });
  await eventually(async () => expect(await findAlert()).toMatchObject({ severity: 'extreme' }));
  const before = await findAlert();
  await call('POST', `/v1/alerts/${before.id}/acknowledge`, { note: 'seen' });
  const reported = { classification: 'real', priority: 1, place: 'Pasar Johar', lat: -6.97, lng: 110.424 };
  const incident = await call<Incident>('POST', '/v1/incidents', { ...reported, callerPhone: '0812' });
  const nearest = await call<{ candidates: { unit: string; unitVersion: number }[] }>(
    'GET',
    '/v1/ambulances/nearest?lat=-6.97&lng=110.424',
  );
  const { unitVersion } = nearest.candidates.find(({ unit }) => unit === UNIT) as { unitVersion: number };
  const order = { unit: UNIT, unitVersion, forceReason: 'the only one' };
  await call('POST', `/v1/incidents/${incident.id}/assignments`, order, { 'idempotency-key': 'upgrade-1' });
  await eventually(async () => expect(await countPoints()).toBe(READINGS));
  await server.kill();

  // This version, on the same folder.
  server = await startSiaga({ dataDir: folder.path, environment: WITH_CREDENTIALS });
  const after = await findAlert();
  expect(after).toMatchObject({ id: before.id, startedAt: before.startedAt, severity: 'extreme' });
  expect(after).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'budi' });
  await eventually(async () => expect(await countPoints()).toBe(READINGS));
  const kept = await call<Incident>('GET', `/v1/incidents/${incident.id}`);
  expect(kept).toMatchObject({ place: 'Pasar Johar', caller: { phone: '0812' } });
  expect(kept.assignments).toMatchObject([{ unit: UNIT }]);
  const rejections = await call<{ rejections: object[] }>('GET', '/v1/rejections?device=my-gauge');
  expect(rejections.rejections).toMatchObject([{ reason: 'not-json' }]);

  // Life goes on: old secrets are taken, the crew answers, the river falls, and it is the same alert that knows.
  const again = await connectAs(UNIT);
  await again.publishAsync(
    `siaga/semarang/ambulance/${UNIT}/ack`,
    JSON.stringify({ assignment: (kept.assignments as unknown as { id: number }[])[0]?.id, ack: 'accepted' }),
    { qos: 1 },
  );
  await eventually(async () => {
    const { assignments } = await call<Incident>('GET', `/v1/incidents/${incident.id}`);
    expect(assignments).toMatchObject([{ step: 'acknowledged' }]);
  });
  const falling = await connectAs(GAUGE);
  const fall = (n: number) => Math.max(0.9, FLOOD_M - (n - READINGS) * 0.01) + (n % 3) / 1_000;
  await sayAll(falling, firstMs + READINGS * 5_000, 100, READINGS, 400, fall);
  expect((await findAlert()).id).toBe(before.id);
  await eventually(async () => expect(await countPoints()).toBe(READINGS + 400));
  for (const client of [again, falling]) await client.endAsync(true);
});
