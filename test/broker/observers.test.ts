/**
 * Telemetry on its way to observers: it comes past Aedes, after it is on disk, and to an observer it looks like
 * every other message.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import {
  GAUGE_ROOT,
  openTestBroker,
  REJECTED,
  STATUS,
  STORED,
  TELEMETRY,
  type TestBroker,
} from '../support/test-broker.ts';

const PATIENCE = { timeout: 30_000, interval: 20 };
let siaga: TestBroker;
let device: RawMqttClient;
beforeEach(async () => {
  siaga = await openTestBroker();
  device = await siaga.device();
});
afterEach(() => siaga[Symbol.asyncDispose]());

let nextId = 0;
const send = (...payloads: string[]) =>
  device.send(
    ...payloads.map((payload) => publishPacket(TELEMETRY, payload, { qos: 1, messageId: ++nextId })),
  );

async function openObserver(...filters: [topic: string, qos: 0 | 1 | 2][]): Promise<RawMqttClient> {
  const observer = await siaga.observer();
  observer.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: filters.map(([topic, qos]) => ({ topic, qos })),
  });
  await observer.next('suback');
  return observer;
}

/** What has come so far, by payload. */
async function delivered(observer: RawMqttClient): Promise<string[]> {
  await observer.ping();
  return observer.take().flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload.toString()] : []));
}

describe('an observer of the whole city', () => {
  test('gets telemetry once, in order, as its filter asks: QoS 0 without an identifier', async () => {
    const observer = await openObserver(['siaga/semarang/#', 0]);
    send('1', '2', '3');
    for (const payload of ['1', '2', '3']) {
      const packet = await observer.next('publish');
      expect([packet.topic, packet.payload.toString()]).toEqual([TELEMETRY, payload]);
      expect(packet).toMatchObject({ qos: 0, retain: false, dup: false });
      expect(packet.messageId).toBeUndefined();
    }
    expect(await delivered(observer)).toEqual([]);
  });

  test('with QoS 1 gets identifiers that Aedes does not give to what it sends in between', async () => {
    const observer = await openObserver([`${GAUGE_ROOT}/#`, 1]);
    const used = new Set<number>();
    for (let round = 0; round < 5; round++) {
      send('t');
      device.send(publishPacket(STATUS, 's', { qos: 1, messageId: 60_000 + round, retain: true }));
      for (let count = 0; count < 2; count++) {
        const { qos, messageId = 0 } = await observer.next('publish');
        expect(qos).toBe(1);
        used.add(messageId);
      }
    }
    expect(used.size).toBe(10);
    for (const messageId of used) observer.send({ cmd: 'puback', messageId });
    await observer.ping();
    expect(observer.isClosed).toBe(false);
  });

  test('that answers QoS 1 with another packet than a PUBACK is ended [MQTT-4.3.2-1]', async () => {
    const observer = await openObserver([TELEMETRY, 1]);
    send('1');
    const { messageId = 0 } = await observer.next('publish');
    observer.send({ cmd: 'pubrec', messageId });
    await observer.closed();
  });

  test('gets nothing before it is on disk, and nothing that was refused', async () => {
    const observer = await openObserver(['siaga/semarang/#', 0]);
    siaga.pipeline.holding = true;
    siaga.pipeline.judge = ({ payload }) => (payload.toString() === 'bad' ? REJECTED : STORED);
    send('good', 'bad', 'last');
    await siaga.pipeline.received(3);
    expect(await delivered(observer)).toEqual([]);
    siaga.pipeline.release();
    for (let count = 0; count < 3; count++) await device.next('puback');
    expect(await delivered(observer)).toEqual(['good', 'last']);
  });

  test('gets no more after its UNSUBSCRIBE, and once with filters that overlap', async () => {
    const observer = await openObserver(['siaga/semarang/#', 0], [`${GAUGE_ROOT}/+`, 1], [STATUS, 1]);
    send('1');
    expect((await observer.next('publish')).qos).toBe(1);
    observer.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: [`${GAUGE_ROOT}/+`] });
    await observer.next('unsuback');
    send('2');
    expect((await observer.next('publish')).qos).toBe(0);
    observer.send({ cmd: 'unsubscribe', messageId: 3, unsubscriptions: ['siaga/semarang/#'] });
    await observer.next('unsuback');
    send('3');
    await vi.waitFor(() => expect(siaga.pipeline.messages).toHaveLength(3), PATIENCE);
    expect(await delivered(observer)).toEqual([]);
  });

  test('gets payloads of every length as they were sent', async () => {
    const observer = await openObserver([TELEMETRY, 1]);
    const lengths = [0, 1, 60, 100, 127, 128, 16_000, 16_383, 16_500, 200_000];
    for (const length of lengths) {
      send('x'.repeat(length));
      expect((await observer.next('publish')).payload.length).toBe(length);
    }
  });
});

test('an observer that goes is forgotten: another one still gets what comes', async () => {
  const observer = await openObserver(['siaga/semarang/#', 0]);
  const other = await siaga.device('gauge-2');
  observer.send({ cmd: 'disconnect' });
  await observer.closed();
  const next = await openObserver(['siaga/semarang/+/+/telemetry', 0]);
  send('1');
  other.send(publishPacket(TELEMETRY.replace('gauge-1', 'gauge-2'), '2', { qos: 1, messageId: 9 }));
  expect([await next.next('publish'), await next.next('publish')].map(({ topic }) => topic)).toEqual([
    TELEMETRY,
    TELEMETRY.replace('gauge-1', 'gauge-2'),
  ]);
});

test('an observer that does not read is dropped, and the device gets its acknowledgements', async () => {
  const frozen = await openObserver(['siaga/semarang/#', 0]);
  frozen.stream.pause();
  const payload = 'x'.repeat(100_000);
  for (let count = 0; count < 60; count++) {
    send(payload);
    await device.next('puback');
  }
  await vi.waitFor(
    async () =>
      expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'slow-reader' })).toBe(1),
    PATIENCE,
  );
});

test('an observer that leaves little unread is dropped when its time is over', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const client = siaga.attach(1_000);
    const password = Buffer.from('observer:room-secret');
    await client.connect({ clientId: 'one', username: 'observer:room', password });
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: TELEMETRY, qos: 0 }] });
    await client.next('suback');
    client.stream.pause();
    for (let count = 0; count < 5; count++) {
      send('x'.repeat(1_000));
      await device.next('puback');
    }
    await vi.advanceTimersByTimeAsync(14_900);
    expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'slow-reader' })).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    await vi.waitFor(
      async () =>
        expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'slow-reader' })).toBe(1),
      PATIENCE,
    );
  } finally {
    vi.useRealTimers();
  }
});
