/** MQTT 3.1.1, 3.3 to 3.7 and 4.3 to 4.6: PUBLISH and its answers, retained messages, delivery, order. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { publishPacket, type RawMqttClient } from '../../support/raw-mqtt-client.ts';
import { openTestBroker, STATUS, TELEMETRY, type TestBroker } from '../../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(() => siaga[Symbol.asyncDispose]());

const qos1 = (messageId: number) => ({ qos: 1 as const, messageId });

async function observe(topic: string, qos: 0 | 1 | 2 = 0): Promise<RawMqttClient> {
  const observer = siaga.attach();
  await observer.connect({
    clientId: String(Math.floor(performance.now() * 1e6)),
    username: 'observer:room',
    password: Buffer.from('observer:room-secret'),
  });
  observer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] });
  await observer.next('suback');
  return observer;
}

async function expectClosed(packet: Parameters<RawMqttClient['sendBytes']>[0][]): Promise<void> {
  const device = await siaga.device();
  device.sendBytes(...packet);
  await device.closed();
  expect(siaga.pipeline.messages).toEqual([]);
}

describe('the fixed header of a PUBLISH', () => {
  test('[MQTT-3.3.1-2] DUP with QoS 0 closes the connection', async () => {
    await expectClosed([0x38, 4, 0, 1, 0x61, 0x62]);
  });

  test('[MQTT-3.3.1-4] both QoS bits close the connection', async () => {
    await expectClosed([0x36, 6, 0, 1, 0x61, 0, 1, 0x62]);
  });

  test('[MQTT-3.3.1-3] DUP of an incoming message is not passed on', async () => {
    const observer = await observe(TELEMETRY, 1);
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{}', { ...qos1(5), dup: true }));
    expect(await observer.next('publish')).toMatchObject({ dup: false, qos: 1 });
  });
});

describe('the topic of a PUBLISH', () => {
  test.each(['siaga/+/x', 'siaga/#', '#', '+'])(
    '[MQTT-3.3.2-2] [MQTT-4.7.1-1] with the wildcard of %s closes the connection',
    async (topic) => {
      const device = await siaga.device();
      const bytes = Buffer.from(topic);
      device.sendBytes(0x30, bytes.length + 2, 0, bytes.length, bytes);
      await device.closed();
      expect(siaga.pipeline.messages).toEqual([]);
    },
  );

  test('[MQTT-4.7.3-1] that is empty closes the connection', async () => {
    await expectClosed([0x30, 3, 0, 0, 0x61]);
  });

  test('[MQTT-3.3.2-3] [MQTT-4.7.3-4] reaches who subscribed to exactly it, letter by letter', async () => {
    const lower = await observe(TELEMETRY);
    const upper = await observe(TELEMETRY.toUpperCase().replace('SIAGA/SEMARANG', 'siaga/semarang'));
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{}', qos1(1)));
    expect((await lower.next('publish')).topic).toBe(TELEMETRY);
    await upper.ping();
    expect(upper.take()).toEqual([]);
  });

  test('[MQTT-3.3.5-2] that is not allowed is acknowledged all the same, and passed to nobody', async () => {
    siaga.pipeline.judge = () => ({ stored: 0, repeated: 0, rejected: 1 });
    const observer = await observe('siaga/semarang/#');
    const device = await siaga.device('gauge-2');
    device.send(publishPacket(TELEMETRY, '{}', qos1(1)));
    expect((await device.next('puback')).messageId).toBe(1);
    await observer.ping();
    expect(observer.take()).toEqual([]);
  });
});

describe('QoS', () => {
  test('[MQTT-3.3.4-1] decides the answer: none, PUBACK, PUBREC', async () => {
    const device = await siaga.device();
    device.send(
      publishPacket(TELEMETRY, '0'),
      publishPacket(TELEMETRY, '1', qos1(1)),
      publishPacket(TELEMETRY, '2', { qos: 2, messageId: 2 }),
    );
    expect((await device.next('puback')).messageId).toBe(1);
    expect((await device.next('pubrec')).messageId).toBe(2);
    await device.ping();
    expect(device.take()).toEqual([]);
  });

  test('[MQTT-4.3.2-2] 1: a repeat with DUP is acknowledged again', async () => {
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{}', qos1(3)));
    expect((await device.next('puback')).messageId).toBe(3);
    device.send(publishPacket(TELEMETRY, '{}', { ...qos1(3), dup: true }));
    expect((await device.next('puback')).messageId).toBe(3);
  });

  test('[MQTT-4.3.3-2] 2: is passed on once until its PUBREL, and its identifier is free after it', async () => {
    const observer = await observe(TELEMETRY);
    const device = await siaga.device();
    const send = async (payload: string, dup: boolean) => {
      device.send(publishPacket(TELEMETRY, payload, { qos: 2, messageId: 7, dup }));
      await device.next('pubrec');
    };
    await send('one', false);
    await send('one', true);
    device.send({ cmd: 'pubrel', messageId: 7 });
    await device.next('pubcomp');
    await send('two', false);
    expect((await observer.next('publish')).payload.toString()).toBe('one');
    expect((await observer.next('publish')).payload.toString()).toBe('two');
  });

  test('[MQTT-4.3.3-2] 2: PUBREL is answered though its message is not known', async () => {
    const device = await siaga.device();
    device.send({ cmd: 'pubrel', messageId: 99 });
    expect((await device.next('pubcomp')).messageId).toBe(99);
  });

  test('[MQTT-4.3.3-1] 2: to a subscriber takes PUBREC, PUBREL and PUBCOMP', async () => {
    const observer = await observe(TELEMETRY, 2);
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{}', { qos: 2, messageId: 1 }));
    const { messageId, qos } = await observer.next('publish');
    expect(qos).toBe(2);
    observer.send({ cmd: 'pubrec', messageId: messageId as number });
    expect((await observer.next('pubrel')).messageId).toBe(messageId);
    observer.send({ cmd: 'pubcomp', messageId: messageId as number });
    await observer.ping();
  });

  test('[MQTT-3.8.4-6] [MQTT-4.3.1-1] to a subscriber is the lesser of both', async () => {
    const observer = await observe(TELEMETRY, 0);
    const device = await siaga.device();
    device.send(publishPacket(TELEMETRY, '{}', { qos: 2, messageId: 1 }));
    expect((await observer.next('publish')).qos).toBe(0);
    const other = await observe(TELEMETRY, 2);
    device.send(publishPacket(TELEMETRY, '{}', { qos: 0 }));
    expect((await other.next('publish')).qos).toBe(0);
  });
});

describe('retained messages', () => {
  const status = (payload: string, fields = {}) =>
    publishPacket(STATUS, payload, { ...qos1(1), retain: true, ...fields });
  const publish = async (...packets: ReturnType<typeof publishPacket>[]) => {
    const device = await siaga.device();
    for (const packet of packets) {
      device.send(packet);
      if (packet.qos === 1) await device.next('puback');
    }
    await device.ping();
    return device;
  };

  test('[MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-8] come to a new subscription, the newest, marked', async () => {
    await publish(status('old'), status('new'));
    const observer = await observe(STATUS);
    expect(await observer.next('publish')).toMatchObject({ retain: true, topic: STATUS });
    await observer.ping();
    expect(observer.take()).toEqual([]);
  });

  test('[MQTT-3.3.1-7] at QoS 0 take the place of the one before', async () => {
    // The order of messages of different QoS is not promised; so one after the other.
    await publish(status('old'));
    await publish(publishPacket(STATUS, 'new', { qos: 0, retain: true }));
    await siaga.pipeline.received(2);
    const observer = await observe(STATUS);
    expect((await observer.next('publish')).payload.toString()).toBe('new');
  });

  test('[MQTT-3.3.1-9] come without the mark to a subscription that was there before', async () => {
    const observer = await observe(STATUS);
    await publish(status('x'));
    expect(await observer.next('publish')).toMatchObject({ retain: false });
  });

  describe('[MQTT-3.3.1-9] come without the mark to a device that was away, or did not acknowledge', () => {
    const COMMAND = STATUS.replace('status', 'command');
    const send = (payload: string) => siaga.broker.publish(COMMAND, payload, { qos: 1, retain: true });
    const join = async () => {
      const device = await siaga.device('gauge-1', { clean: false });
      device.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: COMMAND, qos: 1 }] });
      await device.next('suback');
      return device;
    };
    const leave = async (device: RawMqttClient) => {
      device.destroy();
      await expect.poll(() => siaga.broker.connections()).toEqual([]);
    };

    test('while it was away', async () => {
      await leave(await join());
      await send('away');
      const back = await siaga.device('gauge-1', { clean: false });
      const message = await back.next('publish');
      expect(message).toMatchObject({ retain: false, dup: false });
      expect(message.payload.toString()).toBe('away');
    });

    test('when it left before it acknowledged', async () => {
      const device = await join();
      await send('live');
      expect(await device.next('publish')).toMatchObject({ retain: false });
      await leave(device);
      const back = await siaga.device('gauge-1', { clean: false });
      expect(await back.next('publish')).toMatchObject({ retain: false, dup: true });
    });

    test('and with the mark when it subscribes anew', async () => {
      await send('before');
      const device = await join();
      expect(await device.next('publish')).toMatchObject({ retain: true });
    });
  });

  test('[MQTT-3.3.1-10] [MQTT-3.3.1-11] are removed by an empty one, which is passed on as any other', async () => {
    await publish(status('x'));
    const before = await observe(STATUS);
    await before.next('publish');
    await publish(status(''));
    expect((await before.next('publish')).payload).toHaveLength(0);
    const after = await observe(STATUS);
    await after.ping();
    expect(after.take()).toEqual([]);
  });

  test('[MQTT-3.3.1-12] stay as they are when one without retain follows', async () => {
    await publish(status('kept'), status('passing', { retain: false }));
    const observer = await observe(STATUS);
    expect((await observer.next('publish')).payload.toString()).toBe('kept');
  });
});

describe('order', () => {
  test('[MQTT-4.6.0-2] [MQTT-4.6.0-3] of answers is the order of messages', async () => {
    const device = await siaga.device();
    const ids = Array.from({ length: 200 }, (_, index) => index + 1);
    device.send(...ids.map((id) => publishPacket(TELEMETRY, '{}', qos1(id))));
    const answered = [];
    for (const _ of ids) answered.push((await device.next('puback')).messageId);
    expect(answered).toEqual(ids);
  });

  test('[MQTT-4.6.0-5] [MQTT-4.6.0-6] of messages to a subscriber is the order of their publishing', async () => {
    const observer = await observe(TELEMETRY, 1);
    const device = await siaga.device();
    const numbers = Array.from({ length: 100 }, (_, index) => String(index));
    device.send(...numbers.map((number, index) => publishPacket(TELEMETRY, number, qos1(index + 1))));
    const received = [];
    for (const _ of numbers) received.push((await observer.next('publish')).payload.toString());
    expect(received).toEqual(numbers);
  });
});
