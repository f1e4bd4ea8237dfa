/**
 * The whole server under attack: a huge packet before CONNECT, thousands of silent connections, clients that
 * never read, malformed packets from a seeded generator. Meanwhile a healthy device publishes one reading
 * after the other.
 *
 * SIAGA_TEST_MALFORMED sets how many malformed packets there are (20,000; the record run had a million),
 * SIAGA_TEST_SEED repeats a run.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import mqtt from 'mqtt-packet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { issueCredentials } from '../../broker/credentials/credentials.ts';
import { openDatabase } from '../../database/database.ts';
import { createRandom, type Random } from '../../firmware-sim/random.ts';
import { eventually } from '../support/eventually.ts';
import { connectPacket, connectTcp, publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const MIB = 1024 * 1024;
const MALFORMED_PACKETS = Number(process.env['SIAGA_TEST_MALFORMED'] ?? 20_000);
const seed = Number(process.env['SIAGA_TEST_SEED'] ?? Date.now() % 1_000_000);
/** An answer that takes longer is no answer. The figure measured is printed; a busy machine may be slower. */
const ANSWER_WITHIN_MS = 1_000 * Number(process.env['SIAGA_TEST_PATIENCE'] ?? 3);
const SILENT_CONNECTIONS = 5_000;
/** Half of a machine of 1 GiB. The server starts with some 220 MiB; five thousand connections add 60. */
const MAX_RSS_MIB = 512;

const HEALTHY = 'kreo-cepoko';
const VICTIM = 'garang-tinjomoyo';
const OBSERVER = 'observer:room';
const topicOf = (device: string) => `siaga/semarang/river-gauge/${device}/telemetry`;

let folder: DataFolder;
let server: RunningSiaga;
let secrets: Map<string, string>;
let healthy: HealthyDevice;

beforeAll(async () => {
  folder = await createDataFolder();
  const database = await openDatabase({ SIAGA_DATA_DIR: folder.path, DATABASE_URL: undefined });
  secrets = await issueCredentials(database, [HEALTHY, VICTIM, OBSERVER], Date.now());
  await database.destroy();
  server = await startSiaga({
    dataDir: folder.path,
    environment: {
      MQTT_AUTH: 'true',
      MQTT_CONNECT_TIMEOUT_MS: '4000',
      MQTT_DRAIN_TIMEOUT_MS: '2000',
      MQTT_MAX_CONNECTS_PER_ADDRESS_PER_S: '20000',
    },
  });
  healthy = await HealthyDevice.connect();
}, 180_000);

afterAll(async () => {
  healthy?.stop();
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

async function dial(name: string): Promise<RawMqttClient> {
  const client = await connectTcp(server.mqttPort);
  const password = Buffer.from(secrets.get(name) as string);
  const { returnCode } = await client.connect({ clientId: name, username: name, password });
  if (returnCode !== 0) throw new Error(`${name}: CONNACK ${returnCode}`);
  return client;
}

/** Publishes one reading after the other, each when the one before is acknowledged. */
class HealthyDevice {
  worstMs = 0;
  acknowledged = 0;
  readonly #client: RawMqttClient;
  #running = true;

  static async connect(): Promise<HealthyDevice> {
    const device = new HealthyDevice(await dial(HEALTHY));
    void device.#keepPublishing();
    return device;
  }

  constructor(client: RawMqttClient) {
    this.#client = client;
  }

  get isConnected(): boolean {
    return !this.#client.isClosed;
  }

  stop(): void {
    this.#running = false;
    this.#client.destroy();
  }

  /** Forgets the worst answer so far: the next attack begins. */
  begin(): void {
    this.worstMs = 0;
    this.acknowledged = 0;
  }

  async #keepPublishing(): Promise<void> {
    for (let count = 0; this.#running && !this.#client.isClosed; count++) {
      const payload = JSON.stringify({ levelM: 1 + (count % 100) / 100, seq: count });
      const sentAt = performance.now();
      this.#client.send(
        publishPacket(topicOf(HEALTHY), payload, { qos: 1, messageId: (count % 65_535) + 1 }),
      );
      try {
        await this.#client.next('puback');
      } catch {
        return;
      }
      this.worstMs = Math.max(this.worstMs, performance.now() - sentAt);
      this.acknowledged++;
    }
  }
}

const rssMib = async () => (await server.metric('siaga_process_resident_memory_bytes')) / MIB;
const ends = (reason: string) => server.metric('siaga_mqtt_connection_ends_total', { reason });

/** The healthy device was answered throughout, and the server is no larger than it may be. */
async function expectUnharmed(attack: string): Promise<void> {
  const { acknowledged } = healthy;
  await eventually(() => expect(healthy.acknowledged).toBeGreaterThan(acknowledged));
  const rss = await rssMib();
  console.log(
    `${attack}: ${healthy.acknowledged} readings acknowledged meanwhile, the slowest after ` +
      `${healthy.worstMs.toFixed(0)} ms; RSS ${rss.toFixed(0)} MiB (seed ${seed})`,
  );
  expect(healthy.isConnected).toBe(true);
  expect(healthy.worstMs).toBeLessThan(ANSWER_WITHIN_MS);
  expect(rss).toBeLessThan(MAX_RSS_MIB);
}

/** Resolves at the end of a socket, be it by a reset. */
function closeOf(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => undefined);
  socket.on('close', () => resolve());
  return promise;
}

function drainOf(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.once('drain', resolve);
  return promise;
}

/** Writes a packet of this size until the server cuts the connection; returns the bytes that it took. */
async function pour(socket: Socket, header: Buffer, bytes: number): Promise<number> {
  const block = Buffer.alloc(MIB, 'x');
  let isCut = false;
  const closed = closeOf(socket).then(() => {
    isCut = true;
  });
  socket.write(header);
  for (let sent = 0; sent < bytes && !isCut; sent += block.length) {
    if (!socket.write(block)) await Promise.race([drainOf(socket), closed]);
  }
  await closed;
  return socket.bytesWritten;
}

describe('a packet of 120 MB', () => {
  /** 120 MiB as a remaining length. */
  const length = Buffer.of(0x80, 0x80, 0x80, 0x3c);

  test.each([
    ['a PUBLISH before the CONNECT', 0x30],
    ['a CONNECT', 0x10],
  ])('as %s is cut at its header', async (name, type) => {
    healthy.begin();
    const socket = connect({ port: server.mqttPort, host: '127.0.0.1' });
    const taken = await pour(socket, Buffer.concat([Buffer.of(type), length]), 120 * MIB);
    // What the two kernels hold for a socket is all that can be under way.
    expect(taken).toBeLessThan(16 * MIB);
    await expectUnharmed(`120 MB as ${name}`);
  });

  test('as a PUBLISH of a device that we know is cut at its header', async () => {
    healthy.begin();
    const client = await dial(VICTIM);
    const taken = await pour(client.stream as Socket, Buffer.concat([Buffer.of(0x32), length]), 120 * MIB);
    expect(taken).toBeLessThan(16 * MIB);
    await expectUnharmed('120 MB as a PUBLISH after the CONNECT');
    expect(await ends('packet-too-large')).toBe(2);
  });
});

test(`${SILENT_CONNECTIONS} connections that say nothing are closed in time, and a device is answered`, async () => {
  healthy.begin();
  const before = await ends('connect-timeout');
  const sockets: Socket[] = [];
  while (sockets.length < SILENT_CONNECTIONS) {
    const batch = Array.from({ length: 250 }, () => connect({ port: server.mqttPort, host: '127.0.0.1' }));
    await Promise.all(batch.map((socket) => once(socket, 'connect')));
    sockets.push(...batch);
  }
  const closed = sockets.map((socket) => closeOf(socket.resume()));
  await expectUnharmed(`${SILENT_CONNECTIONS} silent connections, open`);
  await Promise.all(closed);
  expect((await ends('connect-timeout')) - before).toBe(SILENT_CONNECTIONS);
  await expectUnharmed(`${SILENT_CONNECTIONS} silent connections, closed`);
}, 180_000);

test('a subscriber that never reads is dropped, and nobody waits for it', async () => {
  healthy.begin();
  const frozen = await dial(OBSERVER);
  frozen.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'siaga/semarang/#', qos: 0 }] });
  await frozen.next('suback');
  frozen.stream.pause();
  const talkative = await dial(VICTIM);
  const payload = JSON.stringify({ levelM: 1, note: 'x'.repeat(100_000) });
  for (let id = 1; (await ends('slow-reader')) < 1; id++) {
    talkative.send(publishPacket(topicOf(VICTIM), payload, { qos: 1, messageId: id }));
    await talkative.next('puback');
  }
  talkative.destroy();
  frozen.destroy();
  await expectUnharmed('a subscriber that never reads');
}, 180_000);

describe(`${MALFORMED_PACKETS} malformed packets`, () => {
  const CLIENTS = 20;
  const PACKETS_PER_CONNECTION = 20;

  test('end their connections and nothing else', async () => {
    healthy.begin();
    let left = MALFORMED_PACKETS;
    const attackers = Array.from({ length: CLIENTS }, async (_, index) => {
      const random = createRandom(seed, `attacker ${index}`);
      while (left > 0) {
        const count = Math.min(left, PACKETS_PER_CONNECTION);
        left -= count;
        await attackOnce(random, count);
      }
    });
    await Promise.all(attackers);
    await expectUnharmed(`${MALFORMED_PACKETS} malformed packets`);
    await eventually(async () => expect(await server.metric('siaga_mqtt_connections')).toBe(1));
  }, 600_000);

  /** One connection: sometimes a good CONNECT, then malformed packets until the server has had enough. */
  async function attackOnce(random: Random, count: number): Promise<void> {
    const socket = connect({ port: server.mqttPort, host: '127.0.0.1' });
    const closed = closeOf(socket.resume());
    if (random() < 0.5) {
      const password = Buffer.from(secrets.get(VICTIM) as string);
      socket.write(mqtt.generate(connectPacket({ clientId: VICTIM, username: VICTIM, password })));
    }
    socket.end(Buffer.concat(Array.from({ length: count }, () => malformed(random))));
    await closed;
  }

  function malformed(random: Random): Buffer {
    const pick = Math.floor(random() * 4);
    if (pick === 0) return randomBytes(random, 1 + Math.floor(random() * 64));
    const good = wellFormed(random);
    if (pick === 1) return good.subarray(0, 1 + Math.floor(random() * (good.length - 1)));
    if (pick === 2) {
      good[1] = Math.floor(random() * 256);
      return good;
    }
    for (let flips = 1 + Math.floor(random() * 8); flips > 0; flips--) {
      const at = Math.floor(random() * good.length);
      good[at] = (good[at] as number) ^ (1 << Math.floor(random() * 8));
    }
    return good;
  }

  function wellFormed(random: Random): Buffer {
    const messageId = 1 + Math.floor(random() * 65_535);
    const topic = topicOf(VICTIM);
    switch (Math.floor(random() * 6)) {
      case 0:
        return mqtt.generate(
          connectPacket({ clientId: VICTIM, username: VICTIM, password: Buffer.from('x') }),
        );
      case 1:
        return mqtt.generate({ cmd: 'subscribe', messageId, subscriptions: [{ topic, qos: 1 }] });
      case 2:
        return mqtt.generate({ cmd: 'unsubscribe', messageId, unsubscriptions: [topic] });
      case 3:
        return mqtt.generate({ cmd: 'pubrel', messageId });
      case 4:
        return mqtt.generate(publishPacket(topic, randomBytes(random, 40), { qos: 2, messageId }));
      default:
        return mqtt.generate(publishPacket(topic, '{"levelM":1.5}', { qos: 1, messageId }));
    }
  }

  function randomBytes(random: Random, length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
  }
});
