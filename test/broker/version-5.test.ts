/** MQTT 5 as a client meets it: what CONNACK tells, why a message was refused, aliases, expiry, sessions, ends. */
import type { IDisconnectPacket, IPubackPacket } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { MAX_ALIASES } from '../../broker/connection/publish-5.ts';
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

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker({ MQTT_MAX_INFLIGHT_PER_CLIENT: '8', MQTT_MAX_PACKET_BYTES: '16384' });
});
afterEach(() => siaga[Symbol.asyncDispose]());

const COMMAND = `${GAUGE_ROOT}/command`;
const PATIENCE = { timeout: 20_000 };
const reading = (messageId: number, fields = {}) =>
  publishPacket(TELEMETRY, '{"levelM":1}', { qos: 1, messageId, ...fields });

async function subscribe(
  client: RawMqttClient,
  topic: string,
  fields: { qos?: 0 | 1 | 2; nl?: boolean } = {},
  properties: { subscriptionIdentifier?: number } = {},
) {
  client.send({
    ...{ cmd: 'subscribe', messageId: 1, properties },
    subscriptions: [{ topic, qos: 1, ...fields }],
  } as never);
  return (await client.next('suback')).granted;
}

describe('CONNACK tells', () => {
  test('the bounds that we hold to', async () => {
    const { connack } = await siaga.connect5('gauge-1', { keepalive: 60 });
    expect(connack).toMatchObject({ reasonCode: 0, sessionPresent: false });
    expect(connack.properties).toMatchObject({
      receiveMaximum: 8,
      maximumPacketSize: 16_384,
      topicAliasMaximum: MAX_ALIASES,
      sharedSubscriptionAvailable: false,
    });
    expect(connack.properties?.serverKeepAlive).toBeUndefined();
    expect(connack.properties?.sessionExpiryInterval).toBeUndefined();
  });

  test.each([
    [0, 3_600],
    [3_600, undefined],
    [3_601, 3_600],
    [60, undefined],
  ])('a keep alive of %i s: %s', async (keepalive, told) => {
    const { connack } = await siaga.connect5('gauge-1', { keepalive });
    expect(connack.properties?.serverKeepAlive).toBe(told);
  });

  test.each([
    ['as asked for', 'gauge-1', 60, 60],
    ['for 30 days at most', 'gauge-1', 0xffff_ffff, 30 * 24 * 3_600],
    ['to an observer that it keeps none', 'observer:room', 60, 0],
  ])('how long a session is kept, %s', async (_name, who, sessionExpiryInterval, told) => {
    const { connack } = await siaga.connect5(who, { properties: { sessionExpiryInterval } });
    expect(connack.properties?.sessionExpiryInterval).toBe(told);
  });

  test('the id that a client got which has none', async () => {
    const { client, connack } = await siaga.connect5('gauge-1', { clientId: '' });
    expect(connack.properties?.assignedClientIdentifier).toBe('gauge-1');
    await client.ping();
    const named = await siaga.connect5('gauge-2');
    expect(named.connack.properties?.assignedClientIdentifier).toBeUndefined();
  });

  test.each([
    ['a wrong secret', { password: Buffer.from('x') }, 0x86],
    ['an id that is too long', { clientId: 'x'.repeat(300) }, 0x85],
    ['authentication of another kind', { properties: { authenticationMethod: 'SCRAM' } }, 0x8c],
  ])('why it refuses %s', async (_name, fields, reasonCode) => {
    const { client, connack } = await siaga.connect5('gauge-1', fields);
    expect(connack.reasonCode).toBe(reasonCode);
    await client.closed();
  });
});

describe('a refused message has its reason in its answer', () => {
  beforeEach(() => {
    siaga.pipeline.judge = ({ payload }) => (payload.includes('good') ? STORED : REJECTED);
    siaga.pipeline.rejection = { reason: 'out-of-range', detail: 'levelM is 912; a gauge has 0 to 30' };
  });
  const answerOf = async (client: RawMqttClient): Promise<IPubackPacket> => await client.next('puback');

  test.each([
    ['out-of-range', 0x99],
    ['not-json', 0x99],
    ['wrong-device', 0x87],
    ['unknown-device', 0x87],
    ['bad-topic', 0x90],
    ['over-quota', 0x97],
    ['too-large', 0x97],
  ] as const)('%s is %i', async (reason, reasonCode) => {
    siaga.pipeline.rejection = { reason, detail: 'so it is' };
    const { client } = await siaga.connect5();
    client.send(reading(7));
    expect(await answerOf(client)).toMatchObject({
      ...{ messageId: 7, reasonCode },
      properties: { reasonString: 'so it is' },
    });
    await client.ping();
  });

  test('by the way through Aedes too, with QoS 1 and with QoS 2', async () => {
    const { client } = await siaga.connect5();
    client.send(publishPacket(STATUS, 'bad', { qos: 1, messageId: 3 }));
    expect(await answerOf(client)).toMatchObject({ messageId: 3, reasonCode: 0x99 });
    client.send(publishPacket(TELEMETRY, 'bad', { qos: 2, messageId: 4 }));
    const pubrec = await client.next('pubrec');
    expect(pubrec).toMatchObject({ messageId: 4, reasonCode: 0x99 });
    expect(pubrec.properties?.reasonString).toBe(siaga.pipeline.rejection?.detail);
    // Its conversation is over: the identifier is free at once.
    client.send(publishPacket(TELEMETRY, 'good', { qos: 2, messageId: 4 }));
    expect((await client.next('pubrec')).reasonCode).toBe(0);
    client.send({ cmd: 'pubrel', messageId: 4 });
    await client.next('pubcomp');
  });

  test('while others are taken, each in its order', async () => {
    const { client } = await siaga.connect5();
    const payloads = ['good', 'bad', 'good', 'good', 'bad'];
    client.send(
      ...payloads.map((payload, at) => publishPacket(TELEMETRY, payload, { qos: 1, messageId: at + 1 })),
    );
    for (const [at, payload] of payloads.entries()) {
      const { messageId, reasonCode = 0 } = await answerOf(client);
      expect([messageId, reasonCode]).toEqual([at + 1, payload === 'good' ? 0 : 0x99]);
    }
  });

  test('what was taken in part is acknowledged, and the rest told', async () => {
    siaga.pipeline.judge = () => ({ stored: 2, repeated: 0, rejected: 1 });
    const { client } = await siaga.connect5();
    client.send(reading(7));
    const { reasonCode, properties } = await answerOf(client);
    expect(reasonCode).toBe(0);
    expect(properties?.reasonString).toContain('levelM');
  });

  test.each([
    ['does not want words', { requestProblemInformation: false }],
    ['takes small packets only', { maximumPacketSize: 20 }],
  ])('without the sentence where the client %s', async (_name, properties) => {
    const { client } = await siaga.connect5('gauge-1', { properties });
    client.send(reading(7));
    const puback = await answerOf(client);
    expect(puback.reasonCode).toBe(0x99);
    expect(puback.properties?.reasonString).toBeUndefined();
  });

  test('a sentence that quotes what the device sent is cut, and has no control characters', async () => {
    siaga.pipeline.rejection = { reason: 'not-json', detail: `found \u0000\ud800${'é'.repeat(600)}` };
    const { client } = await siaga.connect5();
    client.send(reading(7));
    const text = (await answerOf(client)).properties?.reasonString ?? '';
    expect(text).toMatch(/^found {2}\ufffdé+$/u);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(400);
  });

  test('a client of 3.1.1 gets the PUBACK that it knows', async () => {
    const device = await siaga.device();
    const received: Buffer[] = [];
    device.stream.on('data', (chunk: Buffer) => received.push(chunk));
    device.send(reading(7));
    await device.next('puback');
    expect(Buffer.concat(received).toString('hex')).toBe('40020007');
  });

  test('what could not be stored gets no answer, by neither way', async () => {
    siaga.pipeline.holding = true;
    for (const topic of [TELEMETRY, STATUS]) {
      const { client } = await siaga.connect5();
      client.send(publishPacket(topic, 'good', { qos: 1, messageId: 1 }));
      await vi.waitFor(() => expect(siaga.pipeline.heldCount).toBe(1), PATIENCE);
      siaga.pipeline.fail(new Error('the disk is full'));
      await client.closed();
      expect(client.take().filter(({ cmd }) => cmd === 'puback')).toEqual([]);
    }
  });
});

describe('topic aliases', () => {
  const alias = (topicAlias: number) => ({ properties: { topicAlias } });

  test('stand for their topics, by the short way and through Aedes', async () => {
    const observer = (await siaga.connect5('observer:room')).client;
    await subscribe(observer, STATUS);
    const { client } = await siaga.connect5();
    client.send(reading(1, alias(1)), reading(2, { topic: '', ...alias(1) }));
    const status = { qos: 1 as const, retain: true };
    const properties = { topicAlias: 16, contentType: 'text/plain', userProperties: { a: 'b' } };
    client.send(
      publishPacket(STATUS, 'online', { ...status, messageId: 3, properties }),
      publishPacket('', 'online', { ...status, messageId: 4, ...alias(16) }),
    );
    for (const messageId of [1, 2, 3, 4]) expect((await client.next('puback')).messageId).toBe(messageId);
    expect(siaga.pipeline.messages.map(({ topic }) => topic)).toEqual([TELEMETRY, TELEMETRY, STATUS, STATUS]);
    const first = await observer.next('publish');
    expect(first).toMatchObject({ topic: STATUS, properties: { contentType: 'text/plain' } });
    expect(first.properties?.topicAlias).toBeUndefined();
    expect({ ...first.properties?.userProperties }).toEqual({ a: 'b' });
    expect(await observer.next('publish')).toMatchObject({ topic: STATUS });
  });

  test('a later topic takes the place of an earlier one; another connection has none of them', async () => {
    const { client } = await siaga.connect5();
    client.send(reading(1, alias(1)), publishPacket(STATUS, 'x', { qos: 1, messageId: 2, ...alias(1) }));
    client.send(publishPacket('', 'y', { qos: 1, messageId: 3, ...alias(1) }));
    await siaga.pipeline.received(3);
    expect(siaga.pipeline.messages[2]?.topic).toBe(STATUS);
    const other = (await siaga.connect5('gauge-2')).client;
    other.send(publishPacket('', 'y', { qos: 1, messageId: 3, ...alias(1) }));
    expect((await other.next('disconnect')).reasonCode).toBe(0x82);
    await other.closed();
  });

  test.each([
    ['0', publishPacket(TELEMETRY, 'x', { qos: 1, messageId: 1 }), 0, 0x94],
    ['above the bound', publishPacket(TELEMETRY, 'x', { qos: 1, messageId: 1 }), MAX_ALIASES + 1, 0x94],
    ['for a topic without end', publishPacket('x'.repeat(1_025), 'x'), 1, 0x94],
  ])('%s is told and ends the connection', async (_name, packet, topicAlias, reasonCode) => {
    const { client } = await siaga.connect5();
    client.send({ ...packet, ...alias(topicAlias) });
    expect((await client.next('disconnect')).reasonCode).toBe(reasonCode);
    await client.closed();
    expect(siaga.pipeline.messages).toEqual([]);
  });
});

describe('the window', () => {
  test('no more than the announced receive maximum are in flight, and all are answered', async () => {
    siaga.pipeline.holding = true;
    const { client } = await siaga.connect5();
    client.send(...Array.from({ length: 20 }, (_, at) => reading(at + 1)));
    await siaga.pipeline.received(8);
    await client.stream.write('');
    expect(siaga.pipeline.heldCount).toBe(8);
    siaga.pipeline.holding = false;
    siaga.pipeline.release();
    for (let messageId = 1; messageId <= 20; messageId++) {
      expect((await client.next('puback')).messageId).toBe(messageId);
    }
  });

  test('of a client is kept: what is over it comes with QoS 0', async () => {
    const { client } = await siaga.connect5('gauge-1', { properties: { receiveMaximum: 2 } });
    await subscribe(client, COMMAND);
    for (const n of [1, 2, 3]) await siaga.broker.publish(COMMAND, `${n}`, { qos: 1, retain: false });
    const got = [await client.next('publish'), await client.next('publish'), await client.next('publish')];
    expect(got.map(({ qos }) => qos)).toEqual([1, 1, 0]);
    client.send({ cmd: 'puback', messageId: got[0]?.messageId as number });
    await client.ping();
    await siaga.broker.publish(COMMAND, '4', { qos: 1, retain: false });
    expect((await client.next('publish')).qos).toBe(1);
  });

  test('of an observer is kept too', async () => {
    const observer = await siaga.connect5('observer:room', { properties: { receiveMaximum: 1 } });
    await subscribe(observer.client, TELEMETRY);
    const { client } = await siaga.connect5();
    client.send(reading(1), reading(2));
    const got = [await observer.client.next('publish'), await observer.client.next('publish')];
    expect(got.map(({ qos }) => qos)).toEqual([1, 0]);
  });

  test('a packet larger than a client takes does not go to it, and is counted', async () => {
    const properties = { maximumPacketSize: 200 };
    const { client } = await siaga.connect5('gauge-1', { properties });
    const observer = await siaga.connect5('observer:room', { properties });
    await subscribe(client, COMMAND);
    await subscribe(observer.client, TELEMETRY);
    await siaga.broker.publish(COMMAND, 'x'.repeat(300), { qos: 1, retain: false });
    await siaga.broker.publish(COMMAND, 'short', { qos: 1, retain: false });
    expect((await client.next('publish')).payload.toString()).toBe('short');
    client.send(publishPacket(TELEMETRY, 'x'.repeat(300), { qos: 1, messageId: 1 }), reading(2));
    expect((await observer.client.next('publish')).payload.toString()).toBe('{"levelM":1}');
    const labels = { bound: 'too-large-for-client' };
    expect(await siaga.value('siaga_mqtt_bound_hits_total', labels)).toBe(2);
  });
});

describe('subscriptions', () => {
  test('what is not allowed is told as such, shared ones as not available', async () => {
    const { client } = await siaga.connect5();
    expect(await subscribe(client, 'siaga/semarang/#')).toEqual([0x87]);
    expect(await subscribe(client, `$share/group/${COMMAND}`)).toEqual([0x9e]);
    expect(await subscribe(client, COMMAND)).toEqual([1]);
  });

  test('their identifiers come with telemetry and with the rest', async () => {
    const observer = (await siaga.connect5('observer:room')).client;
    await subscribe(observer, TELEMETRY, {}, { subscriptionIdentifier: 300 });
    await subscribe(observer, STATUS, {}, { subscriptionIdentifier: 7 });
    const { client } = await siaga.connect5();
    client.send(reading(1), publishPacket(STATUS, 'online', { qos: 1, messageId: 2 }));
    const got = [await observer.next('publish'), await observer.next('publish')];
    const told = Object.fromEntries(got.map((each) => [each.topic, each.properties?.subscriptionIdentifier]));
    expect(told).toEqual({ [TELEMETRY]: 300, [STATUS]: 7 });
  });
});

describe('message expiry', () => {
  const expiring = (seconds: number) => ({ properties: { messageExpiryInterval: seconds } });

  test('a retained message comes with what is left of it, and not after its time', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const observer = (await siaga.connect5('observer:room')).client;
      await subscribe(observer, STATUS);
      const { client } = await siaga.connect5();
      client.send(publishPacket(STATUS, 'online', { qos: 1, messageId: 1, retain: true, ...expiring(60) }));
      await observer.next('publish');
      vi.setSystemTime(Date.now() + 20_000);
      const early = (await siaga.connect5('observer:room', { clientId: 'early' })).client;
      await subscribe(early, STATUS);
      expect((await early.next('publish')).properties?.messageExpiryInterval).toBe(40);
      vi.setSystemTime(Date.now() + 41_000);
      const late = (await siaga.connect5('observer:room', { clientId: 'late' })).client;
      await subscribe(late, STATUS);
      await late.ping();
      expect(late.take()).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('sessions', () => {
  const kept = { clean: false, properties: { sessionExpiryInterval: 600 } };
  const leave = async (client: RawMqttClient, packet: Partial<IDisconnectPacket> = {}) => {
    client.send({ cmd: 'disconnect', ...packet });
    await client.closed();
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]), PATIENCE);
  };

  test('one that is kept has its subscription, and what waited for it', async () => {
    const first = await siaga.connect5('gauge-1', kept);
    await subscribe(first.client, COMMAND);
    await leave(first.client);
    await siaga.broker.publish(COMMAND, 'go', { qos: 1, retain: false });
    const back = await siaga.connect5('gauge-1', kept);
    expect(back.connack.sessionPresent).toBe(true);
    expect((await back.client.next('publish')).payload.toString()).toBe('go');
  });

  test('one without a subscription is present too', async () => {
    await leave((await siaga.connect5('gauge-1', kept)).client);
    expect((await siaga.connect5('gauge-1', kept)).connack.sessionPresent).toBe(true);
  });

  test.each([
    ['a clean start', { clean: true, properties: { sessionExpiryInterval: 600 } }],
    ['a clean start that keeps nothing', { clean: true }],
  ])('%s finds nothing', async (_name, fields) => {
    const first = await siaga.connect5('gauge-1', kept);
    await subscribe(first.client, COMMAND);
    await leave(first.client);
    await siaga.broker.publish(COMMAND, 'go', { qos: 1, retain: false });
    const back = await siaga.connect5('gauge-1', fields);
    expect(back.connack.sessionPresent).toBe(false);
    await siaga.broker.publish(COMMAND, 'later', { qos: 1, retain: false });
    await back.client.ping();
    expect(back.client.take()).toEqual([]);
  });

  test('one that is resumed for the last time gets what waited, and is gone thereafter', async () => {
    const first = await siaga.connect5('gauge-1', kept);
    await subscribe(first.client, COMMAND);
    await leave(first.client);
    await siaga.broker.publish(COMMAND, 'go', { qos: 1, retain: false });
    const last = await siaga.connect5('gauge-1', { clean: false });
    expect(last.connack.sessionPresent).toBe(true);
    const { payload, messageId = 0 } = await last.client.next('publish');
    expect(payload.toString()).toBe('go');
    last.client.send({ cmd: 'puback', messageId });
    await leave(last.client);
    await vi.waitFor(
      async () => {
        const { client, connack } = await siaga.connect5('gauge-1', { clean: false });
        client.destroy();
        await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]), PATIENCE);
        expect(connack.sessionPresent).toBe(false);
      },
      { timeout: 30_000, interval: 1_500 },
    );
  });

  test('a DISCONNECT may end it', async () => {
    const first = await siaga.connect5('gauge-1', kept);
    await subscribe(first.client, COMMAND);
    await leave(first.client, { properties: { sessionExpiryInterval: 0 } });
    const back = await siaga.connect5('gauge-1', kept);
    expect(back.connack.sessionPresent).toBe(false);
  });

  test('one of 3.1.1 goes on with version 5, and back', async () => {
    const old = await siaga.device('gauge-1', { clean: false });
    await subscribe(old, COMMAND);
    await leave(old);
    const now = await siaga.connect5('gauge-1', kept);
    expect(now.connack.sessionPresent).toBe(true);
    await leave(now.client);
    await siaga.broker.publish(COMMAND, 'go', { qos: 1, retain: false });
    const again = await siaga.device('gauge-1', { clean: false });
    expect((await again.next('publish')).payload.toString()).toBe('go');
  });
});

describe('a will', () => {
  const will = { topic: STATUS, payload: Buffer.from('{"status":"offline"}'), qos: 1 as const, retain: true };
  const heard = () => siaga.pipeline.messages.map(({ topic }) => topic);
  const kept = { clean: false, properties: { sessionExpiryInterval: 600 } };

  test('is published when the connection ends without a word, and by a DISCONNECT that asks for it', async () => {
    const first = (await siaga.connect5('gauge-1', { will })).client;
    await first.ping();
    first.destroy();
    await siaga.pipeline.received(1);
    const second = (await siaga.connect5('gauge-1', { will })).client;
    second.send({ cmd: 'disconnect', reasonCode: 4 });
    await siaga.pipeline.received(2);
    const third = (await siaga.connect5('gauge-1', { will })).client;
    third.send({ cmd: 'disconnect' });
    await third.closed();
    await (await siaga.connect5('gauge-2')).client.ping();
    expect(heard()).toEqual([STATUS, STATUS]);
  });

  test('that waits is published after its time, and not when its device is back before', async () => {
    const late = (seconds: number) => ({ ...will, properties: { willDelayInterval: seconds } });
    const gone = (await siaga.connect5('gauge-1', { ...kept, will: late(600) })).client;
    await gone.ping();
    gone.destroy();
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]), PATIENCE);
    const back = (await siaga.connect5('gauge-1', { ...kept, will: late(1) })).client;
    await back.ping();
    expect(heard()).toEqual([]);
    back.destroy();
    await siaga.pipeline.received(1);
    expect(heard()).toEqual([STATUS]);
  });
});

describe('a client is told why it is cut off', () => {
  const ended = async (client: RawMqttClient) => {
    const { reasonCode, properties } = await client.next('disconnect');
    await client.closed();
    return { reasonCode, reasonString: properties?.reasonString };
  };

  test('taken over', async () => {
    const { client } = await siaga.connect5();
    await siaga.connect5();
    expect((await ended(client)).reasonCode).toBe(0x8e);
  });

  test('a packet over the bound', async () => {
    const { client } = await siaga.connect5();
    client.send(publishPacket(TELEMETRY, 'x'.repeat(20_000), { qos: 1, messageId: 1 }));
    expect((await ended(client)).reasonCode).toBe(0x95);
  });

  test('a malformed packet, with words', async () => {
    const { client } = await siaga.connect5();
    client.sendBytes(Buffer.from('320600016100000000', 'hex').subarray(0, 8));
    const told = await ended(client);
    expect(told.reasonCode).toBe(0x81);
    expect(told.reasonString).toContain('packet identifier 0');
  });

  test('the server goes', async () => {
    const { client } = await siaga.connect5();
    await client.ping();
    const gone = ended(client);
    await siaga.broker[Symbol.asyncDispose]();
    expect((await gone).reasonCode).toBe(0x8b);
  });
});
