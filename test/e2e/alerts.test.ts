/**
 * The alarms on the whole server, over real MQTT and HTTP, killed (SIGKILL) and started again: what people said
 * of an alert, what they silenced, and what the city's folder overrides hold as before.
 *
 * The city is Semarang with a rule of its own for one gauge, in a folder beside the code that it is copied from.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadCity } from '../../cities/city.ts';
import type { RiverGauge } from '../../devices/kinds/river-gauge.ts';
import { eventually } from '../support/eventually.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const ROOT = join(import.meta.dirname, '../..');
const MINUTE = 60_000;
/** Two gauges that are not upstream of one another. */
const [patient, watched] = ['silandak-purwoyoso', 'tenggang-kaligawe'].map((id) =>
  loadCity('semarang').devices.find((each) => each.id === id),
) as [RiverGauge, RiverGauge];
/** Its lower levels must be met for an hour. */
const OVERRIDE = { rule: 'river-level', device: patient.id, parameters: { pendingMs: 60 * MINUTE } };

let folder: DataFolder;
let root: string;
let server: RunningSiaga;
let gauges: MqttClient;

beforeEach(async () => {
  folder = await createDataFolder();
  root = createRoot(folder.path);
  await start();
});
afterEach(async () => {
  await gauges?.endAsync(true);
  await server?.[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** The code by links, and the cities as a copy that may be changed. */
function createRoot(parent: string): string {
  const made = join(parent, 'root');
  mkdirSync(made);
  for (const name of readdirSync(ROOT)) {
    if (name !== 'cities' && name !== 'data') symlinkSync(join(ROOT, name), join(made, name));
  }
  cpSync(join(ROOT, 'cities'), join(made, 'cities'), { recursive: true });
  const file = join(made, 'cities/semarang/city.json');
  const city = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...city, alertRules: [...(city.alertRules ?? []), OVERRIDE] }));
  return made;
}

async function start(): Promise<void> {
  server = await startSiaga({
    dataDir: folder.path,
    environment: { NODE_OPTIONS: '--preserve-symlinks --preserve-symlinks-main' },
    prefix: ['sh', '-c', 'cd "$0" && exec "$@"', root],
  });
  gauges = await connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { reconnectPeriod: 0 });
}

async function killAndStart(meanwhile: () => void): Promise<void> {
  await server.kill();
  await gauges.endAsync(true);
  meanwhile();
  await start();
}

/** Readings a minute apart, the last one measured just now. Resolves when they are on disk. */
async function say({ id }: RiverGauge, ...levelsM: number[]): Promise<void> {
  const firstMs = Date.now() - (levelsM.length - 1) * MINUTE;
  const readings = levelsM.map((levelM, index) => ({ measuredAt: firstMs + index * MINUTE, levelM }));
  await gauges.publishAsync(`siaga/semarang/river-gauge/${id}/telemetry`, JSON.stringify(readings), {
    qos: 1,
  });
}

interface AlertJson {
  readonly id: string;
  readonly subject: string;
  readonly severity: string;
  readonly state: string;
  readonly acknowledged: boolean;
  readonly silenced: boolean;
}

async function readLevels(): Promise<AlertJson[]> {
  const { alerts } = await server.get<{ alerts: AlertJson[] }>('/v1/alerts?state=open&rule=river-level');
  return alerts;
}

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(server.httpUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

/** What the broker holds for a siren that connects now. */
async function readRetained(topic: string): Promise<Record<string, unknown>> {
  const siren = await connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { reconnectPeriod: 0 });
  try {
    const heard = Promise.withResolvers<Record<string, unknown>>();
    siren.on('message', (_topic, payload) => heard.resolve(JSON.parse(payload.toString())));
    await siren.subscribeAsync(topic, { qos: 1 });
    return await heard.promise;
  } finally {
    await siren.endAsync(true);
  }
}

/** The first version did not say its format. */
function forgetFormat(): void {
  using state = new DatabaseSync(join(folder.path, 'state.db'), { timeout: 5_000 });
  state.exec(`delete from alert_engine where key = 'format'`);
}

test.each([
  ['', () => undefined],
  [', and the engine is rebuilt from the journal', forgetFormat],
])(
  'an acknowledgement, a silence and an override of the city outlive kill -9%s',
  async (_name, meanwhile) => {
    const [lowM, highM] = watched.thresholds.map(({ levelM }) => levelM) as [number, number];
    await say(watched, lowM - 0.2, lowM - 0.1, lowM + 0.05);
    const patientLowM = patient.thresholds[0]?.levelM as number;
    await say(patient, patientLowM - 0.1, patientLowM + 0.02);
    const [alert] = await eventually(async () => {
      const found = await readLevels();
      expect(found).toMatchObject([{ subject: watched.id, state: 'open', silenced: false }]);
      return found as [AlertJson];
    });
    await post(`/v1/alerts/${alert.id}/acknowledge`, { note: 'on it' });
    const endsAt = new Date(Date.now() + 60 * MINUTE).toISOString();
    await post('/v1/silences', { scope: 'device', target: watched.id, endsAt, note: 'works at the bridge' });

    await killAndStart(meanwhile);

    const { silences } = await server.get<{ silences: object[] }>('/v1/silences');
    expect(silences).toMatchObject([
      { scope: 'device', target: watched.id, endsAt, note: 'works at the bridge' },
    ]);
    const same = { id: alert.id, state: 'acknowledged', acknowledged: true, severity: alert.severity };
    await eventually(async () => expect(await readLevels()).toMatchObject([{ ...same, silenced: true }]));
    expect(await readRetained(`siaga/semarang/alerts/${alert.id}`)).toMatchObject(same);

    await say(patient, patientLowM + 0.03);
    await say(watched, highM + 0.05);
    await eventually(async () => {
      const found = await readLevels();
      // A higher level asks again; the other gauge still waits for its hour.
      expect(found).toMatchObject([
        { id: alert.id, state: 'open', acknowledged: false, severity: watched.thresholds[1]?.severity },
      ]);
    });
  },
  60_000,
);
