/**
 * The first promise at the broker: a PUBACK comes when the pipeline has what was published, in order, or not
 * at all. Over in-memory pairs.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectPacket, connectTcp, publishPacket } from '../support/raw-mqtt-client.ts';
import {
  GAUGE_ROOT,
  openTestBroker,
  REJECTED,
  STATUS,
  TELEMETRY,
  type TestBroker,
} from '../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(() => siaga[Symbol.asyncDispose]());

const qos1 = (messageId: number) => ({ qos: 1 as const, messageId });

describe('a publish', () => {
  test('is acknowledged only after the pipeline has accepted it', async () => {
    siaga.pipeline.holding = true;
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{"levelM":1}', qos1(7)));
    await siaga.pipeline.received(1);
    await device.ping();
    expect(device.take()).toEqual([]);
    siaga.pipeline.release();
    expect((await device.next('puback')).messageId).toBe(7);
  });

  test('reaches the pipeline with topic, payload, time, client and proven identity', async () => {
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{"levelM":1}', qos1(1)));
    await device.next('puback');
    const [message] = siaga.pipeline.messages;
    expect(message).toMatchObject({ topic: TELEMETRY, clientId: 'gauge-1', identity: 'gauge-1' });
    expect(message?.payload.toString()).toBe('{"levelM":1}');
    expect(Math.abs((message?.receivedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  test('of many is answered in the order of arrival though the journal settles them in another', async () => {
    siaga.pipeline.holding = true;
    const device = await siaga.device();
    device.send(...[1, 2, 3].map((id) => publishPacket(TELEMETRY, `{"levelM":${id}}`, qos1(id))));
    await siaga.pipeline.received(3);
    siaga.pipeline.release(2);
    siaga.pipeline.release(1);
    await device.ping();
    expect(device.take()).toEqual([]);
    siaga.pipeline.release(0);
    const order = [];
    for (let i = 0; i < 3; i++) order.push((await device.next('puback')).messageId);
    expect(order).toEqual([1, 2, 3]);
  });

  test('that cannot be stored is not acknowledged, and the connection ends', async () => {
    siaga.pipeline.holding = true;
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{"levelM":1}', qos1(1)));
    await siaga.pipeline.received(1);
    siaga.pipeline.fail(new Error('the disk is full'));
    await device.closed();
    expect(device.take()).toEqual([]);
    expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'not-stored' })).toBe(1);
  });

  test('that cannot be stored does not keep the will of its connection from being published', async () => {
    siaga.pipeline.holding = true;
    const will = {
      topic: STATUS,
      payload: Buffer.from('{"status":"offline"}'),
      qos: 1 as const,
      retain: true,
    };
    const device = await siaga.device('gauge-1', { will });
    device.send(publishPacket(TELEMETRY, '{"levelM":1}', qos1(1)));
    await siaga.pipeline.received(1);
    siaga.pipeline.holding = false;
    siaga.pipeline.fail(new Error('the disk is full'));
    await siaga.pipeline.received(2);
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: STATUS, qos: 0 }] });
    expect((await observer.next('publish')).payload.toString()).toBe('{"status":"offline"}');
  });

  test('that follows one that could not be stored is not acknowledged either', async () => {
    siaga.pipeline.holding = true;
    const device = await siaga.device();
    device.send(...[1, 2].map((id) => publishPacket(TELEMETRY, `{"levelM":${id}}`, qos1(id))));
    await siaga.pipeline.received(2);
    siaga.pipeline.fail(new Error('the disk is full'));
    await device.closed();
    expect(device.take()).toEqual([]);
  });

  test('that the pipeline rejects is acknowledged, counted, and forwarded to nobody', async () => {
    siaga.pipeline.judge = ({ payload }) =>
      payload.toString() === 'bad' ? REJECTED : { stored: 1, repeated: 0, rejected: 0 };
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'siaga/semarang/#', qos: 0 }] });
    await observer.next('suback');
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, 'bad', qos1(1)), publishPacket(TELEMETRY, 'good', qos1(2)));
    await device.next('puback');
    await device.next('puback');
    expect((await observer.next('publish')).payload.toString()).toBe('good');
    expect(await siaga.value('siaga_mqtt_publishes_total', { outcome: 'rejected' })).toBe(1);
  });

  test("on another device's topic is given to the pipeline with the identity that was proven", async () => {
    const device = await siaga.device('gauge-2');
    device.send(publishPacket(TELEMETRY, '{"levelM":1}', qos1(1)));
    await device.next('puback');
    expect(siaga.pipeline.messages[0]).toMatchObject({ topic: TELEMETRY, identity: 'gauge-2' });
  });

  test('at QoS 0 reaches the pipeline and is not answered', async () => {
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{"levelM":1}'));
    await siaga.pipeline.received(1);
    await device.ping();
    expect(device.take()).toEqual([]);
  });

  test('at QoS 2 is stored once though it is repeated before its PUBREL', async () => {
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{"levelM":1}', { qos: 2, messageId: 9 }));
    await device.next('pubrec');
    device.send(publishPacket(TELEMETRY, '{"levelM":1}', { qos: 2, messageId: 9, dup: true }));
    await device.next('pubrec');
    device.send({ cmd: 'pubrel', messageId: 9 });
    expect((await device.next('pubcomp')).messageId).toBe(9);
    expect(siaga.pipeline.messages).toHaveLength(1);
  });

  test.each([
    ['as a message of its own', '{"levelM":2}', false],
    ['though it is the same in every byte', '{"levelM":1}', false],
    ['sent again, as its first sending was lost too', '{"levelM":2}', true],
  ])(
    'at QoS 2 with the identifier of one that a lost session left open is stored, %s',
    async (_how, payload, dup) => {
      const device = await siaga.device('gauge-1', { clean: false });
      device.send(publishPacket(TELEMETRY, '{"levelM":1}', { qos: 2, messageId: 1 }));
      await device.next('pubrec');
      device.destroy();
      const restarted = await siaga.device('gauge-1', { clean: false });
      restarted.send(publishPacket(TELEMETRY, payload, { qos: 2, messageId: 1, dup }));
      await restarted.next('pubrec');
      const stored = siaga.pipeline.messages.map((message) => message.payload.toString());
      expect(stored).toEqual(['{"levelM":1}', payload]);
    },
  );

  test('right behind the CONNECT, before its CONNACK, is taken', async () => {
    const client = siaga.attach();
    const publishes = Array.from({ length: 100 }, (_, i) => publishPacket(TELEMETRY, '{}', qos1(i + 1)));
    client.send(
      connectPacket({ clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') }),
      ...publishes,
    );
    for (let id = 1; id <= 100; id++) expect((await client.next('puback')).messageId).toBe(id);
  });
});

describe('retained messages', () => {
  test("of a device's status are kept for who subscribes later", async () => {
    const device = await siaga.device();
    device.send(publishPacket(STATUS, '{"status":"online"}', { ...qos1(1), retain: true }));
    await device.next('puback');
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${GAUGE_ROOT}/+`, qos: 1 }] });
    const kept = await observer.next('publish');
    expect(kept).toMatchObject({ topic: STATUS, retain: true });
  });

  test('of telemetry are taken as plain telemetry, and counted', async () => {
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{"levelM":1}', { ...qos1(1), retain: true }));
    await device.next('puback');
    const observer = await siaga.observer();
    observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: `${GAUGE_ROOT}/+`, qos: 1 }] });
    await observer.next('suback');
    await observer.ping();
    expect(observer.take()).toEqual([]);
    expect(await siaga.value('siaga_mqtt_bound_hits_total', { bound: 'retain-not-allowed' })).toBe(1);
  });
});

test('over TCP a device connects, publishes and is acknowledged', async () => {
  const port = siaga.broker.addresses[0]?.port as number;
  const client = await connectTcp(port);
  await client.connect({ clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') });
  client.send(publishPacket(TELEMETRY, '{"levelM":1}', qos1(1)));
  expect((await client.next('puback')).messageId).toBe(1);
  client.destroy();
});
