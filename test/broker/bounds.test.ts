/** Every bound of the broker, reached on purpose: what happens, and what is counted. */
import mqtt, { type Packet } from 'mqtt-packet';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connectPacket, connectTcp, publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

const open: TestBroker[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const broker of open.splice(0)) await broker[Symbol.asyncDispose]();
});
async function start(...options: Parameters<typeof openTestBroker>): Promise<TestBroker> {
  const broker = await openTestBroker(...options);
  open.push(broker);
  return broker;
}

const ends = (siaga: TestBroker, reason: string) =>
  siaga.value('siaga_mqtt_connection_ends_total', { reason });
const bounds = (siaga: TestBroker, bound: string) => siaga.value('siaga_mqtt_bound_hits_total', { bound });
const holds = (siaga: TestBroker, cause: string) => siaga.value('siaga_mqtt_holds_total', { cause });
const mqttBytes = (packet: Packet) => mqtt.generate(packet);
const publishes = (count: number, from = 1) =>
  Array.from({ length: count }, (_, index) =>
    publishPacket(TELEMETRY, '{"levelM":1}', { qos: 1, messageId: from + index }),
  );
async function takePubacks(client: RawMqttClient, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let index = 0; index < count; index++) ids.push((await client.next('puback')).messageId as number);
  return ids;
}

/** A wall clock that is set back by two hours each time somebody looks at it. */
function stepping(): () => number {
  let now = 1_000_000_000;
  return () => {
    now -= 7_200_000;
    return now;
  };
}

describe('publishes in flight', () => {
  test('of one client never exceed its window, and all are answered in order in the end', async () => {
    const siaga = await start({ MQTT_MAX_INFLIGHT_PER_CLIENT: '8' });
    siaga.pipeline.holding = true;
    const device = await siaga.device();
    device.send(...publishes(100));
    let most = 0;
    for (let taken = 0; taken < 100; ) {
      await siaga.pipeline.received(Math.min(100, taken + 1));
      most = Math.max(most, siaga.pipeline.heldCount);
      taken += siaga.pipeline.heldCount;
      siaga.pipeline.release();
    }
    expect(await takePubacks(device, 100)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(most).toBeLessThanOrEqual(8);
    expect(await holds(siaga, 'in-flight')).toBeGreaterThan(0);
  });

  test('stop at the window in one read, though a thousand were in the chunk', async () => {
    const siaga = await start({ MQTT_MAX_INFLIGHT_PER_CLIENT: '8' });
    siaga.pipeline.holding = true;
    const device = await siaga.device();
    device.send(...publishes(1_000));
    await siaga.pipeline.received(8);
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(siaga.pipeline.messages).toHaveLength(8);
  });

  test('of one client that is held do not keep another from being answered', async () => {
    const siaga = await start({ MQTT_MAX_INFLIGHT_PER_CLIENT: '2' });
    siaga.pipeline.holding = true;
    const greedy = await siaga.device('gauge-1');
    greedy.send(...publishes(50));
    await siaga.pipeline.received(2);
    siaga.pipeline.holding = false;
    const modest = await siaga.device('gauge-2');
    modest.send(...publishes(3));
    expect(await takePubacks(modest, 3)).toEqual([1, 2, 3]);
    expect(greedy.take()).toEqual([]);
  });
});

describe('bytes that await the disk', () => {
  test('above their bound stop every client, and at half of it all go on', async () => {
    const siaga = await start({ JOURNAL_MAX_WAITING_BYTES: '100' });
    siaga.pipeline.holding = true;
    const first = await siaga.device('gauge-1');
    const second = await siaga.device('gauge-2');
    first.send(publishPacket(TELEMETRY, 'x'.repeat(101), { qos: 1, messageId: 1 }));
    await siaga.pipeline.received(1);
    first.send(...publishes(1, 2));
    second.send(...publishes(1));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    expect(siaga.pipeline.messages).toHaveLength(1);
    siaga.pipeline.release();
    await siaga.pipeline.received(3);
    siaga.pipeline.release();
    expect(await takePubacks(first, 2)).toEqual([1, 2]);
    expect(await takePubacks(second, 1)).toEqual([1]);
    expect(await holds(siaga, 'journal')).toBeGreaterThanOrEqual(2);
  });

  test('that are refused make room like those that are stored', async () => {
    const siaga = await start({ JOURNAL_MAX_WAITING_BYTES: '100' });
    siaga.pipeline.holding = true;
    const first = await siaga.device('gauge-1');
    first.send(publishPacket(TELEMETRY, 'x'.repeat(101), { qos: 1, messageId: 1 }));
    await siaga.pipeline.received(1);
    siaga.pipeline.holding = false;
    siaga.pipeline.fail(new Error('the journal gave up'));
    await first.closed();
    const second = await siaga.device('gauge-1');
    second.send(...publishes(1));
    expect(await takePubacks(second, 1)).toEqual([1]);
  });

  test('above their bound leave PINGREQ answered for who has no publish before it', async () => {
    const siaga = await start({ JOURNAL_MAX_WAITING_BYTES: '100' });
    siaga.pipeline.holding = true;
    const first = await siaga.device('gauge-1');
    first.send(publishPacket(TELEMETRY, 'x'.repeat(101), { qos: 1, messageId: 1 }));
    await siaga.pipeline.received(1);
    await first.ping();
  });
});

test('publishes beyond the rate of a client wait for their time', async () => {
  let now = 1_000_000;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const siaga = await start(
    { MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S: '10' },
    { now: stepping(), monotonicNow: () => now },
  );
  const device = await siaga.device();
  device.send(...publishes(150));
  expect(await takePubacks(device, 100)).toHaveLength(100);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(siaga.pipeline.messages).toHaveLength(100);
  now += 5_000;
  await vi.advanceTimersByTimeAsync(100);
  expect(await takePubacks(device, 50)).toHaveLength(50);
  expect(await holds(siaga, 'rate')).toBeGreaterThanOrEqual(1);
});

test('a batch counts as about so many as its bytes hold, so that batches are no way around the rate', async () => {
  let now = 1_000_000;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const siaga = await start(
    { MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S: '10' },
    { now: stepping(), monotonicNow: () => now },
  );
  const device = await siaga.device();
  // Each is worth 41: three take the hundred that come at once, and 23 more that are owed.
  const batch = 'x'.repeat(256 + 40 * 64);
  for (let messageId = 1; messageId <= 5; messageId++) {
    device.send(publishPacket(TELEMETRY, batch, { qos: 1, messageId }));
  }
  expect(await takePubacks(device, 3)).toHaveLength(3);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(siaga.pipeline.messages).toHaveLength(3);
  now += 2_000;
  await vi.advanceTimersByTimeAsync(100);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(siaga.pipeline.messages).toHaveLength(3);
  now += 8_000;
  await vi.advanceTimersByTimeAsync(200);
  expect(await takePubacks(device, 2)).toHaveLength(2);
});

describe('time', () => {
  test('without a CONNECT ends the connection', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const siaga = await start({ MQTT_CONNECT_TIMEOUT_MS: '10000' });
    const silent = siaga.attach();
    const slow = siaga.attach();
    slow.sendBytes(0x10, 60, 0);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(silent.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await Promise.all([silent.closed(), slow.closed()]);
    expect(await ends(siaga, 'connect-timeout')).toBe(2);
  });

  test('with an authentication that hangs ends the connection', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const never = new Promise<undefined>(() => undefined);
    const authenticator = {
      verify: () => never,
      verifyCertificate: () => undefined,
      isValid: () => true,
      watch: () => () => undefined,
    };
    const siaga = await start({ MQTT_AUTHENTICATE_TIMEOUT_MS: '20000' }, { authenticator });
    const client = siaga.attach();
    client.send(connectPacket({ clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('x') }));
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(20_000);
    await client.closed();
    expect(await ends(siaga, 'authenticate-timeout')).toBe(1);
  });
});

describe('size', () => {
  test('far over the limit ends the connection at the fixed header', async () => {
    const siaga = await start({ MQTT_MAX_PACKET_BYTES: '1000' });
    const device = await siaga.device();
    // 32,001 bytes and the header.
    device.sendBytes(Buffer.of(0x30, 0x81, 0xfa, 0x01));
    await device.closed();
    expect(await ends(siaga, 'packet-too-large')).toBe(1);
    expect(siaga.pipeline.messages).toEqual([]);
  });

  const large = (qos: 0 | 1) => publishPacket(TELEMETRY, 'x'.repeat(9_000), { qos, messageId: 7 });

  test.each([1, 2, 3, 5, 700, 9_100])(
    'over the limit is skipped, acknowledged, recorded by its size, and what is behind it arrives: %i bytes at a time',
    async (step) => {
      const siaga = await start({ MQTT_MAX_PACKET_BYTES: '1000' });
      const device = await siaga.device();
      const good = publishPacket(TELEMETRY, '{"levelM":1}', { qos: 1, messageId: 8 });
      const bytes = Buffer.concat([
        mqttBytes(good),
        mqttBytes(large(1)),
        mqttBytes({ ...good, messageId: 9 }),
      ]);
      for (let at = 0; at < bytes.length; at += step) device.sendBytes(bytes.subarray(at, at + step));
      for (const messageId of [8, 7, 9]) expect(await device.next('puback')).toMatchObject({ messageId });
      expect(siaga.pipeline.messages.map(({ wholeBytes }) => wholeBytes)).toEqual([
        undefined,
        mqttBytes(large(1)).length,
        undefined,
      ]);
      expect(siaga.pipeline.messages[1]).toMatchObject({ topic: TELEMETRY, identity: 'gauge-1' });
      expect(siaga.pipeline.messages[1]?.payload.length).toBeLessThan(2_048);
      expect(await bounds(siaga, 'packet-skipped')).toBe(1);
    },
  );

  test('over the limit with QoS 0 is skipped without an answer', async () => {
    const siaga = await start({ MQTT_MAX_PACKET_BYTES: '1000' });
    const device = await siaga.device();
    device.send(large(0));
    await device.ping();
    await siaga.pipeline.received(1);
    expect(siaga.pipeline.messages[0]?.wholeBytes).toBe(mqttBytes(large(0)).length);
  });

  test('over the limit with QoS 2 ends the connection', async () => {
    const siaga = await start({ MQTT_MAX_PACKET_BYTES: '1000' });
    const device = await siaga.device();
    device.send({ ...large(1), qos: 2 });
    await device.closed();
    expect(await ends(siaga, 'packet-too-large')).toBe(1);
  });

  test('of a CONNECT is bounded before anything is known of the client', async () => {
    const siaga = await start();
    const client = siaga.attach();
    client.sendBytes(Buffer.of(0x10, 0x81, 0x20));
    await client.closed();
    expect(await ends(siaga, 'packet-too-large')).toBe(1);
  });
});

describe('connections over TCP', () => {
  const portOf = (siaga: TestBroker) => siaga.broker.addresses[0]?.port as number;
  /** Resolves when the server has cut a new connection, be it during or after its handshake. */
  const beCut = async (siaga: TestBroker) => {
    const client = await connectTcp(portOf(siaga)).catch(() => undefined);
    await client?.closed();
  };

  test('beyond the number in all are cut, and there is room again when one goes', async () => {
    const siaga = await start({ MQTT_MAX_CONNECTIONS: '2' });
    const first = await connectTcp(portOf(siaga));
    const second = await connectTcp(portOf(siaga));
    await beCut(siaga);
    expect(await bounds(siaga, 'connections')).toBe(1);
    first.destroy();
    await vi.waitFor(async () => expect(await ends(siaga, 'client-closed')).toBe(1));
    const third = await connectTcp(portOf(siaga));
    const good = { clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') };
    expect((await third.connect(good)).returnCode).toBe(0);
    second.destroy();
    third.destroy();
  });

  test('beyond the number of one address are cut', async () => {
    const siaga = await start({ MQTT_MAX_CONNECTIONS_PER_ADDRESS: '1' });
    const first = await connectTcp(portOf(siaga));
    await beCut(siaga);
    expect(await bounds(siaga, 'connections-per-address')).toBe(1);
    first.destroy();
  });

  test('of one address that have not shown who they are leave room for others, and give it back when they do', async () => {
    const siaga = await start({ MQTT_MAX_UNAUTHENTICATED_PER_ADDRESS: '2' });
    const device = await connectTcp(portOf(siaga));
    const silent = await connectTcp(portOf(siaga));
    await beCut(siaga);
    expect(await bounds(siaga, 'unauthenticated-per-address')).toBe(1);
    const good = { clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') };
    expect((await device.connect(good)).returnCode).toBe(0);
    const next = await connectTcp(portOf(siaga));
    await beCut(siaga);
    // One that was let in gave its place back already, and gives none when it goes.
    device.destroy();
    await vi.waitFor(async () => expect(await ends(siaga, 'client-closed')).toBe(1));
    await beCut(siaga);
    silent.destroy();
    await vi.waitFor(async () => expect(await ends(siaga, 'client-closed')).toBe(2));
    const last = await connectTcp(portOf(siaga));
    expect((await last.connect(good)).returnCode).toBe(0);
    expect(await bounds(siaga, 'unauthenticated-per-address')).toBe(3);
    for (const client of [next, last]) client.destroy();
  });

  test('beyond the rate of one address are cut until its second is over', async () => {
    let now = 1_000_000;
    const siaga = await start(
      { MQTT_MAX_CONNECTS_PER_ADDRESS_PER_S: '2' },
      { now: stepping(), monotonicNow: () => now },
    );
    const clients = [await connectTcp(portOf(siaga)), await connectTcp(portOf(siaga))];
    await beCut(siaga);
    expect(await bounds(siaga, 'connects-per-address')).toBe(1);
    now += 1_000;
    clients.push(await connectTcp(portOf(siaga)));
    await vi.waitFor(() => expect(clients.every((client) => !client.isClosed)).toBe(true));
    for (const client of clients) client.destroy();
  });

  test('of a subscriber that does not read are dropped, and the others get their messages', async () => {
    const siaga = await start({ MQTT_DRAIN_TIMEOUT_MS: '300' });
    const secret = Buffer.from('observer:room-secret');
    const subscriptions = [{ topic: 'siaga/semarang/#', qos: 0 as const }];
    const join = async (clientId: string) => {
      const client = await connectTcp(portOf(siaga));
      await client.connect({ clientId, username: 'observer:room', password: secret });
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
      await client.next('suback');
      return client;
    };
    const frozen = await join('frozen');
    const reader = await join('reader');
    frozen.stream.pause();
    const payload = Buffer.alloc(100_000, 'x');
    // What the two kernels buffer comes first; then its time runs.
    while ((await ends(siaga, 'slow-reader')) === 0) {
      void siaga.broker.publish('siaga/semarang/alerts/a', payload, { qos: 0, retain: false });
      await reader.next('publish');
    }
    await reader.ping();
    frozen.destroy();
    reader.destroy();
  });
});

test('a device that does not read its answers is read no more, and dropped in time', async () => {
  const siaga = await start({ MQTT_DRAIN_TIMEOUT_MS: '200' });
  const device = siaga.attach(128);
  await device.connect({ clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') });
  device.stream.pause();
  for (let id = 1; id <= 2_000; id++) device.send(...publishes(1, id));
  await vi.waitFor(async () => expect(await ends(siaga, 'slow-reader')).toBe(1), { timeout: 5_000 });
  expect(await holds(siaga, 'unread-answers')).toBeGreaterThan(0);
  expect(siaga.pipeline.messages.length).toBeLessThan(2_000);
});

test('a subscriber that leaves more unread than it may is dropped at once, and the others get all', async () => {
  const siaga = await start();
  const join = async (clientId: string) => {
    const client = siaga.attach();
    const password = Buffer.from('observer:room-secret');
    await client.connect({ clientId, username: 'observer:room', password });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'siaga/semarang/#', qos: 0 }] });
    await client.next('suback');
    return client;
  };
  const frozen = await join('frozen');
  const reader = await join('reader');
  frozen.stream.pause();
  const payload = Buffer.alloc(100_000, 'x');
  const count = 200;
  for (let sent = 0; sent < count; sent++) {
    void siaga.broker.publish('siaga/semarang/alerts/a', payload, { qos: 0, retain: false });
    await reader.next('publish');
  }
  expect(await ends(siaga, 'slow-reader')).toBe(1);
  await reader.ping();
});

test('a client that leaves more unread than it may and goes on asking is dropped', async () => {
  const siaga = await start();
  const frozen = await siaga.observer();
  frozen.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'siaga/semarang/#', qos: 0 }] });
  await frozen.next('suback');
  frozen.stream.pause();
  const payload = Buffer.alloc(1024 * 1024, 'x');
  // Handed out in one turn, before the first is written: each finds nothing unread.
  for (let sent = 0; sent < 6; sent++) {
    void siaga.broker.publish('siaga/semarang/alerts/a', payload, { qos: 0, retain: false });
  }
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(await ends(siaga, 'slow-reader')).toBe(0);
  frozen.send({ cmd: 'pingreq' });
  await vi.waitFor(async () => expect(await ends(siaga, 'slow-reader')).toBe(1));
});

test('retained messages beyond their number are not kept', async () => {
  const siaga = await start({ MQTT_MAX_RETAINED_MESSAGES: '2' });
  for (const alert of ['a', 'b', 'c']) {
    await siaga.broker.publish(`siaga/semarang/alerts/${alert}`, alert, { qos: 0, retain: true });
  }
  expect(await bounds(siaga, 'retained-messages')).toBe(1);
  await siaga.broker.publish('siaga/semarang/alerts/a', '', { qos: 0, retain: true });
  await siaga.broker.publish('siaga/semarang/alerts/c', 'c', { qos: 0, retain: true });
  const observer = await siaga.observer();
  observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'siaga/semarang/#', qos: 0 }] });
  const kept = [await observer.next('publish'), await observer.next('publish')].map(({ topic }) => topic);
  expect(kept.sort()).toEqual(['siaga/semarang/alerts/b', 'siaga/semarang/alerts/c']);
});

test('subscriptions beyond their number, or not allowed, are answered 0x80', async () => {
  const siaga = await start({ MQTT_MAX_SUBSCRIPTIONS_PER_CLIENT: '2' });
  const observer = await siaga.observer();
  const ask = async (...topics: string[]) => {
    observer.send({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: topics.map((topic) => ({ topic, qos: 1 })),
    });
    return (await observer.next('suback')).granted;
  };
  expect(await ask('siaga/semarang/a', 'siaga/semarang/b', 'siaga/semarang/c')).toEqual([1, 1, 0x80]);
  expect(await ask('#', '$SYS/#')).toEqual([0x80, 0x80]);
  observer.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['siaga/semarang/a'] });
  await observer.next('unsuback');
  expect(await ask('siaga/semarang/c')).toEqual([1]);
  expect(await bounds(siaga, 'subscriptions')).toBe(1);
  expect(await bounds(siaga, 'subscription-not-allowed')).toBe(2);
});
