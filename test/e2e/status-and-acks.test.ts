/**
 * `status` and `ack` on the whole server: a PUBACK means that they are on disk, and what they do is done once, also
 * when the server is killed (SIGKILL) between the two.
 *
 * That moment is made and not waited for: while another process holds the state database, nothing that an answer
 * does can be written, and the journal can.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const SCENE = { lat: -6.9903, lng: 110.4229 };
const UNIT = 'ambulans-05';
const TOPIC = `siaga/semarang/ambulance/${UNIT}`;

interface Incident {
  readonly id: number;
  readonly assignments: { id: number; step: string; timeline: Record<string, string | null> }[];
}

let folder: DataFolder;
let server: RunningSiaga;
let unit: MqttClient;

beforeEach(async () => {
  folder = await createDataFolder();
  server = await startSiaga({ dataDir: folder.path });
  unit = await connect();
});
afterEach(async () => {
  await unit.endAsync(true);
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const connect = () =>
  connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { clientId: UNIT, reconnectPeriod: 0 });

/** kill -9, and a start on the same data; nobody connects. */
async function restart(): Promise<void> {
  await server.kill();
  await unit.endAsync(true);
  server = await startSiaga({ dataDir: folder.path });
}

const publish = (channel: string, payload: object) =>
  unit.publishAsync(`${TOPIC}/${channel}`, JSON.stringify(payload), { qos: 1 });

const presence = async () => (await server.get<{ presence?: string }>(`/v1/devices/${UNIT}`)).presence;

async function post<T>(path: string, body: object, key?: string): Promise<T> {
  const response = await fetch(server.httpUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** An incident and the order that the unit has for it. */
async function order(): Promise<{ incident: number; assignment: string }> {
  const orders: { assignment: string }[] = [];
  unit.on('message', (_topic, payload) => orders.push(JSON.parse(payload.toString())));
  await unit.subscribeAsync(`${TOPIC}/command`, { qos: 1 });
  await publish('telemetry', { ...SCENE, accuracyM: 6, speedMps: 0, batteryPct: 90, status: 'available' });
  const call = { classification: 'real', category: 'trauma', priority: 1, needsTransport: true, ...SCENE };
  const { id } = await post<Incident>('/v1/incidents', call);
  const chosen = await eventually(async () => {
    const path = `/v1/incidents/${id}/recommendation?role=transport`;
    const proposal = await server.get<{
      transport: { candidates: { unit: string; unitVersion: number }[] };
      destinations: { id: string }[];
    }>(path);
    const candidate = proposal.transport.candidates.find((each) => each.unit === UNIT);
    expect(candidate).toBeDefined();
    return {
      unitVersion: candidate?.unitVersion,
      hospital: proposal.destinations[0]?.id,
    };
  });
  await post(
    `/v1/incidents/${id}/assignments`,
    { unit: UNIT, role: 'transport', ...chosen },
    'the-first-key',
  );
  const assignment = await eventually(() => {
    expect(orders).not.toEqual([]);
    return (orders[0] as { assignment: string }).assignment;
  });
  return { incident: id, assignment };
}

/** Nobody else writes to the state database until what this gives is called. */
function holdState(): () => void {
  const state = new DatabaseSync(join(folder.path, 'state.db'), { timeout: 20_000 });
  state.exec('begin immediate');
  return () => {
    state.exec('rollback');
    state.close();
  };
}

test('a status that was acknowledged is there after kill -9', async () => {
  await publish('status', { status: 'online' });
  await publish('status', { status: 'sleeping' });
  await restart();
  expect(await presence()).toBe('sleeping');
  unit = await connect();
  await publish('status', { status: 'online' });
  await eventually(async () => expect(await presence()).toBe('online'));
  await restart();
  expect(await presence()).toBe('online');
});

test('an answer that was acknowledged and not carried out is carried out after kill -9, once', async () => {
  const { incident, assignment } = await order();
  const release = holdState();
  await publish('ack', { assignment, ack: 'accepted' });
  const journalled = await server.metric('siaga_journal_messages_stored_total', { channel: 'ack' });
  await server.kill();
  release();
  expect(journalled).toBe(1);
  const taken = async () =>
    (await server.get<Incident>(`/v1/incidents/${incident}`)).assignments.map(({ step }) => step);
  await unit.endAsync(true);
  server = await startSiaga({ dataDir: folder.path });
  await eventually(async () => expect(await taken()).toEqual(['acknowledged']));
  // Carried out, and so passed: a further run has nothing to repeat.
  await restart();
  expect(await taken()).toEqual(['acknowledged']);
  expect(await server.metric('siaga_backlog_entries', { consumer: 'acks' })).toBe(0);
  const audit = new DatabaseSync(join(folder.path, 'state.db'), { readOnly: true });
  const acknowledged = audit
    .prepare("select count(*) as count from dispatch_audit where action like '%acknowledged%'")
    .get();
  audit.close();
  expect(acknowledged).toEqual({ count: 1 });
});

test('an order that was answered by the API and reached nobody is with its crew after kill -9, and old words move it not', async () => {
  await unit.endAsync(true);
  const orders: { assignment: string; retain: boolean }[] = [];
  const connectCrew = async () => {
    const client = await connect();
    client.on('message', (_topic, payload, { retain }) =>
      orders.push({ ...(JSON.parse(payload.toString()) as { assignment: string }), retain }),
    );
    await client.subscribeAsync(`${TOPIC}/command`, { qos: 1 });
    return client;
  };
  unit = await connectCrew();
  const fact = (status: string, agoMs: number) => ({
    ...{ ...SCENE, accuracyM: 6, speedMps: 0, batteryPct: 90, status },
    measuredAt: Date.now() - agoMs,
  });
  for (let count = 0; count < 3; count++) await publish('telemetry', fact('available', 0));
  const call = { classification: 'real', category: 'trauma', priority: 1, needsTransport: true, ...SCENE };
  const { id } = await post<Incident>('/v1/incidents', call);
  const unitVersion = await eventually(async () => {
    const path = `/v1/incidents/${id}/recommendation?role=transport`;
    const { transport } = await server.get<{
      transport: { candidates: { unit: string; unitVersion: number }[] };
    }>(path);
    const candidate = transport.candidates.find((each) => each.unit === UNIT);
    expect(candidate).toBeDefined();
    return candidate?.unitVersion;
  }, 60_000);
  // Its link is gone before the order, and the server is killed once it has answered.
  const said = [fact('en-route', 2_000), fact('on-scene', 1_500), fact('available', 1_000)];
  await unit.endAsync(true);
  await post(
    `/v1/incidents/${id}/assignments`,
    { unit: UNIT, role: 'transport', unitVersion },
    'the-one-key',
  );
  await server.kill();
  server = await startSiaga({ dataDir: folder.path });
  unit = await connectCrew();
  await publish('telemetry', said);
  await eventually(() => expect(orders.length).toBeGreaterThan(0), 60_000);
  const assignments = async () => (await server.get<Incident>(`/v1/incidents/${id}`)).assignments;
  await eventually(async () => expect((await assignments())[0]?.step).toBe('dispatched'), 60_000);
  expect((await assignments())[0]?.timeline).toMatchObject({ enRouteAt: null, onSceneAt: null });
  expect(new Set(orders.map(({ assignment }) => assignment)).size).toBe(1);
  expect(orders.every(({ retain }) => !retain)).toBe(true);
  await publish('ack', { assignment: orders[0]?.assignment, ack: 'accepted' });
  await eventually(async () => expect((await assignments())[0]?.step).toBe('acknowledged'), 60_000);
}, 180_000);

test('an answer that dispatch cannot take is acknowledged, and set aside once, over kills', async () => {
  const release = holdState();
  await publish('ack', { assignment: '7', ack: 'accepted' });
  await server.kill();
  release();
  await unit.endAsync(true);
  server = await startSiaga({ dataDir: folder.path });
  const reasons = async () => {
    const path = `/v1/rejections?device=${UNIT}`;
    return (await server.get<{ rejections: { reason: string }[] }>(path)).rejections.map(
      ({ reason }) => reason,
    );
  };
  await eventually(async () => expect(await reasons()).toEqual(['bad-ack']));
  await restart();
  await eventually(async () =>
    expect(await server.metric('siaga_backlog_entries', { consumer: 'acks' })).toBe(0),
  );
  expect(await reasons()).toEqual(['bad-ack']);
});
