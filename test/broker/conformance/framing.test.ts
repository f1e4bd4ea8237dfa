/** MQTT 3.1.1: strings, fixed headers, packet identifiers, protocol violations. */
import mqtt, { type Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectPacket, publishPacket } from '../../support/raw-mqtt-client.ts';
import { openTestBroker, TELEMETRY, type TestBroker } from '../../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(() => siaga[Symbol.asyncDispose]());

const subscribe = (topic: string): Packet => ({
  cmd: 'subscribe',
  messageId: 1,
  subscriptions: [{ topic, qos: 0 }],
});
/** The packet with every occurrence of `@@` replaced by two other bytes: what a string must not hold. */
const withBytes = (packet: Packet, bytes: readonly number[]) => {
  const buffer = mqtt.generate(packet);
  for (let at = buffer.indexOf('@@'); at >= 0; at = buffer.indexOf('@@')) buffer.set(bytes, at);
  return buffer;
};

/** Sends bytes after CONNACK and expects the connection to be closed, with nothing answered or stored. */
async function expectClosed(...bytes: (number | Buffer)[]): Promise<void> {
  const device = await siaga.device();
  device.sendBytes(...bytes);
  await device.closed();
  expect(device.take()).toEqual([]);
  expect(siaga.pipeline.messages).toEqual([]);
}

const ILL_FORMED = [0xc3, 0x28];
const SURROGATE_START = [0xed, 0xa0];
const OVERLONG_NUL = [0xc0, 0x80];
const NUL = [0x61, 0x00];
const unsubscribe = (topic: string): Packet => ({
  cmd: 'unsubscribe',
  messageId: 1,
  unsubscriptions: [topic],
});

describe('strings', () => {
  test.each([
    ['ill-formed UTF-8', ILL_FORMED],
    ['a surrogate', SURROGATE_START],
    ['an overlong NUL', OVERLONG_NUL],
  ])('[MQTT-1.5.3-1] %s in a topic or a filter closes the connection', async (_name, bytes) => {
    await expectClosed(withBytes(publishPacket('siaga/@@', 'x', { qos: 1, messageId: 1 }), bytes));
    await expectClosed(withBytes(subscribe('siaga/semarang/@@'), bytes));
    await expectClosed(withBytes(unsubscribe('siaga/semarang/@@'), bytes));
  });

  test('[MQTT-1.5.3-1] [MQTT-3.1.3-4] ill-formed UTF-8 in a client id or a user name closes the connection', async () => {
    for (const fields of [{ clientId: 'a@@' }, { clientId: 'a', username: 'a@@' }]) {
      const client = siaga.attach();
      client.sendBytes(withBytes(connectPacket(fields), ILL_FORMED));
      await client.closed();
      expect(client.take()).toEqual([]);
    }
  });

  test('[MQTT-1.5.3-2] [MQTT-4.7.3-2] U+0000 in a topic or a filter closes the connection', async () => {
    await expectClosed(withBytes(publishPacket('siaga/@@', 'x', { qos: 1, messageId: 1 }), NUL));
    await expectClosed(withBytes(subscribe('siaga/semarang/@@'), NUL));
    await expectClosed(withBytes(unsubscribe('siaga/semarang/@@'), NUL));
  });

  test.each([
    ['U+0001', [0x61, 0x01]],
    ['U+001F', [0x61, 0x1f]],
    ['U+007F', [0x61, 0x7f]],
    ['U+0080', [0xc2, 0x80]],
    ['U+009F', [0xc2, 0x9f]],
  ])(
    '[MQTT 1.5.3] the control character %s closes the connection wherever it stands',
    async (_name, bytes) => {
      await expectClosed(withBytes(publishPacket('siaga/@@', 'x', { qos: 0 }), bytes));
      await expectClosed(withBytes(publishPacket('siaga/@@', 'x', { qos: 2, messageId: 1 }), bytes));
      await expectClosed(withBytes(subscribe('siaga/semarang/@@'), bytes));
      await expectClosed(withBytes(unsubscribe('siaga/semarang/@@'), bytes));
    },
  );

  test.each([
    ['U+00A0', '\u00a0'],
    ['the replacement character', '\ufffd'],
    ['a character of four bytes', '\u{2a6d4}'],
  ])('[MQTT-1.5.3-1] %s is text like any other', async (_name, text) => {
    const device = await siaga.device();
    device.send(publishPacket(`siaga/${text}`, 'x', { qos: 1, messageId: 1 }));
    await device.next('puback');
    expect(siaga.pipeline.messages[0]?.topic).toBe(`siaga/${text}`);
  });

  test('[MQTT-1.5.3-3] U+FEFF in a topic is kept as it is', async () => {
    const device = await siaga.device();
    device.send(publishPacket('\ufeffsiaga', 'x', { qos: 1, messageId: 1 }));
    await device.next('puback');
    expect(siaga.pipeline.messages[0]?.topic).toBe('\ufeffsiaga');
  });
});

describe('fixed headers', () => {
  test.each([
    ['PUBREL with flags 0', [0x60, 2, 0, 1]],
    ['SUBSCRIBE with flags 0', [0x80, 6, 0, 1, 0, 1, 0x61, 0]],
    ['UNSUBSCRIBE with flags 0', [0xa0, 5, 0, 1, 0, 1, 0x61]],
    ['PUBACK with a flag', [0x41, 2, 0, 1]],
    ['PINGREQ with a flag', [0xc1, 0]],
    ['DISCONNECT with a flag', [0xe1, 0]],
  ])(
    '[MQTT-2.2.2-2] [MQTT-3.6.1-1] [MQTT-3.8.1-1] [MQTT-3.10.1-1] [MQTT-3.14.1-1] %s closes the connection',
    async (_name, bytes) => {
      await expectClosed(Buffer.from(bytes));
    },
  );

  test.each([
    ['a PUBLISH', publishPacket(TELEMETRY, 'x', { qos: 1, messageId: 258 })],
    ['a SUBSCRIBE', { ...subscribe('a'), messageId: 258 } as Packet],
    ['an UNSUBSCRIBE', { cmd: 'unsubscribe', messageId: 258, unsubscriptions: ['a'] } as Packet],
    ['a PUBACK', { cmd: 'puback', messageId: 258 } as Packet],
    ['a PUBREL', { cmd: 'pubrel', messageId: 258 } as Packet],
  ])('[MQTT-2.3.1-1] packet identifier 0 in %s closes the connection', async (_name, packet) => {
    const bytes = mqtt.generate(packet);
    bytes.set([0, 0], bytes.indexOf(Buffer.of(1, 2)));
    await expectClosed(bytes);
  });

  test('[MQTT-2.3.1-6] [MQTT-2.3.1-7] answers carry the identifier of what they answer', async () => {
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, 'x', { qos: 1, messageId: 65_535 }));
    expect((await device.next('puback')).messageId).toBe(65_535);
    device.send(publishPacket(TELEMETRY, 'x', { qos: 2, messageId: 4_660 }));
    expect((await device.next('pubrec')).messageId).toBe(4_660);
    device.send({ cmd: 'pubrel', messageId: 4_660 });
    expect((await device.next('pubcomp')).messageId).toBe(4_660);
    device.send({ ...subscribe('siaga/semarang/alerts/#'), messageId: 77 } as Packet);
    expect((await device.next('suback')).messageId).toBe(77);
    device.send({ cmd: 'unsubscribe', messageId: 78, unsubscriptions: ['siaga/semarang/alerts/#'] });
    expect((await device.next('unsuback')).messageId).toBe(78);
  });

  test('[MQTT-4.8.0-1] packets that only a server sends, and reserved types, close the connection', async () => {
    for (const type of [0, 2, 9, 11, 13, 15]) await expectClosed(type << 4, 2, 0, 0);
  });

  test('[MQTT-4.8.0-1] a remaining length of more than four bytes closes the connection', async () => {
    await expectClosed(0x30, 0xff, 0xff, 0xff, 0xff, 0x01);
  });

  test('[MQTT-3.12.4-1] PINGREQ is answered with PINGRESP', async () => {
    const device = await siaga.device();
    device.send({ cmd: 'pingreq' });
    expect((await device.next('pingresp')).cmd).toBe('pingresp');
  });
});

describe('a string', () => {
  test('[MQTT-3.3.2-1] longer than its packet closes the connection', async () => {
    await expectClosed(0x30, 3, 0x00, 0x09, 0x61);
  });
  test('[MQTT-3.8.3-1] longer than its packet closes the connection in a SUBSCRIBE too', async () => {
    await expectClosed(0x82, 6, 0, 1, 0, 9, 0x61, 0);
  });
});
