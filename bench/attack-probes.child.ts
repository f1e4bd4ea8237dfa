/**
 * Those who do nothing wrong in `bench -- attack`: a dispatcher who asks for the nearest, a gauge that publishes, and
 * the city's ambulances, who report each second.
 *
 * Invariants: what is asked leaves by the clock and its time counts from when it was due; what is not answered within
 * ten seconds is a failure that took ten seconds, so that an answer that never came is the slowest of all.
 */
import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt, { type MqttClient } from 'mqtt';
import type { City } from '../cities/city.ts';
import { isAmbulance } from '../devices/kinds/ambulance.ts';
import type { SiagaServer } from './siaga-server.child.ts';

const PER_S = 50;
const TICK_MS = 2;
const GIVE_UP_MS = 10_000;
const DAY_MS = 86_400_000;
/** A reading each ten minutes for 200 days: what questions of history are about. */
const HISTORY = { days: 200, everyMs: 600_000, inAMessage: 500 };

export interface Timed {
  /** Sorted. */
  readonly times: readonly number[];
  readonly p99Ms: number;
  readonly failures: number;
}

export interface ProbeFigures {
  readonly nearest: Timed;
  readonly puback: Timed;
  /** The worst p99 that /metrics said meanwhile. */
  readonly loopLagMs: number;
}

export interface ProbeOptions {
  readonly city: City;
  readonly secrets: ReadonlyMap<string, string>;
  readonly token: string;
  readonly honest: string;
}

export class AttackProbes {
  readonly #server: SiagaServer;
  readonly #options: ProbeOptions;
  readonly #gauge: MqttClient;
  readonly #units: readonly MqttClient[];
  readonly #moving: NodeJS.Timeout;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  #seq = 0;

  static async open(server: SiagaServer, options: ProbeOptions): Promise<AttackProbes> {
    const units = options.city.devices.filter(isAmbulance);
    const dial = (id: string) => connect(server, id, options.secrets.get(id) as string);
    const gauge = await dial(options.honest);
    const clients = await Promise.all(units.map(({ id }) => dial(id)));
    const probes = new AttackProbes(server, options, gauge, clients);
    await delay(2_000);
    return probes;
  }

  private constructor(
    server: SiagaServer,
    options: ProbeOptions,
    gauge: MqttClient,
    units: readonly MqttClient[],
  ) {
    this.#server = server;
    this.#options = options;
    this.#gauge = gauge;
    this.#units = units;
    this.#moveUnits();
    this.#moving = setInterval(() => this.#moveUnits(), 1_000);
  }

  close(): void {
    clearInterval(this.#moving);
    for (const client of [this.#gauge, ...this.#units]) client.end(true);
    this.#agent.destroy();
  }

  /** So that questions of 200 days have something to read. */
  async fillHistory(device: string): Promise<void> {
    const client = await connect(this.#server, device, this.#options.secrets.get(device) as string);
    const beganAt = Date.now() - HISTORY.days * DAY_MS;
    const total = (HISTORY.days * DAY_MS) / HISTORY.everyMs;
    for (let sent = 0; sent < total; sent += HISTORY.inAMessage) {
      const readings = Array.from({ length: HISTORY.inAMessage }, (_, index) => ({
        measuredAt: beganAt + (sent + index) * HISTORY.everyMs,
        levelM: 2 + Math.sin((sent + index) / 70),
      }));
      await client.publishAsync(this.#topicOf(device), JSON.stringify(readings), { qos: 1 });
    }
    await client.endAsync();
  }

  async measure(seconds: number): Promise<ProbeFigures> {
    let loopLagMs = 0;
    const looking = setInterval(async () => {
      const found = await this.#readLoopLagMs().catch(() => 0);
      loopLagMs = Math.max(loopLagMs, found);
    }, 2_000);
    const [nearest, puback] = await Promise.all([
      pace(seconds, () => this.#askNearest()),
      pace(seconds, () => this.#publish()),
    ]);
    clearInterval(looking);
    return { nearest, puback, loopLagMs };
  }

  async #readLoopLagMs(): Promise<number> {
    const response = await fetch(`${this.#server.httpUrl}/metrics`, {
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
    const lag = /^siaga_nodejs_eventloop_lag_p99_seconds ([\d.e-]+)/m.exec(await response.text());
    return Number(lag?.[1] ?? 0) * 1_000;
  }

  /** True for an answer with a candidate. */
  #askNearest(): Promise<boolean> {
    const { south, north, west, east } = this.#options.city.bounds;
    const between = (low: number, high: number) => (low + (high - low) * Math.random()).toFixed(5);
    const query = `lat=${between(south, north)}&lng=${between(west, east)}`;
    const headers = { authorization: `Bearer ${this.#options.token}` };
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const url = `${this.#server.httpUrl}/v1/ambulances/nearest?${query}`;
    get(url, { agent: this.#agent, headers, timeout: GIVE_UP_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 && text.includes('"unitVersion"')));
    }).on('error', () => resolve(false));
    return promise;
  }

  async #publish(): Promise<boolean> {
    const seq = this.#seq++;
    const payload = JSON.stringify({ measuredAt: Date.now(), seq, levelM: 1 + (seq % 100) / 100 });
    await this.#gauge.publishAsync(this.#topicOf(this.#options.honest), payload, { qos: 1 });
    return true;
  }

  #topicOf(device: string): string {
    return `siaga/${this.#options.city.id}/river-gauge/${device}/telemetry`;
  }

  #moveUnits(): void {
    const units = this.#options.city.devices.filter(isAmbulance);
    for (const [index, { id, lat, lng }] of units.entries()) {
      const reading = { measuredAt: Date.now(), lat, lng, accuracyM: 6, speedMps: 5, status: 'available' };
      const topic = `siaga/${this.#options.city.id}/ambulance/${id}/telemetry`;
      this.#units[index]?.publish(topic, JSON.stringify(reading), { qos: 1 });
    }
  }
}

function connect({ mqttPort }: SiagaServer, id: string, password: string): Promise<MqttClient> {
  const options = { clientId: id, username: id, password, reconnectPeriod: 1_000 };
  return mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, options);
}

/** Begins `work` PER_S times a second for so long, and waits for all of it. */
async function pace(seconds: number, work: () => Promise<boolean>): Promise<Timed> {
  const times: number[] = [];
  let failures = 0;
  const running: Promise<void>[] = [];
  const startedAt = performance.now();
  const total = seconds * PER_S;
  const runOne = async (dueAt: number): Promise<void> => {
    const gaveUp = delay(GIVE_UP_MS, false, { ref: false });
    const isDone = await Promise.race([work().catch(() => false), gaveUp]);
    if (!isDone) failures++;
    times.push(isDone ? performance.now() - dueAt : GIVE_UP_MS);
  };
  for (let sent = 0; sent < total; await delay(TICK_MS)) {
    const due = Math.min(total, ((performance.now() - startedAt) / 1_000) * PER_S);
    for (; sent < due; sent++) running.push(runOne(startedAt + (sent * 1_000) / PER_S));
  }
  await Promise.all(running);
  return timed(times, failures);
}

function timed(unsorted: readonly number[], failures: number): Timed {
  const times = unsorted.toSorted((a, b) => a - b);
  return { times, failures, p99Ms: times[Math.ceil(times.length * 0.99) - 1] as number };
}

/** Two measurements as one. */
export function mergeFigures(a: ProbeFigures, b: ProbeFigures): ProbeFigures {
  const both = (name: 'nearest' | 'puback') =>
    timed([...a[name].times, ...b[name].times], a[name].failures + b[name].failures);
  return { nearest: both('nearest'), puback: both('puback'), loopLagMs: Math.max(a.loopLagMs, b.loopLagMs) };
}
