/** Every packet type has a price: who sends without end waits for its own bucket, and the others do not. */
import mqtt, { type Packet } from 'mqtt-packet';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import { GAUGE_ROOT, openTestBroker, STATUS, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

let clockMs = 1_700_000_000_000;
const open: TestBroker[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const broker of open.splice(0)) await broker[Symbol.asyncDispose]();
});

/** A broker that gives each client this much work a second, on a clock that stands still. */
async function start(workPerS: number): Promise<TestBroker> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const siaga = await openTestBroker(
    { MQTT_MAX_WORK_PER_CLIENT_PER_S: String(workPerS) },
    { now: () => clockMs },
  );
  open.push(siaga);
  return siaga;
}
async function pass(ms: number): Promise<void> {
  clockMs += ms;
  await vi.advanceTimersByTimeAsync(100);
}
/** Answers of this kind that have come up to now. */
async function countAnswers(client: RawMqttClient, cmd: Packet['cmd']): Promise<number> {
  for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
  return client.take().filter((packet) => packet.cmd === cmd).length;
}
const times = (count: number, make: (index: number) => Packet) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => mqtt.generate(make(index))));
const holds = (siaga: TestBroker) => siaga.value('siaga_mqtt_holds_total', { cause: 'work' });

const PING: Packet = { cmd: 'pingreq' };
const subscribe = (topic: string, qos: 0 | 1 = 1): Packet => ({
  cmd: 'subscribe',
  messageId: 1,
  subscriptions: [{ topic, qos }],
});
const COMMAND = `${GAUGE_ROOT}/command`;

describe('a client that sends without end', () => {
  // 100 units a second over 2 s: 200 at once.
  test.each([
    ['PINGREQ', (): Packet => PING, 'pingresp', 200],
    ['SUBSCRIBE', () => subscribe(COMMAND), 'suback', 200 / 20],
    ['SUBSCRIBE that is refused', () => subscribe('elsewhere/#'), 'suback', 200 / 20],
    [
      'UNSUBSCRIBE',
      (): Packet => ({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['a'] }),
      'unsuback',
      67,
    ],
    ['PUBREL', (): Packet => ({ cmd: 'pubrel', messageId: 1 }), 'pubcomp', 200 / 2],
    ['PUBREC', (): Packet => ({ cmd: 'pubrec', messageId: 1 }), 'pubrel', 200],
    [
      'PUBLISH of QoS 2',
      (index: number) => publishPacket(TELEMETRY, '{}', { qos: 2, messageId: index + 1 }),
      'pubrec',
      200 / 5,
    ],
  ] as const)('%s gets its share, and goes on when time has passed', async (_name, make, answer, share) => {
    const siaga = await start(100);
    const device = await siaga.device();
    device.sendBytes(times(600, make));
    expect(await countAnswers(device, answer)).toBe(share);
    expect(await holds(siaga)).toBe(1);
    await pass(100);
    const more = await countAnswers(device, answer);
    await pass(60_000);
    expect(more + (await countAnswers(device, answer))).toBeGreaterThan(share / 2);
    expect(device.isClosed).toBe(false);
  });

  test('does not keep another from its PUBACK', async () => {
    const siaga = await start(100);
    const greedy = await siaga.device('gauge-1');
    greedy.sendBytes(times(10_000, () => PING));
    const modest = await siaga.device('gauge-2');
    modest.send(publishPacket(TELEMETRY.replace('gauge-1', 'gauge-2'), '{}', { qos: 1, messageId: 1 }));
    await modest.next('puback');
    expect(await countAnswers(greedy, 'pingresp')).toBe(200);
  });

  test('byte by byte pays for each read, is read on when it has paid, and loses nothing', async () => {
    const siaga = await start(10);
    const device = await siaga.device();
    const bytes = mqtt.generate(
      publishPacket(TELEMETRY, '{"levelM":1}'.padEnd(400), { qos: 1, messageId: 1 }),
    );
    // 20 units at once, a tenth each.
    for (const byte of bytes) {
      device.sendBytes(byte);
      await new Promise(setImmediate);
    }
    expect(await countAnswers(device, 'puback')).toBe(0);
    expect(await holds(siaga)).toBeGreaterThan(0);
    for (let turn = 0; turn < 30 && siaga.pipeline.messages.length === 0; turn++) {
      await pass(10_000);
      for (let round = 0; round < 50; round++) await new Promise(setImmediate);
    }
    expect(siaga.pipeline.messages).toHaveLength(1);
    expect(device.isClosed).toBe(false);
  });

  test('owes what filters cost beyond the first', async () => {
    const siaga = await start(100);
    const device = await siaga.device();
    const subscriptions = Array.from({ length: 300 }, (_, index) => ({
      topic: `a/${index}`,
      qos: 0 as const,
    }));
    device.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    await device.next('suback');
    device.send(PING);
    expect(await countAnswers(device, 'pingresp')).toBe(0);
    await pass(1_000);
    expect(await countAnswers(device, 'pingresp')).toBe(0);
    await pass(1_000);
    expect(await countAnswers(device, 'pingresp')).toBe(1);
  });

  test('pays for the retained messages that each subscription brings', async () => {
    const siaga = await start(100);
    const observer = await siaga.observer();
    for (let alert = 0; alert < 200; alert++) {
      await siaga.broker.publish(`siaga/semarang/alerts/${alert}`, 'x', { qos: 0, retain: true });
    }
    // 20 for the packet, 1 for its filter, 20 for 200 messages.
    for (let count = 1; count <= 5; count++) {
      observer.send(subscribe('siaga/semarang/alerts/#', 0));
      for (let message = 0; message < 200; message++) await observer.next('publish');
    }
    observer.send(PING);
    expect(await countAnswers(observer, 'pingresp')).toBe(0);
    expect(await holds(siaga)).toBe(1);
  });
});

describe('free is', () => {
  test('an acknowledgement that a message of ours asked for', async () => {
    const siaga = await start(10);
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: STATUS, qos: 2 }] });
    await observer.next('suback');
    await pass(60_000);
    for (let count = 1; count <= 300; count++) {
      await siaga.broker.publish(STATUS, 'x', { qos: 1, retain: false });
      const { messageId } = await observer.next('publish');
      observer.send({ cmd: 'puback', messageId: messageId as number });
    }
    await observer.ping();
    expect(await holds(siaga)).toBe(0);
  });

  test('telemetry of QoS 1, which has a rate of its own, though the work is used up', async () => {
    const siaga = await start(10);
    const device = await siaga.device();
    device.sendBytes(times(20, () => PING));
    for (let messageId = 1; messageId <= 100; messageId++) {
      device.send(publishPacket(TELEMETRY, '{}', { qos: 1, messageId }));
      await device.next('puback');
    }
    expect(await holds(siaga)).toBe(0);
  });

  test('an acknowledgement only once: a second one is work', async () => {
    const siaga = await start(10);
    const device = await siaga.device();
    device.send(subscribe(COMMAND));
    await device.next('suback');
    await pass(60_000);
    await siaga.broker.publish(COMMAND, 'go', { qos: 1, retain: false });
    await device.next('publish');
    device.sendBytes(times(22, () => ({ cmd: 'puback', messageId: 1 })));
    device.send(PING);
    expect(await countAnswers(device, 'pingresp')).toBe(0);
    expect(await holds(siaga)).toBe(1);
  });
});

test.each(['subscribe', 'unsubscribe'] as const)(
  'a packet with more than 1,000 filters ends its connection: %s',
  async (cmd) => {
    const siaga = await start(1_000);
    const topics = Array.from({ length: 1_001 }, (_, index) => `a/${index}`);
    const packetOf = (filters: string[]): Packet =>
      cmd === 'subscribe'
        ? { cmd, messageId: 1, subscriptions: filters.map((topic) => ({ topic, qos: 0 })) }
        : { cmd, messageId: 1, unsubscriptions: filters };
    const device = await siaga.device();
    device.send(packetOf(topics.slice(1)));
    await device.next(cmd === 'subscribe' ? 'suback' : 'unsuback');
    device.send(packetOf(topics));
    // It waits until it has paid for the thousand before.
    await pass(60_000);
    await device.closed();
    const labels = { reason: 'packet-too-large' };
    await vi.waitFor(async () =>
      expect(await siaga.value('siaga_mqtt_connection_ends_total', labels)).toBe(1),
    );
  },
);
