/** Who gets a CONNACK, with which code, and under which name; takeover, wills, revocation. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Packet } from 'mqtt-packet';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Authenticator } from '../../broker/clients/authenticator.ts';
import { connectPacket, publishPacket } from '../support/raw-mqtt-client.ts';
import {
  openTestBroker,
  STATUS,
  TELEMETRY,
  type TestBroker,
  testAuthenticator,
} from '../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(() => siaga[Symbol.asyncDispose]());

const password = Buffer.from('gauge-1-secret');
const good = { clientId: 'gauge-1', username: 'gauge-1', password };
const ends = (reason: string) => siaga.value('siaga_mqtt_connection_ends_total', { reason });
const will = (topic: string) => ({ topic, payload: Buffer.from('{"status":"offline"}'), qos: 1 as const });

describe('a CONNECT', () => {
  test.each([
    ['with its id and secret', good, 0],
    ['with a will on its own status', { ...good, will: will(STATUS) }, 0],
    ['with no client id and a clean session', { ...good, clientId: '' }, 0],
    ['without credentials', { clientId: 'gauge-1' }, 4],
    ['with a wrong secret', { ...good, password: Buffer.from('no') }, 4],
    ['of a device that is not known', { ...good, clientId: 'x', username: 'x' }, 4],
    ["under another device's client id", { ...good, clientId: 'gauge-2' }, 0],
    ['under the client id of its chip', { ...good, clientId: 'ESP32_AB12CD34' }, 0],
    ["with a will on another's status", { ...good, will: will(STATUS.replace('1', '2')) }, 0],
    ['with a will on its telemetry', { ...good, will: will(TELEMETRY) }, 0],
    ['with a will on a topic of its own making', { ...good, will: will('tele/x/LWT') }, 0],
  ])('%s is answered with its code', async (_name, fields, returnCode) => {
    const client = siaga.attach();
    expect((await client.connect(fields)).returnCode).toBe(returnCode);
    if (returnCode !== 0) await client.closed();
  });

  test('with a NUL or a control character in id or user name ends without an answer', async () => {
    for (const bad of [{ clientId: 'a\u0000' }, { clientId: 'a\u0007' }, { ...good, username: 'a\u0000' }]) {
      const client = siaga.attach();
      await expect(client.connect(bad)).rejects.toThrow(/ended before/);
    }
    expect(await ends('malformed')).toBe(3);
  });

  test('that fails is counted by its reason and leaves no connection behind', async () => {
    const client = siaga.attach();
    await client.connect({ ...good, password: Buffer.from('no') });
    await client.closed();
    expect(await ends('bad-credentials')).toBe(1);
    expect(siaga.broker.connections()).toEqual([]);
  });
});

test('a client id belongs to one device, and pushes no other off the line', async () => {
  const other = await siaga.device('gauge-2');
  const device = await siaga.device('gauge-1', { clientId: 'gauge-2' });
  await device.ping();
  await other.ping();
  expect(siaga.broker.connections().map(({ clientId }) => clientId)).toEqual(['gauge-2', 'gauge-1/gauge-2']);
});

test('the client id of an observer has a name space of its own and pushes no device off the line', async () => {
  const device = await siaga.device();
  const observer = siaga.attach();
  const name = 'observer:room';
  await observer.connect({ clientId: 'gauge-1', username: name, password: Buffer.from(`${name}-secret`) });
  await observer.ping();
  await device.ping();
  expect(siaga.broker.connections().map(({ clientId }) => clientId)).toEqual([
    'gauge-1',
    'observer:room/gauge-1',
  ]);
});

test('an observer publishes nothing: the pipeline is told who it was, to set it aside', async () => {
  const observer = await siaga.observer();
  observer.send(publishPacket(TELEMETRY, '{}', { qos: 1, messageId: 1 }));
  await observer.next('puback');
  expect(siaga.pipeline.messages[0]?.identity).toBe('observer:room');
});

test('a device that connects again ends its former connection, which is said to be taken over', async () => {
  const former = await siaga.device();
  const latter = await siaga.device();
  await former.closed();
  await latter.ping();
  expect(await ends('taken-over')).toBe(1);
  expect(siaga.broker.connections()).toHaveLength(1);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'a connection is read or ended, never left, where the one that takes it over dies %i turns after its CONNECT',
  async (turns) => {
    const command = { topic: TELEMETRY.replace('telemetry', 'command'), qos: 1 as const };
    const former = await siaga.device('gauge-1', { clean: false });
    former.send({ cmd: 'subscribe', messageId: 1, subscriptions: [command] });
    await former.next('suback');
    const latter = siaga.attach();
    latter.send(connectPacket({ ...good, clean: false }));
    for (let turn = 0; turn < turns; turn++) await nextTurn();
    latter.destroy();
    await former.ping().catch(() => former.closed());
    const next = await siaga.device();
    await next.ping();
    expect(siaga.broker.connections()).toHaveLength(1);
  },
);

describe('a will', () => {
  const withWill = { will: { ...will(STATUS), retain: true } };

  test('is taken by the pipeline and retained when the connection ends without DISCONNECT', async () => {
    const device = await siaga.device('gauge-1', withWill);
    device.destroy();
    await siaga.pipeline.received(1);
    expect(siaga.pipeline.messages[0]).toMatchObject({ topic: STATUS, identity: 'gauge-1' });
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'siaga/semarang/#', qos: 1 }] });
    expect(await observer.next('publish')).toMatchObject({ topic: STATUS, retain: true });
  });

  test.each([STATUS.replace('gauge-1', 'gauge-2'), TELEMETRY, 'home/kitchen', 'siaga/semarang/alerts/x'])(
    'elsewhere is taken away and counted, and costs no connection: %s',
    async (topic) => {
      const device = await siaga.device('gauge-1', { will: will(topic) });
      await device.ping();
      expect(await siaga.value('siaga_mqtt_bound_hits_total', { bound: 'will-elsewhere' })).toBe(1);
      device.destroy();
      const next = await siaga.device();
      await next.ping();
      expect(siaga.pipeline.messages).toEqual([]);
    },
  );

  test('on the status topic of a format is left to the pipeline', async () => {
    await using open = await openTestBroker({}, { isStatusOfFormat: (topic) => topic.startsWith('tele/') });
    const device = await open.device('gauge-1', { will: will('tele/gauge-1/LWT') });
    device.destroy();
    await open.pipeline.received(1);
    expect(open.pipeline.messages[0]).toMatchObject({ topic: 'tele/gauge-1/LWT', identity: 'gauge-1' });
  });

  test('is dropped after a DISCONNECT', async () => {
    const device = await siaga.device('gauge-1', withWill);
    device.send({ cmd: 'disconnect' });
    await device.closed();
    expect(await ends('client-disconnect')).toBe(1);
    expect(siaga.pipeline.messages).toEqual([]);
  });

  test('is not published when it is the server that goes', async () => {
    const device = await siaga.device('gauge-1', withWill);
    await siaga.broker[Symbol.asyncDispose]();
    await device.closed();
    expect(siaga.pipeline.messages).toEqual([]);
  });
});

test('what is revoked is cut off at once, and its will tells the others', async () => {
  let tell: () => void = () => undefined;
  let revoked = false;
  const authenticator: Authenticator = {
    ...testAuthenticator,
    isValid: () => !revoked,
    watch: (watcher) => {
      tell = watcher;
      return () => undefined;
    },
  };
  await using other = await openTestBroker({}, { authenticator });
  const device = await other.device('gauge-1', { will: will(STATUS) });
  tell();
  await device.ping();
  revoked = true;
  tell();
  await device.closed();
  await other.pipeline.received(1);
  expect(await other.value('siaga_mqtt_connection_ends_total', { reason: 'revoked' })).toBe(1);
});

describe('without credentials asked for', () => {
  test('a client is whoever its topics name, under any client id', async () => {
    await using open = await openTestBroker({ MQTT_AUTH: 'false' }, { authenticator: undefined });
    const client = open.attach();
    expect((await client.connect({ clientId: 'anything' })).returnCode).toBe(0);
    client.send(publishPacket(TELEMETRY, '{}', { qos: 1, messageId: 1 }));
    await client.next('puback');
    expect(open.pipeline.messages[0]).not.toHaveProperty('identity');
  });
});

describe('the session of a device', () => {
  const COMMAND = STATUS.replace('status', 'command');
  const subscribe = {
    cmd: 'subscribe' as const,
    messageId: 1,
    subscriptions: [{ topic: COMMAND, qos: 1 as const }],
  } satisfies Packet;

  test('keeps commands while it is away', async () => {
    const device = await siaga.device('gauge-1', { clean: false });
    device.send(subscribe);
    await device.next('suback');
    device.send({ cmd: 'disconnect' });
    await device.closed();
    await siaga.broker.publish(COMMAND, '{"command":"report"}', { qos: 1, retain: false });
    const back = siaga.attach();
    const connack = await back.connect({ ...good, clean: false });
    expect(connack.sessionPresent).toBe(true);
    expect((await back.next('publish')).payload.toString()).toBe('{"command":"report"}');
  });

  test('keeps no more than its bound, and the oldest go', async () => {
    await using small = await openTestBroker({ MQTT_MAX_OFFLINE_MESSAGES_PER_CLIENT: '3' });
    const device = await small.device('gauge-1', { clean: false });
    device.send(subscribe);
    await device.next('suback');
    device.send({ cmd: 'disconnect' });
    await device.closed();
    await vi.waitFor(() => expect(small.broker.connections()).toEqual([]));
    for (let count = 1; count <= 5; count++) {
      await small.broker.publish(COMMAND, String(count), { qos: 1, retain: false });
    }
    const back = await small.device('gauge-1', { clean: false });
    const kept = [];
    for (let count = 0; count < 3; count++) kept.push((await back.next('publish')).payload.toString());
    expect(kept).toEqual(['3', '4', '5']);
    expect(await small.value('siaga_mqtt_bound_hits_total', { bound: 'offline-messages' })).toBe(2);
  });

  test('is not kept for an observer, which is told so', async () => {
    const connect = { clientId: 'r', username: 'observer:room', clean: false };
    for (let times = 0; times < 2; times++) {
      const client = siaga.attach();
      const connack = await client.connect({ ...connect, password: Buffer.from('observer:room-secret') });
      expect(connack).toMatchObject({ returnCode: 0, sessionPresent: false });
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'siaga/semarang/#', qos: 1 }] });
      await client.next('suback');
      client.destroy();
    }
    expect(await siaga.value('siaga_mqtt_bound_hits_total', { bound: 'persistent-session' })).toBe(2);
  });
});

test('a device whose connection ends all day leaves room in the log for the ends of others', async () => {
  const lines: { msg: string; reason?: string; clientId?: string }[] = [];
  const log = pino({ level: 'info' }, { write: (text: string) => lines.push(JSON.parse(text)) });
  await using other = await openTestBroker({}, { log });
  for (const id of [...Array.from({ length: 60 }, () => 'gauge-1'), 'gauge-2']) {
    const device = await other.device(id);
    device.sendBytes(0x00);
    await device.closed();
  }
  await vi.waitFor(() => {
    const ended = lines.filter(({ msg }) => msg === 'connection ended');
    expect(ended.map(({ clientId }) => clientId)).toEqual(['gauge-1', 'gauge-1', 'gauge-1', 'gauge-2']);
  });
  expect(await other.value('siaga_mqtt_connection_ends_total', { reason: 'protocol-violation' })).toBe(61);
});
