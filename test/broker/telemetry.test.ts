/**
 * The short way of telemetry, past Aedes, and the long way of everything else: to a device they are one, however
 * the network cuts its bytes and whatever stands between its publishes.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import mqtt, { type Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { publishPacket } from '../support/raw-mqtt-client.ts';
import { GAUGE_ROOT, openTestBroker, STATUS, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker({ MQTT_MAX_INFLIGHT_PER_CLIENT: '3' });
});
afterEach(async () => {
  vi.useRealTimers();
  await siaga[Symbol.asyncDispose]();
});

/** What a device may send, by the letters of a test: each makes the packet of its place. */
const MAKERS: Readonly<Record<string, (place: number) => Packet>> = {
  telemetry: (place) => publishPacket(TELEMETRY, `${place}`, { qos: 1, messageId: place + 1 }),
  repeated: (place) => publishPacket(TELEMETRY, `${place}`, { qos: 1, messageId: place + 1, dup: true }),
  long: (place) => publishPacket(TELEMETRY, `${place}`.padStart(300, ' '), { qos: 1, messageId: place + 1 }),
  'at most once': (place) => publishPacket(TELEMETRY, `${place}`, { qos: 0 }),
  status: (place) => publishPacket(STATUS, `${place}`, { qos: 1, messageId: place + 1, retain: true }),
  'no topic of ours': (place) => publishPacket('a/b', `${place}`, { qos: 1, messageId: place + 1 }),
  ping: () => ({ cmd: 'pingreq' }),
};

describe('what a device sends', () => {
  test('is taken in its order and acknowledged in its order, wherever the bytes are cut', async () => {
    const kinds = fc.array(fc.constantFrom(...Object.keys(MAKERS)), { minLength: 1, maxLength: 12 });
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(kinds, cuts, async (sent, sizes) => {
        const before = siaga.pipeline.messages.length;
        const device = await siaga.device();
        const packets = sent.map((kind, place) => MAKERS[kind]?.(place) as Packet);
        let bytes = Buffer.concat(packets.map((packet) => mqtt.generate(packet)));
        for (const size of sizes) {
          device.sendBytes(bytes.subarray(0, size));
          bytes = bytes.subarray(size);
          await nextTurn();
        }
        if (bytes.length > 0) device.sendBytes(bytes);
        const published = packets.filter((packet) => packet.cmd === 'publish');
        const expected = published.flatMap(({ qos, messageId }) => (qos === 1 ? [messageId] : []));
        const acknowledged: (number | undefined)[] = [];
        while (acknowledged.length < expected.length) {
          acknowledged.push((await device.next('puback')).messageId);
        }
        await siaga.pipeline.received(before + published.length);
        await device.ping();
        expect(acknowledged).toEqual(expected);
        const taken = siaga.pipeline.messages.slice(before);
        expect(taken.map(({ topic, payload }) => [topic, Number(payload)])).toEqual(
          published.map(({ topic, payload }) => [topic, Number(payload)]),
        );
        device.send({ cmd: 'disconnect' });
        await device.closed();
      }),
      { numRuns: 150 },
    );
  });

  test('as telemetry alone keeps it connected [MQTT-3.1.2-24]', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const device = await siaga.device('gauge-1', { keepalive: 10 });
    for (let messageId = 1; messageId <= 3; messageId++) {
      await vi.advanceTimersByTimeAsync(14_000);
      device.send(publishPacket(TELEMETRY, '1', { qos: 1, messageId }));
      await device.next('puback');
    }
    expect(device.isClosed).toBe(false);
  });

  test('is forwarded from the moment on when somebody listens, in the middle of a cut packet too', async () => {
    const device = await siaga.device();
    const [first, second] = [1, 2].map((messageId) =>
      mqtt.generate(publishPacket(TELEMETRY, `${messageId}`, { qos: 1, messageId })),
    ) as [Buffer, Buffer];
    device.sendBytes(first, second.subarray(0, 9));
    await device.next('puback');
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${GAUGE_ROOT}/+`, qos: 0 }] });
    await observer.next('suback');
    device.sendBytes(second.subarray(9));
    expect((await observer.next('publish')).payload.toString()).toBe('2');
    expect((await device.next('puback')).messageId).toBe(2);
  });

  test('is read on when its rate allows more by the time the first ones are taken', async () => {
    let clockMs = 1_700_000_000_000;
    await using paced = await openTestBroker(
      { MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S: '1' },
      { now: () => (clockMs += 1_000) },
    );
    const device = await paced.device();
    const ids = Array.from({ length: 30 }, (_, index) => index + 1);
    device.send(...ids.map((messageId) => publishPacket(TELEMETRY, '1', { qos: 1, messageId })));
    for (const id of ids) expect((await device.next('puback')).messageId).toBe(id);
  });

  test('on a topic of its own making never waits for a packet behind it', async () => {
    const device = await siaga.device();
    const packet = mqtt.generate(publishPacket('a/b', '1', { qos: 1, messageId: 1 }));
    const cut = mqtt.generate(publishPacket(TELEMETRY, '2', { qos: 1, messageId: 2 })).subarray(0, 5);
    device.sendBytes(packet, cut);
    expect((await device.next('puback')).messageId).toBe(1);
  });
});
