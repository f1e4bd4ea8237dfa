/** Packets of MQTT 5 that are not sound: each ends its connection, told why, and reaches nobody. */
import fc from 'fast-check';
import mqtt, { type Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { formatVarint } from '../../broker/connection/publish-5.ts';
import { connectPacket, publishPacket } from '../support/raw-mqtt-client.ts';
import { GAUGE_ROOT, openTestBroker, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(() => siaga[Symbol.asyncDispose]());

const COMMAND = `${GAUGE_ROOT}/command`;
const text = (value: string) => {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([head, Buffer.from(value)]);
};
const withLength = (...parts: (Buffer | number)[]) => {
  const bytes = Buffer.concat(parts.map((each) => (typeof each === 'number' ? Buffer.of(each) : each)));
  return Buffer.concat([formatVarint(bytes.length), bytes]);
};
const publish = (...properties: (Buffer | number)[]) =>
  Buffer.concat([
    Buffer.of(0x32),
    withLength(text(TELEMETRY), 0, 1, withLength(...properties), Buffer.from('x')),
  ]);
const subscribe = (options: number, ...properties: (Buffer | number)[]) =>
  Buffer.concat([Buffer.of(0x82), withLength(0, 1, withLength(...properties), text(COMMAND), options)]);
const many = Array.from({ length: 65 }, () => [0x26, text('a'), text('b')]).flat();

describe('what is wrong in a packet is told, and ends the connection', () => {
  test.each<[string, Buffer, number]>([
    ['a property that there is not', publish(0x7f, 1), 0x81],
    ['one of another packet', publish(0x11, 0, 0, 0, 1), 0x81],
    ['a subscription identifier in a PUBLISH', publish(0x0b, 1), 0x81],
    ['one that comes twice', publish(0x01, 1, 0x01, 1), 0x82],
    ['one that is cut', publish(0x02, 0, 0), 0x81],
    ['a flag of 2', publish(0x01, 2), 0x82],
    ['a text with NUL', publish(0x03, text('a\u0000')), 0x81],
    ['a text that is no UTF-8', publish(0x03, 0, 1, 0xff), 0x81],
    ['a wildcard in the response topic', publish(0x08, text('a/+')), 0x82],
    ['more properties than a packet may have', publish(...many), 0x95],
    ['properties longer than the packet', Buffer.from('3206000161000164', 'hex'), 0x81],
    ['a length of the properties without end', Buffer.from('32090001610001ffffffff', 'hex'), 0x81],
    ['no topic and no alias', Buffer.from('320500000001007a', 'hex').subarray(0, 7), 0x82],
    ['options that there are not', subscribe(0x40), 0x81],
    ['a retain handling of 3', subscribe(0x31), 0x81],
    ['a QoS of 3', subscribe(0x03), 0x81],
    ['a subscription identifier of 0', subscribe(1, 0x0b, 0), 0x82],
    ['a reason code that PUBACK has not', Buffer.from('4003000195', 'hex'), 0x81],
    ['a reason code that PUBREL has not', Buffer.from('6203000187', 'hex'), 0x81],
    ['bytes behind the properties of a PUBACK', Buffer.from('4006000100000000', 'hex'), 0x81],
    ['an AUTH, which nobody asked for', Buffer.from('f0021800', 'hex'), 0x82],
  ])('%s', async (name, bytes, code) => {
    const { client } = await siaga.connect5();
    client.sendBytes(bytes, mqtt.generate({ cmd: 'pingreq' }), mqtt.generate({ cmd: 'pingreq' }));
    const { reasonCode } = await client.next('disconnect');
    expect(reasonCode, name).toBe(code);
    await client.closed();
    expect(siaga.pipeline.messages).toEqual([]);
  });

  test.each<[string, Buffer]>([
    ['a receive maximum of 0', Buffer.of(0x21, 0, 0)],
    ['a maximum packet size of 0', Buffer.of(0x27, 0, 0, 0, 0)],
    ['a property of a PUBLISH', Buffer.of(0x23, 0, 1)],
    ['one that comes twice', Buffer.of(0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1)],
    ['one that is cut', Buffer.of(0x11, 0)],
  ])('a CONNECT with %s', async (_name, properties) => {
    const client = siaga.attach(undefined, 5);
    client.sendBytes(0x10, withLength(text('MQTT'), 5, 2, 0, 60, withLength(properties), text('gauge-1')));
    await client.closed();
    expect(client.take()).toEqual([]);
  });

  test('a user property named like what every object has is nothing special', async () => {
    const observer = (await siaga.connect5('observer:room')).client;
    const topic = `${GAUGE_ROOT}/status`;
    observer.send({
      ...{ cmd: 'subscribe', messageId: 1 },
      subscriptions: [{ topic, qos: 1 }],
    });
    await observer.next('suback');
    const { client } = await siaga.connect5();
    client.sendBytes(
      0x32,
      withLength(text(topic), 0, 1, withLength(0x26, text('__proto__'), text('x')), Buffer.from('{}')),
    );
    const { properties } = await observer.next('publish');
    expect(Object.entries(properties?.userProperties ?? {})).toEqual([['__proto__', 'x']]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });
});

describe('whatever comes', () => {
  const packets: Packet[] = [
    publishPacket(TELEMETRY, '{"levelM":1}', { qos: 1, messageId: 1, properties: { topicAlias: 1 } }),
    publishPacket('', 'x', { qos: 1, messageId: 2, properties: { topicAlias: 1, contentType: 'a/b' } }),
    publishPacket(`${GAUGE_ROOT}/status`, 'x', {
      ...{ qos: 2, messageId: 3 },
      properties: {
        userProperties: { a: ['b', 'c'] },
        correlationData: Buffer.of(1),
        messageExpiryInterval: 9,
      },
    }),
    { cmd: 'pubrel', messageId: 3, reasonCode: 0 },
    {
      cmd: 'subscribe',
      messageId: 4,
      properties: { subscriptionIdentifier: 200 },
      subscriptions: [{ topic: COMMAND, qos: 1, nl: true, rap: true, rh: 1 }],
    },
    {
      cmd: 'unsubscribe',
      messageId: 5,
      properties: { userProperties: { a: 'b' } },
      unsubscriptions: [COMMAND],
    },
    { cmd: 'puback', messageId: 9, reasonCode: 0, properties: { reasonString: 'so' } },
    { cmd: 'pingreq' },
    { cmd: 'disconnect', reasonCode: 4, properties: { sessionExpiryInterval: 0 } },
  ];
  const streams = packets.map((packet) => mqtt.generate(packet, { protocolVersion: 5 }));
  const connect = mqtt.generate(
    connectPacket({
      ...{ protocolVersion: 5, clientId: 'gauge-1', username: 'gauge-1' },
      ...{
        password: Buffer.from('gauge-1-secret'),
        properties: { sessionExpiryInterval: 5, receiveMaximum: 9 },
      },
      will: {
        ...{ topic: `${GAUGE_ROOT}/status`, payload: Buffer.from('gone'), qos: 1, retain: false },
        properties: { willDelayInterval: 1, contentType: 'a' },
      },
    }),
    { protocolVersion: 5 },
  );
  const change = fc.record({ at: fc.nat(), to: fc.nat(255), cut: fc.integer({ min: 1, max: 400 }) });
  const alive = async () => {
    const { client } = await siaga.connect5('gauge-2');
    client.send(publishPacket(TELEMETRY.replace('gauge-1', 'gauge-2'), '{}', { qos: 1, messageId: 1 }));
    await client.next('puback');
    client.destroy();
  };

  test('bytes changed anywhere, cut anywhere, never harm another connection', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 4 }), fc.boolean(), async (changes, inConnect) => {
        const whole = Buffer.concat([connect, ...streams]);
        for (const { at, to } of changes) {
          const place = inConnect
            ? at % connect.length
            : connect.length + (at % (whole.length - connect.length));
          whole[place] = to;
        }
        const client = siaga.attach(undefined, 5);
        const step = changes[0]?.cut ?? 400;
        for (let at = 0; at < whole.length && !client.isClosed; at += step) {
          client.sendBytes(whole.subarray(at, at + step));
          await new Promise(setImmediate);
        }
        client.destroy();
        await alive();
      }),
      { numRuns: 300 },
    );
    expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'internal-error' })).toBe(0);
  }, 120_000);

  test('sound packets are taken wherever they are cut', async () => {
    for (let step = 1; step < 40; step += 3) {
      await using broker = await openTestBroker();
      const whole = Buffer.concat([connect, ...streams.slice(0, -1)]);
      const client = broker.attach(undefined, 5);
      for (let at = 0; at < whole.length; at += step) client.sendBytes(whole.subarray(at, at + step));
      await client.next('pingresp');
      expect(broker.pipeline.messages).toHaveLength(3);
      expect((await client.next('suback')).granted).toEqual([1]);
    }
  });
});
