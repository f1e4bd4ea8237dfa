/**
 * Bad input over real MQTT: each message is acknowledged (or its device would send it for ever), counted by
 * reason in /metrics, kept, shown by /v1/rejections with its raw payload, and can be replayed when its cause
 * is gone.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom, pick, type Random } from '../../firmware-sim/random.ts';
import { eventually } from '../support/eventually.ts';
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
const ROOT = 'siaga/semarang/river-gauge/garang-pudakpayung';
const TELEMETRY = `${ROOT}/telemetry`;
const AMBULANCE = 'siaga/semarang/ambulance/motor-01/telemetry';
const FUTURE = Date.now() + 3_600_000;

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
const gaugeReading = (n: number) => ({ measuredAt: Date.now() - 86_400_000 + n * 1_000, seq: n, levelM: 1 });

/** What is wrong, topic, payload, reason. */
const wholly: readonly (readonly [string, string, string | Buffer, string])[] = [
  ['a topic of somebody else', 'home/kitchen/temperature', '21.5', 'bad-topic'],
  ['a topic that is one word', 'x', '{}', 'bad-topic'],
  ['a topic of slashes', '////', '{}', 'bad-topic'],
  ['a topic of a hundred levels', `${'a/'.repeat(99)}z`, '{}', 'bad-topic'],
  ['a topic of the broker itself', '$SYS/uptime', '1', 'bad-topic'],
  ['an alert that no device may raise', 'siaga/semarang/alerts/flood', '{}', 'bad-topic'],
  ['a command, which goes down and not up', `${ROOT}/command`, '{}', 'bad-topic'],
  ['an unknown channel', `${ROOT}/gossip`, '{}', 'bad-topic'],
  ['an id in capitals', 'siaga/semarang/river-gauge/GAUGE-1/telemetry', '{}', 'bad-topic'],
  ['another city', 'siaga/atlantis/river-gauge/garang-pudakpayung/telemetry', '{"levelM":1}', 'unknown-city'],
  ['an unknown kind', 'siaga/semarang/toaster/toaster-1/telemetry', '{"levelM":1}', 'unknown-kind'],
  [
    'an unknown device',
    'siaga/semarang/river-gauge/nobody-knows-me/telemetry',
    '{"levelM":1}',
    'unknown-device',
  ],
  [
    'the wrong kind',
    'siaga/semarang/wifi-access-point/garang-pudakpayung/telemetry',
    '{"clients":1}',
    'wrong-kind',
  ],
  ['no payload', TELEMETRY, '', 'not-json'],
  ['half of a JSON', TELEMETRY, '{"levelM":1.4', 'not-json'],
  ['text', TELEMETRY, 'level=1.4', 'not-json'],
  ['a byte order mark', TELEMETRY, '\uFEFF{"levelM":1}', 'not-json'],
  ['NaN', TELEMETRY, '{"levelM":NaN}', 'not-json'],
  ['NUL bytes', TELEMETRY, Buffer.alloc(64), 'not-json'],
  ['invalid UTF-8', TELEMETRY, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 'not-utf8'],
  ['half of a surrogate pair in UTF-8', TELEMETRY, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'not-utf8'],
  ['a number', TELEMETRY, '42', 'not-an-object'],
  ['null', TELEMETRY, 'null', 'not-an-object'],
  ['arrays in each other, very deep', TELEMETRY, '['.repeat(60_000) + ']'.repeat(60_000), 'not-an-object'],
  ['an array of no readings', TELEMETRY, '[]', 'empty-batch'],
  [
    'a batch of 501',
    TELEMETRY,
    JSON.stringify(Array.from({ length: 501 }, (_, n) => gaugeReading(n))),
    'too-many-readings',
  ],
  ['no level', TELEMETRY, '{"rainMm":0.2}', 'missing-quantity'],
  ['nothing at all', TELEMETRY, '{}', 'missing-quantity'],
  ['a level that is hidden in the prototype', TELEMETRY, '{"__proto__":{"levelM":1}}', 'missing-quantity'],
  ['a level in words', TELEMETRY, '{"levelM":"high"}', 'wrong-type'],
  ['a level that is null', TELEMETRY, '{"levelM":null}', 'wrong-type'],
  ['a level that is deep', TELEMETRY, `{"levelM":${'['.repeat(9_000)}${']'.repeat(9_000)}}`, 'wrong-type'],
  ['an endless level', TELEMETRY, '{"levelM":1e999}', 'wrong-type'],
  ['an absurd level', TELEMETRY, '{"levelM":9999}', 'out-of-range'],
  ['a time in words', TELEMETRY, '{"levelM":1,"measuredAt":"yesterday"}', 'bad-time'],
  ['a time without offset', TELEMETRY, '{"levelM":1,"measuredAt":"2026-01-15T02:30:00"}', 'bad-time'],
  ['a clock that was never set', TELEMETRY, '{"levelM":1,"measuredAt":"1970-01-01T00:00:07Z"}', 'bad-time'],
  ['a time in seconds', TELEMETRY, '{"levelM":1,"measuredAt":1768435200}', 'bad-time'],
  ['a time beyond all dates', TELEMETRY, '{"levelM":1,"measuredAt":1e300}', 'too-far-ahead'],
  ['an hour ahead', TELEMETRY, `{"levelM":1,"measuredAt":${FUTURE}}`, 'too-far-ahead'],
  ['a negative count', TELEMETRY, '{"levelM":1,"seq":-1}', 'bad-seq'],
  ['half a count', TELEMETRY, '{"levelM":1,"seq":1.5}', 'bad-seq'],
  ['a drill that is neither', TELEMETRY, '{"levelM":1,"simulated":"yes"}', 'wrong-type'],
  ['an unknown presence', `${ROOT}/status`, '{"status":"dancing"}', 'bad-status'],
  ['a presence that is not JSON', `${ROOT}/status`, 'online', 'not-json'],
  ['an answer that nobody asked for', `${ROOT}/ack`, '{"assignment":"none"}', 'bad-ack'],
];

describe('a message that is not understood', () => {
  it.each(wholly)('is acknowledged, counted and kept: %s', async (_, topic, payload, reason) => {
    const before = await server.metric('siaga_rejections_total', { reason });
    const inAll = await rejectedInAll();
    await publish(device, topic, payload);
    expect(await server.metric('siaga_rejections_total', { reason })).toBe(before + 1);
    expect(await rejectedInAll()).toBe(inAll + 1);
    const kept = await newestRejection();
    expect(kept).toMatchObject({ reason, topic });
    expect(kept.detail.length).toBeGreaterThan(10);
    expect(bytesOf(kept).equals(Buffer.from(payload))).toBe(true);
  });

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

function drawTopic(random: Random): string {
  const word = () =>
    pick(random, [
      'siaga',
      'semarang',
      'river-gauge',
      'ambulance',
      'motor-01',
      'x',
      '',
      'é',
      'Ω ☂',
      'a'.repeat(300),
    ]);
  const any = Array.from({ length: 1 + Math.floor(random() * 8) }, word).join('/');
  return pick(random, [TELEMETRY, AMBULANCE, `${ROOT}/status`, `${ROOT}/ack`, any, any, any]) || 'x';
}

function drawPayload(random: Random): Buffer {
  const bytes = Buffer.from(
    Array.from({ length: Math.floor(random() * 60) }, () => Math.floor(random() * 256)),
  );
  const json = Buffer.from(
    JSON.stringify({ levelM: 1e4, lat: 'x', status: random(), seq: -1, v: [random()] }),
  );
  // A byte of the JSON is another one.
  const bent = Buffer.from(json);
  bent[Math.floor(random() * bent.length)] = Math.floor(random() * 256);
  return pick(random, [bytes, json, bent, json.subarray(0, Math.floor(random() * json.length))]);
}
