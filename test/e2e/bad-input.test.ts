/**
 * Bad input over real MQTT: each message is acknowledged (or its device would send it for ever), counted by
 * reason in /metrics, kept, shown by /v1/rejections with its raw payload, and can be replayed when its cause
 * is gone.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../firmware-sim/random.ts';
import { eventually } from '../support/eventually.ts';
import { drawPayload, drawTopic } from '../support/garbage.ts';
import { gaugeReading, misunderstoodMessages, TELEMETRY } from '../support/misunderstood-messages.ts';
import { connectTcp, publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import {
  createDataFolder,
  type DataFolder,
  type RunningSiaga,
  runCommand,
  startSiaga,
} from '../support/start-siaga.ts';

const seed = Number(process.env['SIAGA_TEST_SEED'] ?? 1);
const FUZZED = 2_000;
const AMBULANCE = 'siaga/semarang/ambulance/motor-01/telemetry';

interface ShownRejection {
  readonly id: number;
  readonly reason: string;
  readonly detail: string;
  readonly topic: string;
  readonly device?: string;
  readonly payload: string;
  readonly encoding: 'utf8' | 'base64';
  readonly replayedAt?: string;
}

let folder: DataFolder;
let server: RunningSiaga;
let device: RawMqttClient;
let nextMessageId = 1;

beforeAll(async () => {
  folder = await createDataFolder();
  server = await startSiaga({ dataDir: folder.path });
  device = await connectTcp(server.mqttPort);
  await device.connect({ clientId: 'garang-pudakpayung' });
});
afterAll(async () => {
  device?.destroy();
  await server?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** Publishes with QoS 1 and resolves with the identifier that was acknowledged. */
async function publish(client: RawMqttClient, topic: string, payload: string | Buffer): Promise<void> {
  const messageId = nextMessageId++;
  client.send(publishPacket(topic, payload, { qos: 1, messageId }));
  expect(await client.next('puback')).toMatchObject({ messageId });
}

async function newestRejection(query = ''): Promise<ShownRejection> {
  const [newest] = (await server.get<{ rejections: ShownRejection[] }>(`/v1/rejections?limit=1${query}`))
    .rejections;
  if (!newest) throw new Error('nothing was rejected');
  return server.get<ShownRejection>(`/v1/rejections/${newest.id}`);
}

async function replay(id: number): Promise<unknown> {
  const response = await fetch(`${server.httpUrl}/v1/rejections/${id}/replay`, { method: 'POST' });
  return response.json();
}

const rejectedInAll = () => server.metric('siaga_rejections_total');
const bytesOf = ({ payload, encoding }: ShownRejection) => Buffer.from(payload, encoding);

describe('a message that is not understood', () => {
  it.each(misunderstoodMessages)(
    'is acknowledged, counted and kept: %s',
    async (_, topic, payload, reason) => {
      const before = await server.metric('siaga_rejections_total', { reason });
      const inAll = await rejectedInAll();
      await publish(device, topic, payload);
      expect(await server.metric('siaga_rejections_total', { reason })).toBe(before + 1);
      expect(await rejectedInAll()).toBe(inAll + 1);
      const kept = await newestRejection();
      expect(kept).toMatchObject({ reason, topic });
      expect(kept.detail.length).toBeGreaterThan(10);
      expect(bytesOf(kept).equals(Buffer.from(payload))).toBe(true);
    },
  );

  it('is acknowledged with QoS 2 once and counted once, also when its PUBLISH is repeated', async () => {
    const before = await rejectedInAll();
    const messageId = nextMessageId++;
    const packet = publishPacket(TELEMETRY, 'garbage', { qos: 2, messageId });
    device.send(packet);
    await device.next('pubrec');
    device.send({ ...packet, dup: true });
    await device.next('pubrec');
    device.send({ cmd: 'pubrel', messageId });
    await device.next('pubcomp');
    expect(await rejectedInAll()).toBe(before + 1);
  });

  it('is kept though it came with QoS 0, and retained for nobody', async () => {
    const before = await rejectedInAll();
    device.send(publishPacket(TELEMETRY, 'garbage', { qos: 0, retain: true }));
    await device.ping();
    await eventually(async () => expect(await rejectedInAll()).toBe(before + 1));
    const observer = await connectTcp(server.mqttPort);
    await observer.connect({ clientId: 'observer' });
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'siaga/semarang/#', qos: 0 }] });
    await observer.next('suback');
    await observer.ping();
    expect(observer.take()).toEqual([]);
    observer.destroy();
  });

  it('does not take the rest of its batch with it', async () => {
    const batch = [
      { ...gaugeReading(1), levelM: 1.25 },
      { ...gaugeReading(2), levelM: 'x' },
      gaugeReading(3),
      7,
    ];
    await publish(device, TELEMETRY, JSON.stringify(batch));
    const { rejections } = await server.get<{ rejections: ShownRejection[] }>('/v1/rejections?limit=2');
    expect(rejections.map(({ reason, payload }) => [reason, payload])).toEqual([
      ['not-an-object', '7'],
      ['wrong-type', JSON.stringify(batch[1])],
    ]);
    await eventually(async () => {
      const from = new Date(Date.now() - 2 * 86_400_000).toISOString();
      const { points } = await server.get<{ points: { values: object }[] }>(
        `/v1/devices/garang-pudakpayung/readings?from=${from}`,
      );
      expect(points.map(({ values }) => values)).toEqual([{ levelM: 1.25 }, { levelM: 1 }]);
    });
  });

  it('may be one absurd quantity: the rest of the reading is kept beside it', async () => {
    const reading = { measuredAt: Date.now() - 1_000, levelM: 1.75, batteryV: 4_000 };
    await publish(device, TELEMETRY, JSON.stringify(reading));
    expect(await newestRejection()).toMatchObject({ reason: 'out-of-range', device: 'garang-pudakpayung' });
    await eventually(async () => {
      const { points } = await server.get<{ points: { values: object }[] }>(
        `/v1/devices/garang-pudakpayung/readings`,
      );
      expect(points.at(-1)?.values).toEqual({ levelM: 1.75 });
    });
  });

  it('may be a position with its coordinates swapped', async () => {
    await publish(device, AMBULANCE, '{"lat":110.42,"lng":-6.99}');
    expect(await newestRejection()).toMatchObject({ reason: 'swapped-coordinates' });
  });

  it(`is one of ${FUZZED} of garbage on any topic, and each one is acknowledged and accounted for`, async () => {
    const random = createRandom(seed, 'garbage');
    const taken = () => server.metric('siaga_mqtt_publishes_total');
    const [before, rejectedBefore] = [await taken(), await rejectedInAll()];
    for (let n = 0; n < FUZZED; n++) await publish(device, drawTopic(random), drawPayload(random));
    expect(await taken()).toBe(before + FUZZED);
    expect((await rejectedInAll()) - rejectedBefore).toBeGreaterThan(FUZZED * 0.9);
    expect(await server.get('/readyz')).toEqual({ status: 'ready' });
  });
});

describe('a rejection', () => {
  const id = 'gauge-of-tomorrow';
  const topic = `siaga/semarang/river-gauge/${id}/telemetry`;

  it('is understood when its device was added on the command line, and stands at its own time', async () => {
    const measuredAt = Date.now() - 3_600_000;
    await publish(device, topic, JSON.stringify({ measuredAt, levelM: 1.5 }));
    const { id: early } = await newestRejection('&reason=unknown-device');
    expect(await replay(early)).toMatchObject({ understood: false, stored: 0, rejected: 1 });

    const words = ['add', id, '--kind', 'river-gauge', '--name', 'New one', '--lat=-7', '--lng=110.4'];
    const added = await runCommand('broker/credentials/cli.ts', words, folder.path);
    expect(added).toMatchObject({ code: 0 });
    await eventually(() => server.get(`/v1/devices/${id}`));

    expect(await replay(early)).toMatchObject({ understood: true, stored: 1, rejected: 0 });
    expect(await server.get(`/v1/rejections/${early}`)).toHaveProperty('replayedAt');
    expect(await replay(early)).toMatchObject({ status: 409 });
    await eventually(async () => {
      const { points } = await server.get<{ points: object[] }>(`/v1/devices/${id}/readings`);
      expect(points).toEqual([{ at: new Date(measuredAt).toISOString(), values: { levelM: 1.5 } }]);
    });
  });

  it('is still there after kill -9 and a restart', async () => {
    await publish(device, topic, 'the last word');
    const before = await newestRejection();
    await server.kill();
    server = await startSiaga({ dataDir: folder.path });
    expect(await newestRejection()).toEqual(before);
    expect(before.payload).toBe('the last word');
  });
});

describe('where devices have credentials', () => {
  it('what a device says in the name of another is kept, and no replay makes it true', async () => {
    await server.kill();
    server = await startSiaga({ dataDir: folder.path, environment: { MQTT_AUTH: 'true' } });
    const liar = await connectWithSecret('garang-pudakpayung');
    const others = 'siaga/semarang/river-gauge/kreo-cepoko/telemetry';
    const unborn = 'siaga/semarang/river-gauge/not-yet-added/telemetry';
    await publish(liar, others, '{"levelM":3.9}');
    const lie = await newestRejection();
    expect(lie).toMatchObject({ reason: 'wrong-device', topic: others, device: 'garang-pudakpayung' });
    expect(await replay(lie.id)).toMatchObject({ understood: false, stored: 0 });

    // The name is nobody's yet; when it is somebody's, it is not the liar's.
    await publish(liar, unborn, '{"levelM":3.9}');
    const early = await newestRejection();
    expect(early).toMatchObject({ reason: 'unknown-device', device: 'garang-pudakpayung' });
    const added = await addDevice(
      'not-yet-added',
      '--kind=river-gauge',
      '--lat=-7',
      '--lng=110.4',
      '--name=Late',
    );
    expect(added.code).toBe(0);
    await eventually(() => server.get('/v1/devices/not-yet-added'));
    expect(await replay(early.id)).toMatchObject({ understood: false, stored: 0 });
    expect((await newestRejection()).reason).toBe('wrong-device');
    liar.destroy();
  });
});

const addDevice = (...words: string[]) =>
  runCommand('broker/credentials/cli.ts', ['add', ...words], folder.path);

async function connectWithSecret(id: string): Promise<RawMqttClient> {
  const { stdout, stderr, code } = await addDevice(id);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const password = Buffer.from(stdout.trim());
  return eventually(async () => {
    const client = await connectTcp(server.mqttPort);
    const { returnCode } = await client.connect({ clientId: id, username: id, password });
    if (returnCode !== 0) throw new Error(`CONNACK ${returnCode}`);
    return client;
  });
}
