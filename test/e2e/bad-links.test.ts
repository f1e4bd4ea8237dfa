/**
 * Crews over links as the field has them, and a server that is killed and starts again: every order, change and
 * cancellation is with its crew at the end, once in effect, and no word is left over.
 */
import mqtt, { type MqttClient } from 'mqtt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BadLink } from '../support/bad-link.ts';
import { eventually } from '../support/eventually.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const CREWS = 16;
const ROUNDS = 3;
/** Near Simpang Lima. */
const SCENE = { lat: -6.9903, lng: 110.4229 };
const SETTLE_MS = 90_000;

interface Assignment {
  readonly id: number;
  readonly unit: string;
  readonly step: string;
  readonly words: {
    id: number;
    kind: string;
    reachedAt: string | null;
    endedAt: string | null;
    state: string;
  }[];
}
interface Incident {
  readonly id: number;
  readonly place: string | null;
  readonly assignments: Assignment[];
}
interface Command {
  readonly command: string;
  readonly word: string;
  readonly assignment?: string;
  readonly incident?: { readonly place: string | null };
}

/** A handset that takes each word once, answers it each time, and forgets nothing. */
class Crew {
  readonly unit: string;
  readonly link: BadLink;
  readonly #client: MqttClient;
  readonly #isClean: boolean;
  readonly #taken = new Set<string>();
  /** By assignment: the place to go to, or that it is off. */
  readonly orders = new Map<string, string | null | 'off'>();
  /** How often each word has had its effect. */
  readonly effects = new Map<string, number>();

  constructor(unit: string, link: BadLink, isClean: boolean) {
    this.unit = unit;
    this.link = link;
    this.#isClean = isClean;
    let hasSubscribed = false;
    this.#client = mqtt.connect(`mqtt://127.0.0.1:${link.port}`, {
      clientId: unit,
      clean: isClean,
      // A device subscribes once in a session that it keeps.
      resubscribe: false,
      reconnectPeriod: 200,
      connectTimeout: 3_000,
      keepalive: 2,
    });
    this.#client.on('error', () => undefined);
    this.#client.on('connect', ({ sessionPresent }) => {
      if (sessionPresent && hasSubscribed) return;
      this.#client.subscribe(this.#topic('command'), { qos: 1 }, (error) => {
        hasSubscribed = !error && !this.#isClean;
      });
    });
    this.#client.on('message', (_topic, payload) => this.#take(JSON.parse(payload.toString()) as Command));
  }

  report(): void {
    const reading = { ...SCENE, measuredAt: new Date().toISOString(), speedMps: 0, status: 'available' };
    this.#client.publish(this.#topic('telemetry'), JSON.stringify(reading), { qos: 1 }, () => undefined);
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
    await this.link[Symbol.asyncDispose]();
  }

  #take({ command, word, assignment, incident }: Command): void {
    const answer = {
      word,
      ...(assignment ? { assignment } : {}),
      ack: command === 'dispatch' ? 'accepted' : 'received',
    };
    this.#client.publish(this.#topic('ack'), JSON.stringify(answer), { qos: 1 }, () => undefined);
    if (this.#taken.has(word)) return;
    this.#taken.add(word);
    this.effects.set(word, (this.effects.get(word) ?? 0) + 1);
    if (assignment === undefined) return;
    if (command === 'cancel') this.orders.set(assignment, 'off');
    else if (this.orders.get(assignment) !== 'off') this.orders.set(assignment, incident?.place ?? null);
  }

  #topic(channel: string): string {
    return `siaga/semarang/ambulance/${this.unit}/${channel}`;
  }
}

let folder: DataFolder;
let server: RunningSiaga;
let crews: Crew[];
let reporting: NodeJS.Timeout;
beforeEach(async () => {
  folder = await createDataFolder();
  server = await startSiaga({ dataDir: folder.path });
  const { devices } = await server.get<{ devices: { id: string }[] }>('/v1/devices?kind=ambulance');
  const units = devices.slice(0, CREWS).map(({ id }) => id);
  crews = await Promise.all(
    units.map(
      async (unit, index) => new Crew(unit, await BadLink.open(() => server.mqttPort), index % 2 === 0),
    ),
  );
  reporting = setInterval(() => {
    for (const crew of crews) crew.report();
  }, 1_000);
});
afterEach(async () => {
  clearInterval(reporting);
  for (const crew of crews) await crew.end();
  await server[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

/** Asks until the server answers: it may be starting. A key makes it one deed. */
async function post<T>(path: string, body: object, key: string): Promise<T> {
  return eventually(async () => {
    const response = await fetch(server.httpUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    // A step that was taken before the answer was lost is taken.
    if (!response.ok && response.status !== 409) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }, SETTLE_MS);
}

async function restart(): Promise<void> {
  await server.kill();
  server = await startSiaga({ dataDir: folder.path });
}

const WEATHER: readonly ((link: BadLink) => void)[] = [
  (link) => Object.assign(link.weather, { delayMs: 120 }),
  (link) => Object.assign(link.weather, { isStalled: true }),
  (link) => Object.assign(link.weather, { bytesPerS: 400 }),
  (link) => Object.assign(link.weather, { isHalfOpen: true }),
  (link) => Object.assign(link.weather, { losesPubacks: true }),
  (link) => link.resetAfter(70),
  (link) => link.reset(),
];
const CALM = { delayMs: 0, bytesPerS: undefined, isStalled: false, isHalfOpen: false, losesPubacks: false };

/** One call for a crew: an order, then by its number a change, a cancellation, both or neither. */
async function serve(crew: Crew, round: number, number: number): Promise<number> {
  const name = `${round}-${crew.unit}`;
  const call = { classification: 'real', priority: 1, place: `first ${name}`, ...SCENE };
  const { id } = await post<Incident>('/v1/incidents', call, `call-${name}`);
  const unitVersion = await readVersion(crew.unit);
  const order = { unit: crew.unit, unitVersion, forceReason: 'a test of links' };
  const { id: assignment } = await post<Assignment>(
    `/v1/incidents/${id}/assignments`,
    order,
    `order-${name}`,
  );
  if (number % 4 >= 2)
    await post(`/v1/incidents/${id}/triage`, { place: `second ${name}` }, `change-${name}`);
  if (number % 2 === 1 || round < ROUNDS) {
    const url = `/v1/incidents/${id}/assignments/${assignment}/status`;
    await post(url, { status: 'cancelled', reason: 'a test of links' }, `cancel-${name}`);
  }
  return id;
}

/** As the lock of the unit stands: its assignments are cancelled before the next round. */
async function readVersion(unit: string): Promise<number> {
  const body = { inService: true };
  return eventually(async () => {
    const response = await fetch(`${server.httpUrl}/v1/ambulances/${unit}/service`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(await response.text());
    return ((await response.json()) as { unitVersion: number }).unitVersion;
  }, SETTLE_MS);
}

test('every order, change and cancellation is with its crew exactly once in effect', async () => {
  await eventually(async () => {
    for (const { unit } of crews) {
      const { liveness } = await server.get<{ liveness: string }>(`/v1/devices/${unit}`);
      expect(liveness).toBe('online');
    }
  }, SETTLE_MS);
  const incidents: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [index, { link }] of crews.entries()) WEATHER[(index + round) % WEATHER.length]?.(link);
    const served = Promise.all(crews.map((crew, index) => serve(crew, round, index)));
    if (round > 1) await restart();
    incidents.push(...(await served));
    for (const { link } of crews) Object.assign(link.weather, CALM);
  }
  // The links are sound: whatever waited goes through, by the next SUBSCRIBE or the next timer.
  await eventually(async () => {
    for (const { unit } of crews) {
      const { words } = await server.get<{ words: { state: string }[] }>(`/v1/ambulances/${unit}/words`);
      expect(words, unit).toEqual([]);
    }
  }, SETTLE_MS);
  for (const id of incidents) {
    const { place, assignments } = await server.get<Incident>(`/v1/incidents/${id}`);
    const [assignment] = assignments as [Assignment];
    const crew = crews.find(({ unit }) => unit === assignment.unit) as Crew;
    const isOff = assignment.step === 'cancelled';
    expect(crew.orders.get(String(assignment.id)), `${assignment.unit}, ${assignment.step}`).toBe(
      isOff ? 'off' : place,
    );
    const last = assignment.words.at(-1);
    expect(last?.state).toBe('acknowledged by the crew');
    expect(crew.effects.get(String(last?.id))).toBe(1);
    if (!isOff) expect(assignment.step).toBe('acknowledged');
  }
  const counts = crews.flatMap(({ effects }) => [...effects.values()]);
  expect(new Set(counts)).toEqual(new Set([1]));
}, 240_000);
