/** Bytes are life: what keeps a connection on a slow link, and what ends it. */
import mqtt from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, STATUS, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  siaga = await openTestBroker({ JOURNAL_MAX_WAITING_BYTES: '100' });
});
afterEach(async () => {
  vi.useRealTimers();
  await siaga[Symbol.asyncDispose]();
});

const ends = (reason: string) => siaga.value('siaga_mqtt_connection_ends_total', { reason });
const packetOf = (bytes: number, topic = TELEMETRY) =>
  mqtt.generate(publishPacket(topic, 'x'.repeat(bytes), { qos: 1, messageId: 7 }));
/** Sends so many bytes each so many milliseconds, until all are sent or the connection has ended. */
async function crawl(client: RawMqttClient, bytes: Buffer, size: number, eachMs: number): Promise<void> {
  for (let at = 0; at < bytes.length && !client.isClosed; at += size) {
    client.sendBytes(bytes.subarray(at, at + size));
    await vi.advanceTimersByTimeAsync(eachMs);
  }
}

describe('a packet on a slow link', () => {
  test.each([
    ['54 kB at 1 kB/s with a keep alive of 15 s', 54_000, 1_000, 1_000, 15, TELEMETRY],
    ['54 kB at 1 kB/s on a topic that goes through Aedes', 54_000, 1_000, 1_000, 15, STATUS],
    ['54 kB at 100 B/s with a keep alive of 30 s', 54_000, 1_000, 10_000, 30, TELEMETRY],
    ['12 kB at 60 B/s in pieces of 20 s', 12_000, 1_200, 20_000, 15, TELEMETRY],
    ['2 kB at 40 B/s, which end within a minute', 2_000, 400, 10_000, 15, TELEMETRY],
  ])('is taken: %s', async (_name, length, size, eachMs, keepalive, topic) => {
    const device = await siaga.device('gauge-1', { keepalive });
    await crawl(device, packetOf(length, topic), size, eachMs);
    expect((await device.next('puback')).messageId).toBe(7);
    expect(device.isClosed).toBe(false);
  });

  test('is taken after a stall of 40 s, when keep alive allows it', async () => {
    const device = await siaga.device('gauge-1', { keepalive: 60 });
    const bytes = packetOf(20_000);
    await crawl(device, bytes.subarray(0, 10_000), 1_000, 1_000);
    await vi.advanceTimersByTimeAsync(40_000);
    await crawl(device, bytes.subarray(10_000), 1_000, 1_000);
    await device.next('puback');
  });

  test('is taken packet after packet, though none ends where a read ends', async () => {
    const device = await siaga.device('gauge-1', { keepalive: 60 });
    const bytes = Buffer.concat(Array.from({ length: 6 }, () => packetOf(50)));
    const size = bytes.length / 6;
    device.sendBytes(bytes.subarray(0, size / 2));
    await vi.advanceTimersByTimeAsync(50_000);
    await crawl(device, bytes.subarray(size / 2), size, 50_000);
    for (let count = 0; count < 6; count++) await device.next('puback');
  });
});

describe('a packet that has begun', () => {
  test('and stops is ended for keep alive', async () => {
    const device = await siaga.device('gauge-1', { keepalive: 10 });
    device.sendBytes(packetOf(100).subarray(0, 60));
    await vi.advanceTimersByTimeAsync(14_900);
    expect(device.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    await device.closed();
    expect(await ends('keep-alive-timeout')).toBe(1);
  });

  test.each([0, 15])('and drips is ended for it, with a keep alive of %i s', async (keepalive) => {
    const device = await siaga.device('gauge-1', { keepalive });
    await crawl(device, packetOf(5_000), 1, 5_000);
    await device.closed();
    expect(await ends('too-slow')).toBe(1);
    expect(siaga.pipeline.messages).toEqual([]);
  });

  test('and stops is ended though no keep alive was asked for', async () => {
    const device = await siaga.device('gauge-1', { keepalive: 0 });
    await crawl(device, Buffer.of(0x30), 1, 59_000);
    expect(device.isClosed).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    await device.closed();
    expect(await ends('too-slow')).toBe(1);
  });

  test('brings 3,000 bytes each minute, not only in its first one', async () => {
    const device = await siaga.device('gauge-1', { keepalive: 60 });
    const bytes = packetOf(20_000);
    await crawl(device, bytes.subarray(0, 12_000), 1_000, 10_000);
    expect(device.isClosed).toBe(false);
    await crawl(device, bytes.subarray(12_000), 100, 10_000);
    await device.closed();
    expect(await ends('too-slow')).toBe(1);
  });
});

describe('a packet over the bound, which is skipped', () => {
  const open = async (keepalive: number) => {
    await siaga[Symbol.asyncDispose]();
    siaga = await openTestBroker({ MQTT_MAX_PACKET_BYTES: '1024' });
    return siaga.device('gauge-1', { keepalive });
  };

  test.each([
    ['1 kB/s with a keep alive of 15 s', 1_000, 1_000, 15],
    ['100 B/s with a keep alive of 30 s', 1_000, 10_000, 30],
  ])(
    'keeps its client connected while it comes, and is acknowledged: %s',
    async (_name, size, eachMs, keepalive) => {
      const device = await open(keepalive);
      await crawl(device, packetOf(30_000), size, eachMs);
      expect((await device.next('puback')).messageId).toBe(7);
      expect(device.isClosed).toBe(false);
      expect(siaga.pipeline.messages).toMatchObject([{ topic: TELEMETRY }]);
      expect(await siaga.value('siaga_mqtt_bound_hits_total', { bound: 'packet-skipped' })).toBe(1);
      // Behind it the silence counts from its last byte.
      await vi.advanceTimersByTimeAsync(keepalive * 1_500 - eachMs - 100);
      expect(device.isClosed).toBe(false);
      await vi.advanceTimersByTimeAsync(eachMs + 200);
      await device.closed();
      expect(await ends('keep-alive-timeout')).toBe(1);
    },
  );

  test('and drips is ended for it', async () => {
    const device = await open(0);
    await crawl(device, packetOf(30_000), 100, 10_000);
    await device.closed();
    expect(await ends('too-slow')).toBe(1);
    expect(siaga.pipeline.messages).toEqual([]);
  });

  test('and stops is ended: by keep alive, or after a minute without one', async () => {
    for (const [keepalive, reason] of [
      [10, 'keep-alive-timeout'],
      [0, 'too-slow'],
    ] as const) {
      const device = await open(keepalive);
      device.sendBytes(packetOf(30_000).subarray(0, 5_000));
      await vi.advanceTimersByTimeAsync(130_000);
      await device.closed();
      expect(await ends(reason)).toBe(1);
    }
  });

  test('brings 3,000 bytes each minute, beginning with its own', async () => {
    const device = await open(0);
    // What came before it does not count for it: one packet ends and the large one begins in the same read.
    device.sendBytes(packetOf(900), packetOf(30_000).subarray(0, 100));
    await device.next('puback');
    await vi.advanceTimersByTimeAsync(61_000);
    await device.closed();
    expect(await ends('too-slow')).toBe(1);
  });

  test('whose header is cut is waited for no longer than any other', async () => {
    const device = await open(0);
    device.sendBytes(packetOf(30_000).subarray(0, 2));
    await vi.advanceTimersByTimeAsync(61_000);
    await device.closed();
    expect(await ends('too-slow')).toBe(1);
  });

  test('ends its span: a packet behind it has a minute of its own', async () => {
    const device = await open(0);
    const bytes = packetOf(1_400);
    device.sendBytes(bytes.subarray(0, 1_000));
    await vi.advanceTimersByTimeAsync(55_000);
    device.sendBytes(bytes.subarray(1_000), packetOf(100).subarray(0, 50));
    await device.next('puback');
    await vi.advanceTimersByTimeAsync(55_000);
    expect(device.isClosed).toBe(false);
    device.sendBytes(packetOf(100).subarray(50));
    await device.next('puback');
    expect(await ends('too-slow')).toBe(0);
  });
});

test('a client that we do not read is not taken for silent, and its publishes are answered when we do', async () => {
  siaga.pipeline.holding = true;
  const device = await siaga.device('gauge-1', { keepalive: 10 });
  device.send(publishPacket(TELEMETRY, 'x'.repeat(101), { qos: 1, messageId: 1 }));
  await siaga.pipeline.received(1);
  device.send(publishPacket(TELEMETRY, '2', { qos: 1, messageId: 2 }), { cmd: 'pingreq' });
  await vi.advanceTimersByTimeAsync(600_000);
  expect(device.isClosed).toBe(false);
  siaga.pipeline.holding = false;
  siaga.pipeline.release();
  expect((await device.next('puback')).messageId).toBe(1);
  expect((await device.next('puback')).messageId).toBe(2);
  await device.next('pingresp');
  await vi.advanceTimersByTimeAsync(15_100);
  await device.closed();
  expect(await ends('keep-alive-timeout')).toBe(1);
});
