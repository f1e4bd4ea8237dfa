/**
 * The load generator of `bench -- ingest`, in a process of its own: raw MQTT over TCP, so that the server is
 * what is measured and not a client library.
 *
 * A publish is a template in which digits are overwritten in place. Saturating groups send the next reading
 * when one is acknowledged; paced ones by the clock, and their time to PUBACK counts from when they were due.
 * Prints `begin` and `end` around the measured time, then one line of JSON.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt from 'mqtt-packet';
import type { Target } from './ingest-servers.child.ts';

export interface LoadGroup {
  readonly connections: number;
  readonly inFlight: number;
  /** Readings a second of all its connections; undefined is as fast as they are acknowledged. */
  readonly perSecond?: number;
}

export interface LoadShape {
  readonly name: string;
  readonly groups: readonly LoadGroup[];
}

export interface LoadOrders extends Target {
  readonly shape: LoadShape;
  readonly seconds: number;
  readonly warmUpS: number;
}

export interface LoadReport {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** What its observer got meanwhile, of each reading. */
  readonly observedBytesEach: number;
  /** Share of one core that the generator itself used. */
  readonly loadCpu: number;
}

/** Connections that are being opened at once. */
const OPEN_AT_ONCE = 100;
const TICK_MS = 5;
const LEVEL_STEPS = 40_000;

const orders = JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as LoadOrders;

/** Times to PUBACK, ms, while measuring. */
let times = new Float32Array(1 << 20);
let measured = 0;
let isMeasuring = false;
let acknowledged = 0;
let isOver = false;
let observedBytes = 0;

function record(timeMs: number): void {
  acknowledged++;
  if (!isMeasuring) return;
  if (measured === times.length) {
    const larger = new Float32Array(times.length * 2);
    larger.set(times);
    times = larger;
  }
  times[measured++] = timeMs;
}

class LoadConnection {
  readonly #socket: Socket;
  readonly #isPaced: boolean;
  readonly #packet: Buffer;
  readonly #at: { measuredAt: number; seq: number; level: number; id: number };
  /** When the publish in each slot was sent or due; its packet identifier is the slot + 1. */
  readonly #sentAt: Float64Array;
  readonly #free: number[] = [];
  #seq = 0;
  /** Bytes of a packet that was cut between two chunks. */
  #rest = Buffer.alloc(0);

  constructor(socket: Socket, device: string, { inFlight, perSecond }: LoadGroup) {
    this.#socket = socket;
    this.#isPaced = perSecond !== undefined;
    this.#sentAt = new Float64Array(inFlight);
    // A JSON number has no leading zeros, so seq starts at a billion.
    const payload = '{"measuredAt":1700000000000,"seq":1000000000,"levelM":0.0000,"batteryV":12.61}';
    const topic = `siaga/semarang/river-gauge/${device}/telemetry`;
    this.#packet = mqtt.generate({
      cmd: 'publish',
      topic,
      payload,
      qos: 1,
      messageId: 1,
      retain: false,
      dup: false,
    });
    const start = this.#packet.indexOf('{');
    const find = (key: string) => this.#packet.indexOf(key, start) + key.length;
    this.#at = {
      measuredAt: find('"measuredAt":'),
      seq: find('"seq":'),
      level: find('"levelM":'),
      id: start - 2,
    };
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    for (let slot = 0; slot < inFlight; slot++) this.#free.push(slot);
  }

  start(): void {
    this.#socket.write(
      Buffer.concat(this.#free.splice(0).map((slot) => this.#fill(slot, performance.now()))),
    );
  }

  /** Sends one that is due now; false when all its slots await their PUBACK. */
  sendDue(dueAt: number): boolean {
    const slot = this.#free.pop();
    if (slot === undefined) return false;
    this.#socket.write(this.#fill(slot, dueAt));
    return true;
  }

  #fill(slot: number, at: number): Buffer {
    this.#sentAt[slot] = at;
    const packet = Buffer.from(this.#packet);
    const seq = this.#seq++;
    packet.writeUInt16BE(slot + 1, this.#at.id);
    packet.write(String(Date.now()), this.#at.measuredAt, 'latin1');
    packet.write(String(1_000_000_000 + seq), this.#at.seq, 'latin1');
    packet.write((1 + (seq % LEVEL_STEPS) / 10_000).toFixed(4), this.#at.level, 'latin1');
    return packet;
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    const now = performance.now();
    const next: Buffer[] = [];
    let at = 0;
    // Every answer here is a PUBACK of four bytes.
    for (; at + 4 <= bytes.length; at += 4) {
      if (bytes[at] !== 0x40) throw new Error(`expected a PUBACK, got ${bytes[at]?.toString(16)}`);
      const slot = bytes.readUInt16BE(at + 2) - 1;
      record(now - (this.#sentAt[slot] as number));
      if (this.#isPaced) this.#free.push(slot);
      else if (!isOver) next.push(this.#fill(slot, now));
    }
    this.#rest = Buffer.from(bytes.subarray(at));
    if (next.length > 0) this.#socket.write(next.length === 1 ? (next[0] as Buffer) : Buffer.concat(next));
  }
}

function open({ id, secret }: Target['devices'][number], group: LoadGroup): Promise<LoadConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadConnection>();
  const socket = connect({ port: orders.port, host: '127.0.0.1', noDelay: true });
  socket.on('error', reject);
  socket.on('close', () => {
    reject(new Error(`${id}: closed before CONNACK`));
    if (!isOver) throw new Error(`${id}: closed by the server`);
  });
  const login = secret === undefined ? {} : { username: id, password: Buffer.from(secret) };
  const fixed = { protocolId: 'MQTT' as const, protocolVersion: 4 as const, clean: true, keepalive: 0 };
  socket.write(mqtt.generate({ cmd: 'connect', clientId: id, ...fixed, ...login }));
  socket.once('data', (chunk: Buffer) =>
    collectConnack(socket, chunk, () => resolve(new LoadConnection(socket, id, group)), reject),
  );
  return promise;
}

/** Aedes writes a CONNACK in pieces, so its four bytes may come in several chunks. */
function collectConnack(socket: Socket, bytes: Buffer, done: () => void, fail: (error: Error) => void): void {
  if (bytes.length < 4) {
    socket.once('data', (more: Buffer) => collectConnack(socket, Buffer.concat([bytes, more]), done, fail));
  } else if (bytes[3] === 0) done();
  else fail(new Error(`CONNACK ${bytes[3]}`));
}

async function openGroup(group: LoadGroup, first: number): Promise<LoadConnection[]> {
  const connections: LoadConnection[] = [];
  for (let at = 0; at < group.connections; at += OPEN_AT_ONCE) {
    const devices = orders.devices.slice(first + at, first + Math.min(at + OPEN_AT_ONCE, group.connections));
    connections.push(...(await Promise.all(devices.map((device) => open(device, group)))));
  }
  return connections;
}

/** Sends what is due every few milliseconds, round robin; a reading whose turn finds no free slot waits. */
async function keepSending(connections: readonly LoadConnection[], perSecond: number): Promise<void> {
  const startedAt = performance.now();
  for (let sent = 0; !isOver; await delay(TICK_MS)) {
    const due = ((performance.now() - startedAt) * perSecond) / 1000;
    for (; sent < due; sent++) {
      const dueAt = startedAt + (sent * 1000) / perSecond;
      if (!connections[sent % connections.length]?.sendDue(dueAt)) break;
    }
  }
}

/** Reads along, and is asked for nothing: what comes is counted in bytes. */
async function openObserver({ id, secret }: NonNullable<Target['observer']>): Promise<void> {
  const socket = connect({ port: orders.port, host: '127.0.0.1', noDelay: true });
  const fixed = { protocolId: 'MQTT' as const, protocolVersion: 4 as const, clean: true, keepalive: 0 };
  socket.write(
    mqtt.generate({ cmd: 'connect', clientId: id, ...fixed, username: id, password: Buffer.from(secret) }),
  );
  await new Promise((resolve, reject) => collectFirst(socket, resolve, reject));
  socket.on('data', (chunk: Buffer) => {
    observedBytes += chunk.length;
  });
  socket.on('close', () => {
    if (!isOver) throw new Error(`${id}: closed by the server`);
  });
  const subscriptions = [{ topic: 'siaga/semarang/#', qos: 0 as const }];
  socket.write(mqtt.generate({ cmd: 'subscribe', messageId: 1, subscriptions }));
}

function collectFirst(socket: Socket, done: (value?: unknown) => void, fail: (error: Error) => void): void {
  socket.once('error', fail);
  socket.once('data', (chunk: Buffer) => collectConnack(socket, chunk, done, fail));
}

let first = 0;
if (orders.observer) await openObserver(orders.observer);
const groups: [LoadGroup, LoadConnection[]][] = [];
for (const group of orders.shape.groups) {
  groups.push([group, await openGroup(group, first)]);
  first += group.connections;
}
for (const [{ perSecond }, connections] of groups) {
  if (perSecond === undefined) for (const connection of connections) connection.start();
  else void keepSending(connections, perSecond);
}
await delay(orders.warmUpS * 1000);
console.log('begin');
const before = { acknowledged, observedBytes, cpu: process.cpuUsage(), at: performance.now() };
isMeasuring = true;
await delay(orders.seconds * 1000);
isMeasuring = false;
const elapsedS = (performance.now() - before.at) / 1000;
const total = acknowledged - before.acknowledged;
const { user, system } = process.cpuUsage(before.cpu);
console.log('end');
isOver = true;
const sorted = times.subarray(0, measured).sort();
const percentile = (share: number) =>
  sorted[Math.min(measured - 1, Math.floor(measured * share))] ?? Number.NaN;
const report: LoadReport = {
  perSecond: total / elapsedS,
  p50Ms: percentile(0.5),
  p99Ms: percentile(0.99),
  observedBytesEach: (observedBytes - before.observedBytes) / total,
  loadCpu: (user + system) / 1e6 / elapsedS,
};
console.log(JSON.stringify(report));
// Time for the other side to read our figures before the connections go.
await delay(100);
process.exit(0);
