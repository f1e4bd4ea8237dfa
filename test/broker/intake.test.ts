/**
 * How bytes reach the pipeline, over real sockets and over a stream in memory: in order, all of them, and no sooner
 * than there is room.
 */
import { Socket } from 'node:net';
import mqtt from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectTcp, publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

const WINDOW = 3;
const PATIENCE = { timeout: 30_000, interval: 20 };
let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker({ MQTT_MAX_INFLIGHT_PER_CLIENT: `${WINDOW}` });
});
afterEach(() => siaga[Symbol.asyncDispose]());

async function connect(client: RawMqttClient, id = 'gauge-1'): Promise<RawMqttClient> {
  await client.connect({ clientId: id, username: id, password: Buffer.from(`${id}-secret`) });
  return client;
}
const tcp = async (id?: string) => {
  const [address] = siaga.broker.addresses;
  return connect(await connectTcp(address?.port as number, address?.host), id);
};
const memory = async () => connect(siaga.attach());
const publishOf = (number: number, bytes = 0) =>
  mqtt.generate(
    publishPacket(TELEMETRY, `${number}`.padStart(bytes, ' '), { qos: 1, messageId: (number % 65_535) + 1 }),
  );
const taken = () => siaga.pipeline.messages.map(({ payload }) => Number(payload));

describe.each([
  ['a TCP socket', tcp],
  ['a stream in memory', memory],
])('the bytes of %s', (_name, open) => {
  test('arrive in order, and none is lost while there is no room', async () => {
    siaga.pipeline.holding = true;
    const device = await open();
    const numbers = Array.from({ length: 5_000 }, (_, number) => number);
    device.sendBytes(...numbers.map((number) => publishOf(number, 100)));
    await siaga.pipeline.received(WINDOW);
    // Stopped: what comes in these turns stays where it is.
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(siaga.pipeline.messages).toHaveLength(WINDOW);
    siaga.pipeline.holding = false;
    siaga.pipeline.release();
    await siaga.pipeline.received(numbers.length);
    expect(taken()).toEqual(numbers);
    for (const number of numbers) expect((await device.next('puback')).messageId).toBe(number + 1);
  });

  test('are followed by the end that the other side made', async () => {
    const device = await open();
    device.stream.end(publishOf(1));
    await siaga.pipeline.received(1);
    await vi.waitFor(
      async () =>
        expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'client-closed' })).toBe(1),
      PATIENCE,
    );
  });
});

test('the bytes that wait when a client is cut off are taken no more', async () => {
  siaga.pipeline.holding = true;
  const device = await tcp();
  device.sendBytes(...[1, 2, 3, 4, 5].map((number) => publishOf(number)));
  await siaga.pipeline.received(WINDOW);
  device.destroy();
  await vi.waitFor(
    async () =>
      expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'client-closed' })).toBe(1),
    PATIENCE,
  );
  siaga.pipeline.release();
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(taken()).toEqual([1, 2, 3]);
});

test('many sockets never mix what they say', async () => {
  const devices = await Promise.all(Array.from({ length: 9 }, (_, n) => tcp(`gauge-${n}`)));
  const words = devices.map((device, n) => {
    if (device.stream instanceof Socket) device.stream.setNoDelay(true);
    return Buffer.concat(Array.from({ length: 30 }, (_, part) => publishOf(n * 1_000 + part, 700)));
  });
  for (let part = 0; part < 30; part++) {
    for (const [n, device] of devices.entries()) {
      const bytes = words[n] as Buffer;
      device.sendBytes(
        bytes.subarray(Math.floor((part * bytes.length) / 30), Math.floor(((part + 1) * bytes.length) / 30)),
      );
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  await siaga.pipeline.received(9 * 30);
  for (let n = 0; n < 9; n++) {
    const own = siaga.pipeline.messages.filter(({ clientId }) => clientId === `gauge-${n}`);
    expect(own.map(({ payload }) => Number(payload))).toEqual(
      Array.from({ length: 30 }, (_, part) => n * 1_000 + part),
    );
  }
});
