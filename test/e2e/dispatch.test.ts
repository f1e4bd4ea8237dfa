/**
 * Dispatch on the whole server, over real MQTT and HTTP: a crew with a tracker, a dispatcher with the API.
 *
 *   call → recommendation → assignment → order → ack → en route → on scene → hospital → available → closed
 *
 * The server is killed (SIGKILL) and started again between any two steps. Timers are proven on a moved clock in
 * test/unit/dispatch; here nothing waits for one.
 */
import { connectAsync, type MqttClient } from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

/** Near Simpang Lima. */
const SCENE = { lat: -6.9903, lng: 110.4229 };
const UNIT = 'ambulans-05';

interface Incident {
  readonly id: number;
  readonly assignments: { id: number; unit: string; step: string; timeline: Record<string, string | null> }[];
}
interface Proposal {
  readonly transport: {
    candidates: { unit: string; unitVersion: number; etaSource: string; warnings: string[] }[];
    etaSource: string;
  };
  readonly destinations: { id: string }[];
}

let folder: DataFolder;
let server: RunningSiaga;
let crew: Crew;

beforeEach(async () => {
  folder = await createDataFolder();
  server = await startSiaga({ dataDir: folder.path });
});
afterEach(async () => {
  await crew?.end();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** A tracker and a handset in one vehicle. */
class Crew {
  readonly #unit: string;
  readonly #client: MqttClient;
  readonly orders: { command: string; assignment: string; incident?: { id: string } }[] = [];
  #seq = Date.now();

  private constructor(unit: string, client: MqttClient) {
    this.#unit = unit;
    this.#client = client;
    client.on('message', (_topic, payload) => this.orders.push(JSON.parse(payload.toString('utf8'))));
  }

  static async connect(unit: string, mqttPort: number): Promise<Crew> {
    const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: unit, reconnectPeriod: 0 });
    const made = new Crew(unit, client);
    await client.subscribeAsync(made.#topic('command'), { qos: 1 });
    return made;
  }

  /** Resolves at the PUBACK: the reading is on disk. */
  async report(status: string, at = SCENE, speedMps = 0, ageMs = 0): Promise<void> {
    const measuredAt = new Date(Date.now() - ageMs).toISOString();
    const reading = { ...at, measuredAt, accuracyM: 6, speedMps, batteryPct: 90, status, seq: ++this.#seq };
    await this.#client.publishAsync(this.#topic('telemetry'), JSON.stringify(reading), { qos: 1 });
  }

  async answer(ack: 'accepted' | 'refused', assignment: string): Promise<void> {
    await this.#client.publishAsync(this.#topic('ack'), JSON.stringify({ assignment, ack }), { qos: 1 });
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }

  #topic(channel: string): string {
    return `siaga/semarang/ambulance/${this.#unit}/${channel}`;
  }
}

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

const readIncident = (id: number) => server.get<Incident>(`/v1/incidents/${id}`);
const untilStep = (incident: number, step: string) =>
  eventually(async () => {
    const read = await readIncident(incident);
    const last = read.assignments.at(-1);
    expect(last?.step).toBe(step);
    return last as Incident['assignments'][0];
  });

async function report(): Promise<number> {
  const call = { classification: 'real', category: 'trauma', priority: 1, needsTransport: true, ...SCENE };
  return (await post<Incident>('/v1/incidents', call)).id;
}

/** The candidate as the API recommends it, once the unit's first reading has arrived there. */
async function propose(incident: number): Promise<Proposal> {
  return eventually(async () => {
    const proposal = await server.get<Proposal>(`/v1/incidents/${incident}/recommendation?role=transport`);
    expect(proposal.transport.candidates.map(({ unit }) => unit)).toContain(UNIT);
    return proposal;
  });
}

async function assign(incident: number, key: string): Promise<void> {
  const { transport, destinations } = await propose(incident);
  const { unit, unitVersion } = transport.candidates.find((each) => each.unit === UNIT) as {
    unit: string;
    unitVersion: number;
  };
  const body = { unit, unitVersion, role: 'transport', hospital: destinations[0]?.id };
  await post(`/v1/incidents/${incident}/assignments`, body, key);
}

/** kill -9, start on the same data, and the crew's tracker connects again. */
async function restart(): Promise<void> {
  const { orders } = crew;
  await server.kill();
  await crew.end();
  server = await startSiaga({ dataDir: folder.path });
  crew = await Crew.connect(UNIT, server.mqttPort);
  crew.orders.push(...orders);
}

test.each([
  ['undisturbed', false],
  ['killed and started again between any two steps', true],
])(
  'from the call to back in service, %s: every time is there and in order',
  async (_name, disturbed) => {
    const disturb = async () => {
      if (disturbed) await restart();
    };
    crew = await Crew.connect(UNIT, server.mqttPort);
    // 1.5 km away five minutes ago: it will be on scene without a jump that nobody would believe.
    await crew.report('available', { lat: -6.985, lng: 110.41 }, 0, 5 * 60_000);
    const incident = await report();
    const { transport } = await propose(incident);
    expect(transport.candidates[0]).toMatchObject({ unit: UNIT, etaSource: 'road', warnings: [] });
    await disturb();
    await assign(incident, 'the-first-key');
    const order = await eventually(() => {
      expect(crew.orders[0]).toMatchObject({
        command: 'dispatch',
        incident: { id: String(incident), ...SCENE },
      });
      return crew.orders[0] as Crew['orders'][0];
    });
    await disturb();
    await crew.answer('accepted', order.assignment);
    await untilStep(incident, 'acknowledged');
    for (const [status, step, speedMps] of [
      ['en-route', 'en-route', 9],
      ['on-scene', 'on-scene', 0],
      ['transporting', 'left-scene', 9],
      ['at-hospital', 'at-destination', 0],
      ['available', 'completed', 0],
    ] as const) {
      await disturb();
      await crew.report(status, SCENE, speedMps);
      await untilStep(incident, step);
    }
    const { timeline } = await untilStep(incident, 'completed');
    const { handedOverAt, warnedAt, escalatedAt, ...told } = timeline;
    // Nobody said when the patient was handed over: that time stays empty.
    expect({ handedOverAt, warnedAt, escalatedAt }).toEqual({
      handedOverAt: null,
      warnedAt: null,
      escalatedAt: null,
    });
    const { arrivalProposedAt, ...steps } = told;
    const stepNames = [
      'reservedAt',
      'dispatchedAt',
      'acknowledgedAt',
      'enRouteAt',
      'onSceneAt',
      'leftSceneAt',
      'atDestinationAt',
      'endedAt',
    ];
    expect(Object.keys(steps)).toEqual(stepNames);
    const times = stepNames.map((name) => Date.parse(steps[name] as string));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(arrivalProposedAt).not.toBeNull();
    expect(await post<Incident>(`/v1/incidents/${incident}/close`, { outcome: 'transported' })).toMatchObject(
      {
        outcome: 'transported',
      },
    );
    await propose(await report());
  },
  180_000,
);

test('what a crew had said before it was sent, and what arrives after it, moves nothing', async () => {
  crew = await Crew.connect(UNIT, server.mqttPort);
  await crew.report('available', SCENE, 0, 60_000);
  const incident = await report();
  await assign(incident, 'the-first-key');
  await eventually(() => expect(crew.orders).not.toEqual([]));
  for (const [status, ageMs] of [
    ['en-route', 50_000],
    ['on-scene', 30_000],
    ['available', 10_000],
  ] as const)
    await crew.report(status, SCENE, 0, ageMs);
  await crew.answer('accepted', (crew.orders[0] as Crew['orders'][0]).assignment);
  const { timeline } = await untilStep(incident, 'acknowledged');
  expect(timeline).toMatchObject({
    enRouteAt: null,
    onSceneAt: null,
    arrivalProposedAt: null,
    endedAt: null,
  });
  await crew.report('en-route', SCENE, 9);
  await untilStep(incident, 'en-route');
});

test('a crew that refuses is free for the next call; one whose order is cancelled is told', async () => {
  crew = await Crew.connect(UNIT, server.mqttPort);
  await crew.report('available');
  const incident = await report();
  await assign(incident, 'the-first-key');
  await eventually(() => expect(crew.orders).toHaveLength(1));
  await crew.answer('refused', (crew.orders[0] as Crew['orders'][0]).assignment);
  await untilStep(incident, 'refused');
  await assign(incident, 'the-second-key');
  const { id } = await untilStep(incident, 'dispatched');
  await post(`/v1/incidents/${incident}/assignments/${id}/status`, {
    status: 'cancelled',
    reason: 'walked home',
  });
  await eventually(() => {
    expect(crew.orders.at(-1)).toMatchObject({ command: 'cancel', assignment: String(id) });
  });
  await untilStep(incident, 'cancelled');
});

test('an ack that is none is kept as a rejection with a sentence', async () => {
  crew = await Crew.connect(UNIT, server.mqttPort);
  await crew.answer('accepted', '4711');
  const { rejections } = await server.get<{ rejections: { reason: string; detail: string }[] }>(
    '/v1/rejections',
  );
  expect(rejections).toMatchObject([{ reason: 'bad-ack', detail: 'there is no assignment 4711' }]);
});

test('a hospital of the city reports its beds by MQTT under its own id, and dispatch knows them with their source', async () => {
  const client = await connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { clientId: 'rsup-kariadi' });
  try {
    const topic = 'siaga/semarang/hospital/rsup-kariadi/telemetry';
    await client.publishAsync(topic, JSON.stringify({ emergencyFree: 4, queue: 2, seq: 1 }), { qos: 1 });
    await eventually(async () => {
      const { hospitals } = await server.get<{ hospitals: { id: string }[] }>('/v1/hospitals');
      expect(hospitals.find(({ id }) => id === 'rsup-kariadi')).toMatchObject({
        free: { emergency: 4, intensive: null, ward: null, queue: 2 },
        source: 'mqtt',
        stale: false,
      });
    });
    const device = await server.get<object>('/v1/devices/rsup-kariadi');
    expect(device).toMatchObject({ kind: 'hospital', liveness: 'online', site: { class: 'A' } });
  } finally {
    await client.endAsync(true);
  }
});
