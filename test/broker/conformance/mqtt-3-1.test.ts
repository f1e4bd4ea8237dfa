/** MQTT 3.1, of older modems: what it leaves open and 3.1.1 closes the connection for. */
import mqtt, { type Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectPacket, publishPacket, type RawMqttClient } from '../../support/raw-mqtt-client.ts';
import {
  openTestBroker,
  STATUS,
  TELEMETRY,
  type TestBroker,
  testAuthenticator,
} from '../../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(() => siaga[Symbol.asyncDispose]());

const old = { protocolId: 'MQIsdp', protocolVersion: 3 } as const;
const good = { clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') };
/** Of a CONNECT of 3.1: fixed header 2, name 8, level 1. */
const FLAGS = 11;
const connectBytes = (fields = {}) => mqtt.generate(connectPacket({ ...good, ...old, ...fields }));
const changed = (bytes: Buffer, at: number, byte: number) => {
  bytes[at] = byte;
  return bytes;
};
async function connectWith(bytes: Buffer, broker = siaga): Promise<RawMqttClient> {
  const client = broker.attach();
  client.sendBytes(bytes);
  expect(await client.next('connack')).toMatchObject({ returnCode: 0 });
  return client;
}
const subscribe: Packet = {
  cmd: 'subscribe',
  messageId: 7,
  subscriptions: [{ topic: 'siaga/semarang/alerts/#', qos: 1 }],
};

describe('a client of MQTT 3.1', () => {
  test('connects, publishes, subscribes and disconnects', async () => {
    const device = await connectWith(connectBytes());
    device.send(publishPacket(TELEMETRY, '{}', { qos: 1, messageId: 1 }), subscribe);
    expect((await device.next('puback')).messageId).toBe(1);
    expect((await device.next('suback')).granted).toEqual([1]);
    device.send({ cmd: 'disconnect' });
    await device.closed();
  });

  test.each([24, 60, 64])(
    'may have an id of %i characters, though 3.1 itself stops at 23',
    async (length) => {
      const id = 'a'.repeat(length);
      await using any = await openTestBroker(
        {},
        {
          authenticator: {
            ...testAuthenticator,
            verify: async () => ({ role: 'device', id, kind: 'river-gauge' }),
          },
        },
      );
      const device = await connectWith(connectBytes({ clientId: id }), any);
      await device.ping();
    },
  );

  test.each([true, false])(
    'must have an id [MQTT 3.1, 3.1], with a clean session (%s) too',
    async (clean) => {
      const client = siaga.attach();
      const bytes = connectBytes({ clientId: '~', clean });
      const at = bytes.indexOf('~');
      bytes[1] = (bytes[1] as number) - 1;
      bytes[at - 1] = 0;
      client.sendBytes(bytes.subarray(0, at), bytes.subarray(at + 1));
      expect(await client.next('connack')).toMatchObject({ returnCode: 2 });
      await client.closed();
    },
  );

  test.each([0x11, 0x12, 0x14, 0x18, 0x1f])(
    'may set flags of the first byte of CONNECT: %i',
    async (first) => {
      await (await connectWith(changed(connectBytes(), 0, first))).ping();
    },
  );

  test.each([
    ['the reserved flag', 0x01],
    ['QoS 1 of no will', 0x08],
    ['QoS 3 of no will', 0x18],
    ['retain of no will', 0x20],
  ])('may set %s', async (_name, flag) => {
    const bytes = connectBytes();
    await (await connectWith(changed(bytes, FLAGS, (bytes[FLAGS] as number) | flag))).ping();
  });

  test('may announce a user name and a password and leave them out', async () => {
    await using open = await openTestBroker({ MQTT_AUTH: 'false' }, { authenticator: undefined });
    const plain = mqtt.generate(connectPacket({ ...old, clientId: 'a' }));
    await (await connectWith(changed(Buffer.from(plain), FLAGS, 0xc2), open)).ping();
    await (await connectWith(changed(Buffer.from(plain), FLAGS, 0x82), open)).ping();
    const named = mqtt.generate(connectPacket({ ...old, clientId: 'b', username: 'b' }));
    await (await connectWith(changed(Buffer.from(named), FLAGS, 0xc2), open)).ping();
    const will = { topic: STATUS, payload: Buffer.from('{}'), qos: 0 as const, retain: false };
    const withWill = mqtt.generate(connectPacket({ ...old, clientId: 'c', will }));
    await (await connectWith(changed(Buffer.from(withWill), FLAGS, 0xc6), open)).ping();
  });

  test.each([
    ['PINGREQ', Buffer.of(0xc9, 0), 'pingresp'],
    ['SUBSCRIBE sent again', changed(mqtt.generate(subscribe), 0, 0x8a), 'suback'],
    ['SUBSCRIBE with retain', changed(mqtt.generate(subscribe), 0, 0x83), 'suback'],
    [
      'UNSUBSCRIBE sent again',
      changed(mqtt.generate({ cmd: 'unsubscribe', messageId: 7, unsubscriptions: ['a'] }), 0, 0xaa),
      'unsuback',
    ],
    ['PUBREL sent again', Buffer.of(0x6a, 2, 0, 7), 'pubcomp'],
  ] as const)('may set unused flags of %s, one byte at a time', async (_name, bytes, answer) => {
    const device = await connectWith(connectBytes());
    for (const byte of bytes) device.sendBytes(byte);
    await device.next(answer);
  });

  test('may set flags of acknowledgements, and DUP of a PUBLISH of QoS 0', async () => {
    const device = await connectWith(connectBytes());
    device.sendBytes(0x4f, 2, 0, 1, 0x78, 2, 0, 1);
    device.sendBytes(changed(mqtt.generate(publishPacket(TELEMETRY, '{}')), 0, 0x38));
    await siaga.pipeline.received(1);
    await device.ping();
  });

  test('may set reserved bits beside the QoS of a filter', async () => {
    const device = await connectWith(connectBytes());
    const bytes = mqtt.generate(subscribe);
    device.sendBytes(changed(bytes, bytes.length - 1, 0xf5));
    expect((await device.next('suback')).granted).toEqual([1]);
  });

  test.each([
    ['a will of QoS 3', () => changed(connectBytes(), FLAGS, 0xde)],
    [
      'a password without a user name',
      () => changed(connectBytes({ username: 'a', password: undefined }), FLAGS, 0x42),
    ],
    [
      'bytes behind its last field',
      () => changed(Buffer.concat([connectBytes(), Buffer.of(0)]), 1, connectBytes().length - 1),
    ],
  ])('is closed for %s all the same', async (_name, bytes) => {
    const client = siaga.attach();
    client.sendBytes(bytes());
    await client.closed();
    expect(client.take()).toEqual([]);
  });

  test.each([
    ['a SUBSCRIBE of QoS 0', Buffer.of(0x80, 6, 0, 7, 0, 1, 0x61, 0)],
    ['a PUBLISH of QoS 3', Buffer.of(0x36, 5, 0, 1, 0x61, 0, 7)],
    ['a second CONNECT', connectBytes()],
    ['a QoS of 3 beside a filter', Buffer.of(0x82, 6, 0, 7, 0, 1, 0x61, 3)],
  ])('is closed for %s all the same', async (_name, bytes) => {
    const device = await connectWith(connectBytes());
    device.sendBytes(bytes);
    await device.closed();
    expect(device.take()).toEqual([]);
  });
});

test.each([
  ['a flag of the first byte', (bytes: Buffer) => changed(bytes, 0, 0x12)],
  ['the reserved flag', (bytes: Buffer) => changed(bytes, 9, 0xc3)],
  ['QoS 1 of no will', (bytes: Buffer) => changed(bytes, 9, 0xca)],
])('a client of MQTT 3.1.1 is closed for %s', async (_name, change) => {
  const client = siaga.attach();
  client.sendBytes(change(mqtt.generate(connectPacket(good))));
  await client.closed();
  expect(client.take()).toEqual([]);
});
