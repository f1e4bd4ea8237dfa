/**
 * Packets that end before their last field, of every type: the connection that sent one ends, counted, and
 * nobody else notices.
 */
import mqtt, { type Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectPacket, publishPacket } from '../support/raw-mqtt-client.ts';
import { openTestBroker, STATUS, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(() => siaga[Symbol.asyncDispose]());

const malformedEnds = () => siaga.value('siaga_mqtt_connection_ends_total', { reason: 'malformed' });

/** The packet with its body cut to each length below `fieldBytes`, and a remaining length that says so. */
function cutShort(packet: Packet, fieldBytes?: number): Buffer[] {
  const whole = mqtt.generate(packet);
  const body = whole.subarray(2);
  return Array.from({ length: fieldBytes ?? body.length }, (_, length) =>
    Buffer.concat([Buffer.of(whole[0] as number, length), body.subarray(0, length)]),
  );
}

/** Topic and packet identifier; behind them any length is sound. */
const PUBLISH_FIELDS = 2 + TELEMETRY.length + 2;
const publish = (qos: 0 | 1 | 2, topic = TELEMETRY) =>
  publishPacket(topic, 'x', qos === 0 ? { qos } : { qos, messageId: 258 });

const SHORT: [string, Buffer[]][] = [
  ['PUBLISH of QoS 0', cutShort(publish(0), PUBLISH_FIELDS - 2)],
  ['PUBLISH of QoS 1', cutShort(publish(1), PUBLISH_FIELDS)],
  ['PUBLISH of QoS 2', cutShort(publish(2), PUBLISH_FIELDS)],
  ['PUBLISH on a topic of no device', cutShort(publish(1, 'topic'), 9)],
  ['SUBSCRIBE', cutShort({ cmd: 'subscribe', messageId: 258, subscriptions: [{ topic: 'a/b', qos: 1 }] })],
  ['UNSUBSCRIBE', cutShort({ cmd: 'unsubscribe', messageId: 258, unsubscriptions: ['a/b'] })],
  ['PUBACK', cutShort({ cmd: 'puback', messageId: 258 })],
  ['PUBREC', cutShort({ cmd: 'pubrec', messageId: 258 })],
  ['PUBREL', cutShort({ cmd: 'pubrel', messageId: 258 })],
  ['PUBCOMP', cutShort({ cmd: 'pubcomp', messageId: 258 })],
];

async function expectMalformed(
  send: (bytes: Buffer) => void,
  client: { closed(): Promise<void> },
  bytes: Buffer,
) {
  const before = await malformedEnds();
  send(bytes);
  await client.closed();
  await expect.poll(malformedEnds).toBe(before + 1);
}

describe('a packet that ends before its last field', () => {
  test.each(SHORT)('%s ends its connection, and nothing is answered or stored', async (_name, packets) => {
    for (const bytes of packets) {
      const device = await siaga.device();
      await expectMalformed((all) => device.sendBytes(all), device, bytes);
      expect(device.take()).toEqual([]);
    }
    expect(siaga.pipeline.messages).toEqual([]);
  });

  test.each(SHORT)('%s does so when its bytes come one by one', async (_name, packets) => {
    for (const bytes of packets) {
      const device = await siaga.device();
      const oneByOne = (all: Buffer) => {
        for (const byte of all) device.sendBytes(byte);
      };
      await expectMalformed(oneByOne, device, bytes);
      expect(device.take()).toEqual([]);
    }
  });

  test.each(SHORT)('%s does so with a sound packet right behind it', async (_name, packets) => {
    for (const bytes of packets) {
      const device = await siaga.device();
      const ping = mqtt.generate({ cmd: 'pingreq' });
      await expectMalformed((all) => device.sendBytes(all, ping), device, bytes);
      expect(device.take()).toEqual([]);
    }
    expect(siaga.pipeline.messages).toEqual([]);
  });

  test('CONNECT ends its connection in each of its fields, whole and byte by byte', async () => {
    const connect = connectPacket({
      clientId: 'gauge-1',
      username: 'gauge-1',
      password: Buffer.from('gauge-1-secret'),
      will: { topic: STATUS, payload: Buffer.from('{}'), qos: 1, retain: true },
    });
    for (const bytes of cutShort(connect)) {
      const client = siaga.attach();
      await expectMalformed((all) => client.sendBytes(all), client, bytes);
      expect(client.take()).toEqual([]);
      const slow = siaga.attach();
      const oneByOne = (all: Buffer) => {
        for (const byte of all) slow.sendBytes(byte);
      };
      await expectMalformed(oneByOne, slow, bytes);
    }
  });

  test('costs nobody else an acknowledgement', async () => {
    siaga.pipeline.holding = true;
    const healthy = await siaga.device('gauge-2');
    healthy.send(publishPacket(TELEMETRY.replace('gauge-1', 'gauge-2'), '{}', { qos: 1, messageId: 9 }));
    await siaga.pipeline.received(1);
    const device = await siaga.device();
    device.sendBytes(Buffer.from([0x32, 0x07, 0x00, 0x05]), Buffer.from('topic'));
    await device.closed();
    siaga.pipeline.release();
    expect((await healthy.next('puback')).messageId).toBe(9);
  });
});
