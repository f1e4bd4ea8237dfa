/** MQTT 3.1.1, 3.1 and 3.2: CONNECT and CONNACK, sessions, wills, keep alive. */
import mqtt from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connectPacket, publishPacket } from '../../support/raw-mqtt-client.ts';
import { openTestBroker, STATUS, TELEMETRY, type TestBroker } from '../../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(async () => {
  vi.useRealTimers();
  await siaga[Symbol.asyncDispose]();
});

const good = { clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') };
const COMMAND = STATUS.replace('status', 'command');
const subscribeCommands = {
  cmd: 'subscribe' as const,
  messageId: 1,
  subscriptions: [{ topic: COMMAND, qos: 1 as const }],
};
const will = { topic: STATUS, payload: Buffer.from('{"status":"offline"}'), qos: 1 as const };
/** Offsets in a CONNECT of 3.1.1: fixed header 2, name 6, then level and flags. */
const LEVEL = 8;
const FLAGS = 9;
const connectBytes = (fields = {}) => mqtt.generate(connectPacket({ ...good, ...fields }));
const changed = (at: number, change: (byte: number) => number, fields = {}) => {
  const bytes = connectBytes(fields);
  bytes[at] = change(bytes[at] as number);
  return bytes;
};

async function expectClosedWithoutAnswer(bytes: Buffer): Promise<void> {
  const client = siaga.attach();
  client.sendBytes(bytes);
  await client.closed();
  expect(client.take()).toEqual([]);
}

describe('CONNECT', () => {
  test('[MQTT-3.1.0-1] any other first packet closes the connection', async () => {
    await expectClosedWithoutAnswer(mqtt.generate({ cmd: 'pingreq' }));
    await expectClosedWithoutAnswer(mqtt.generate(publishPacket(TELEMETRY, 'x')));
    expect(siaga.pipeline.messages).toEqual([]);
  });

  test('[MQTT-3.1.0-2] a second one closes the connection', async () => {
    const device = await siaga.device();
    device.sendBytes(connectBytes());
    await device.closed();
  });

  test('[MQTT-3.1.2-1] another protocol name closes the connection', async () => {
    await expectClosedWithoutAnswer(changed(4, () => 0x58));
  });

  test.each([3, 6, 0x84, 0x85, 255])(
    '[MQTT-3.1.2-2] level %i is answered with 1 and closed',
    async (level) => {
      const client = siaga.attach();
      client.sendBytes(changed(LEVEL, () => level));
      expect(await client.next('connack')).toMatchObject({ returnCode: 1, sessionPresent: false });
      await client.closed();
    },
  );

  test('[MQTT-3.1.2-3] the reserved flag closes the connection', async () => {
    await expectClosedWithoutAnswer(changed(FLAGS, (flags) => flags | 1));
  });

  test('[MQTT-3.1.2-13] [MQTT-3.1.2-15] will QoS or will retain without a will closes the connection', async () => {
    await expectClosedWithoutAnswer(changed(FLAGS, (flags) => flags | 0x08));
    await expectClosedWithoutAnswer(changed(FLAGS, (flags) => flags | 0x20));
  });

  test('[MQTT-3.1.2-14] will QoS 3 closes the connection', async () => {
    await expectClosedWithoutAnswer(changed(FLAGS, (flags) => flags | 0x18, { will }));
  });

  test('[MQTT-3.1.2-22] a password without a user name closes the connection', async () => {
    const bytes = mqtt.generate(connectPacket({ clientId: 'gauge-1', username: 'ab' }));
    bytes[FLAGS] = ((bytes[FLAGS] as number) & ~0x80) | 0x40;
    await expectClosedWithoutAnswer(bytes);
  });

  test('[MQTT-3.1.2-18] a user name whose flag is 0 closes the connection', async () => {
    await expectClosedWithoutAnswer(changed(FLAGS, (flags) => flags & ~0xc0));
  });

  test('[MQTT-3.1.2-20] a password whose flag is 0 closes the connection', async () => {
    await expectClosedWithoutAnswer(changed(FLAGS, (flags) => flags & ~0x40));
  });

  test('[MQTT-3.1.2-9] a will whose flag is 0 closes the connection', async () => {
    await expectClosedWithoutAnswer(changed(FLAGS, (flags) => flags & ~0x3c, { will }));
  });

  test.each([1, 2, 20])(
    '[MQTT-3.1.3-1] %i bytes behind its last field close the connection',
    async (count) => {
      const bytes = Buffer.concat([connectBytes(), Buffer.alloc(count)]);
      bytes[1] = (bytes[1] as number) + count;
      await expectClosedWithoutAnswer(bytes);
    },
  );

  test.each(['#', 'siaga/+/status'])('[MQTT-3.3.2-2] a will on %s closes the connection', async (topic) => {
    await expectClosedWithoutAnswer(connectBytes({ will: { ...will, topic } }));
  });

  test('[MQTT-4.7.3-1] a will on an empty topic closes the connection', async () => {
    const bytes = connectBytes({ will: { ...will, topic: '~' } });
    const at = bytes.indexOf('~');
    bytes[1] = (bytes[1] as number) - 1;
    bytes[at - 1] = 0;
    await expectClosedWithoutAnswer(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]));
  });

  test('[MQTT-3.1.3-11] [MQTT-1.5.3-2] control characters in id, user name or will topic close the connection', async () => {
    for (const character of ['\u0000', '\u0001', '\u001f', '\u007f', '\u0080', '\u009f']) {
      await expectClosedWithoutAnswer(connectBytes({ clientId: `a${character}` }));
      await expectClosedWithoutAnswer(connectBytes({ username: `a${character}` }));
      await expectClosedWithoutAnswer(connectBytes({ will: { ...will, topic: `a${character}` } }));
    }
  });

  test('[MQTT-3.1.3-5] a password is bytes and may hold any', async () => {
    const client = siaga.attach();
    const connack = await client.connect({ ...good, password: Buffer.of(0, 1, 0xed, 0xa0, 0x80) });
    expect(connack.returnCode).toBe(4);
  });

  test('[MQTT-3.1.3-5] client ids of 1 to 23 letters and digits are allowed', async () => {
    await using open = await openTestBroker({ MQTT_AUTH: 'false' }, { authenticator: undefined });
    for (const clientId of ['a', 'Z9', '0123456789abcdefghijABC']) {
      const client = open.attach();
      expect((await client.connect({ clientId })).returnCode).toBe(0);
    }
  });

  test('[MQTT-3.1.3-6] clients without an id are given ids that differ', async () => {
    await using open = await openTestBroker({ MQTT_AUTH: 'false' }, { authenticator: undefined });
    const clients = [open.attach(), open.attach()];
    for (const client of clients) expect((await client.connect({ clientId: '' })).returnCode).toBe(0);
    await Promise.all(clients.map((client) => client.ping()));
    const ids = open.broker.connections().map(({ clientId }) => clientId);
    expect(new Set(ids).size).toBe(2);
    expect(ids).not.toContain('');
  });

  test('[MQTT-3.1.3-7] [MQTT-3.1.3-8] no id and a session to keep is answered with 2 and closed', async () => {
    const client = siaga.attach();
    client.sendBytes(changed(FLAGS, (flags) => flags & ~2, { clientId: '' }));
    expect(await client.next('connack')).toMatchObject({ returnCode: 2, sessionPresent: false });
    await client.closed();
  });

  test('[MQTT-3.1.3-9] an id that is not allowed is answered with 2 and closed', async () => {
    const client = siaga.attach();
    expect((await client.connect({ ...good, clientId: 'x'.repeat(200) })).returnCode).toBe(2);
    await client.closed();
  });

  test('[MQTT-3.1.4-1] one that is cut short, or too short for its flags, is closed without an answer', async () => {
    const short = Buffer.from(connectBytes().subarray(0, 14));
    short[1] = 12;
    await expectClosedWithoutAnswer(short);
  });

  test('[MQTT-3.1.4-2] a second connection under the same id ends the first', async () => {
    const first = await siaga.device();
    const second = await siaga.device();
    await first.closed();
    await second.ping();
  });

  test('[MQTT-3.1.4-5] nothing behind a rejected one is looked at', async () => {
    const client = siaga.attach();
    client.send(
      connectPacket({ ...good, password: Buffer.from('wrong') }),
      publishPacket(TELEMETRY, '{"levelM":1}', { qos: 1, messageId: 1 }),
    );
    await client.closed();
    expect(siaga.pipeline.messages).toEqual([]);
  });
});

describe('CONNACK', () => {
  test('[MQTT-3.1.4-4] [MQTT-3.2.0-1] is the first packet that a client gets', async () => {
    await siaga.broker.publish(COMMAND, 'x', { qos: 1, retain: true });
    const client = siaga.attach();
    client.send(connectPacket(good), subscribeCommands, { cmd: 'pingreq' });
    await vi.waitFor(() => expect(client.isClosed).toBe(false));
    await client.next('pingresp').catch(() => undefined);
    const again = siaga.attach();
    again.send(connectPacket(good), { cmd: 'pingreq' });
    const received: string[] = [];
    while (!received.includes('pingresp')) {
      received.push(...again.take().map(({ cmd }) => cmd));
      await new Promise(setImmediate);
    }
    expect(received[0]).toBe('connack');
  });

  test('[MQTT-3.2.2-1] [MQTT-3.2.2-2] [MQTT-3.2.2-3] says whether there is a session', async () => {
    const connect = async (clean: boolean) => {
      const client = siaga.attach();
      const connack = await client.connect({ ...good, clean });
      client.send(subscribeCommands);
      await client.next('suback');
      client.send({ cmd: 'disconnect' });
      await client.closed();
      return connack.sessionPresent;
    };
    expect(await connect(false)).toBe(false);
    expect(await connect(false)).toBe(true);
    expect(await connect(true)).toBe(false);
    expect(await connect(false)).toBe(false);
  });

  test('[MQTT-3.2.2-4] [MQTT-3.2.2-5] with a refusal says no session, and the connection is closed', async () => {
    const client = siaga.attach();
    const connack = await client.connect({ ...good, clean: false, password: Buffer.from('wrong') });
    expect(connack).toMatchObject({ returnCode: 4, sessionPresent: false });
    await client.closed();
  });
});

describe('a session', () => {
  test('[MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-4.4.0-1] [MQTT-3.3.1-1] is resumed: what was not acknowledged comes again', async () => {
    const first = await siaga.device('gauge-1', { clean: false });
    first.send(subscribeCommands);
    await first.next('suback');
    await siaga.broker.publish(COMMAND, 'go', { qos: 1, retain: false });
    expect(await first.next('publish')).toMatchObject({ dup: false });
    first.destroy();
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]));
    await siaga.broker.publish(COMMAND, 'wait', { qos: 1, retain: false });
    const second = await siaga.device('gauge-1', { clean: false });
    const [again, later] = [await second.next('publish'), await second.next('publish')];
    expect(again).toMatchObject({ dup: true });
    expect(again.payload.toString()).toBe('go');
    expect(later).toMatchObject({ dup: false });
    expect(later.payload.toString()).toBe('wait');
    second.send({ cmd: 'puback', messageId: again.messageId as number });
    second.send({ cmd: 'puback', messageId: later.messageId as number });
    await second.ping();
    second.destroy();
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]));
    const third = await siaga.device('gauge-1', { clean: false });
    await third.ping();
    expect(third.take()).toEqual([]);
  });

  test('[MQTT-3.1.2-6] that is clean forgets the subscriptions and messages of the one before', async () => {
    const first = await siaga.device('gauge-1', { clean: false });
    first.send(subscribeCommands);
    await first.next('suback');
    first.destroy();
    const second = await siaga.device('gauge-1', { clean: true });
    await siaga.broker.publish(COMMAND, 'x', { qos: 1, retain: false });
    await second.ping();
    expect(second.take()).toEqual([]);
  });

  test('[MQTT-3.1.2-7] that ends leaves retained messages where they are', async () => {
    const device = await siaga.device();
    device.send(publishPacket(STATUS, '{"status":"online"}', { qos: 1, messageId: 1, retain: true }));
    await device.next('puback');
    device.send({ cmd: 'disconnect' });
    await device.closed();
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: STATUS, qos: 0 }] });
    expect((await observer.next('publish')).topic).toBe(STATUS);
  });
});

describe('a will', () => {
  const watch = async () => {
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: STATUS, qos: 1 }] });
    await observer.next('suback');
    return observer;
  };

  test.each([
    ['client vanishes', (client: { destroy(): void }) => client.destroy()],
    [
      'client breaks the protocol',
      (client: { sendBytes(...bytes: number[]): void }) => client.sendBytes(0x00, 0x00),
    ],
  ])('[MQTT-3.1.2-8] [MQTT-3.1.2-16] is published, not retained, when the %s', async (_name, leave) => {
    const observer = await watch();
    leave(await siaga.device('gauge-1', { will }));
    expect(await observer.next('publish')).toMatchObject({ topic: STATUS, qos: 1, retain: false });
    const late = await watch();
    await late.ping();
    expect(late.take()).toEqual([]);
  });

  test('[MQTT-3.1.2-17] with retain is retained', async () => {
    const device = await siaga.device('gauge-1', { will: { ...will, retain: true } });
    device.destroy();
    await siaga.pipeline.received(1);
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]));
    const late = await watch();
    expect(await late.next('publish')).toMatchObject({ retain: true });
  });

  test('[MQTT-3.1.2-10] [MQTT-3.14.4-3] is discarded at a DISCONNECT', async () => {
    const device = await siaga.device('gauge-1', { will });
    device.send({ cmd: 'disconnect' });
    await device.closed();
    expect(siaga.pipeline.messages).toEqual([]);
  });

  test('[MQTT-3.1.2-12] that was not given is not published', async () => {
    const device = await siaga.device();
    device.destroy();
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]));
    expect(siaga.pipeline.messages).toEqual([]);
  });
});

describe('keep alive', () => {
  test('[MQTT-3.1.2-24] ends a client that is silent for one and a half times as long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const device = await siaga.device('gauge-1', { keepalive: 10 });
    await device.ping();
    await vi.advanceTimersByTimeAsync(14_000);
    await device.ping();
    await vi.advanceTimersByTimeAsync(14_000);
    await device.ping();
    await vi.advanceTimersByTimeAsync(15_100);
    await device.closed();
    expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'keep-alive-timeout' })).toBe(1);
  });

  test('[MQTT-3.1.2-24] of 0 never ends a silent client', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const device = await siaga.device('gauge-1', { keepalive: 0 });
    await vi.advanceTimersByTimeAsync(86_400_000);
    await device.ping();
  });
});
