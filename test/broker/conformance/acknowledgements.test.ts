/** MQTT 3.1.1, 2.3.1, 3.4 to 3.7 and 4.3: what goes out with QoS 1 and 2, and how it is acknowledged. */
import type { Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { publishPacket, type RawMqttClient } from '../../support/raw-mqtt-client.ts';
import { GAUGE_ROOT, openTestBroker, STATUS, type TestBroker } from '../../support/test-broker.ts';

let siaga: TestBroker;
beforeEach(async () => {
  siaga = await openTestBroker();
});
afterEach(() => siaga[Symbol.asyncDispose]());

const COMMAND = `${GAUGE_ROOT}/command`;
const command = (payload: string) => siaga.broker.publish(COMMAND, payload, { qos: 1, retain: false });
async function subscribe(client: RawMqttClient, topic: string, qos: 0 | 1 | 2): Promise<RawMqttClient> {
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] });
  await client.next('suback');
  return client;
}
/** An observer that has got one message of this QoS, which has the identifier 1. */
async function observerWith(qos: 1 | 2): Promise<RawMqttClient> {
  const observer = await subscribe(await siaga.observer(), STATUS, qos);
  const device = await siaga.device();
  device.send(publishPacket(STATUS, '{}', { qos, messageId: 9 }));
  expect(await observer.next('publish')).toMatchObject({ qos, messageId: 1 });
  return observer;
}
const answer = (cmd: 'puback' | 'pubrec' | 'pubcomp', messageId = 1): Packet => ({ cmd, messageId });

describe('an acknowledgement of the wrong type closes the connection', () => {
  test.each([
    ['PUBREC for QoS 1', 1, ['pubrec']],
    ['PUBCOMP for QoS 1', 1, ['pubcomp']],
    ['PUBACK for QoS 2', 2, ['puback']],
    ['PUBCOMP for QoS 2 without its PUBREC', 2, ['pubcomp']],
    ['PUBACK for QoS 2 behind its PUBREC', 2, ['pubrec', 'puback']],
  ] as const)('%s', async (_name, qos, answers) => {
    const observer = await observerWith(qos);
    observer.send(...answers.map((cmd) => answer(cmd)));
    await observer.closed();
    const labels = { reason: 'protocol-violation' };
    await vi.waitFor(async () =>
      expect(await siaga.value('siaga_mqtt_connection_ends_total', labels)).toBe(1),
    );
  });

  test('of a kept session after a reconnect too', async () => {
    const device = await subscribe(await siaga.device('gauge-1', { clean: false }), COMMAND, 1);
    await command('go');
    await device.next('publish');
    device.destroy();
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]));
    const back = await siaga.device('gauge-1', { clean: false });
    expect(await back.next('publish')).toMatchObject({ messageId: 1, dup: true });
    back.send(answer('pubcomp'));
    await back.closed();
  });
});

describe('an acknowledgement is taken', () => {
  test('of QoS 1 and of QoS 2 as the protocol has them [MQTT-4.3.2-1] [MQTT-4.3.3-1]', async () => {
    const first = await observerWith(1);
    first.send(answer('puback'));
    await first.ping();
    const second = await subscribe(await siaga.observer(), STATUS, 2);
    const device = await siaga.device();
    device.send(publishPacket(STATUS, '{}', { qos: 2, messageId: 3 }));
    await second.next('publish');
    second.send(answer('pubrec'));
    expect((await second.next('pubrel')).messageId).toBe(1);
    second.send(answer('pubcomp'));
    await second.ping();
  });

  test('when PUBREC comes again because our PUBREL was lost', async () => {
    const observer = await observerWith(2);
    observer.send(answer('pubrec'), answer('pubrec'));
    await observer.next('pubrel');
    await observer.next('pubrel');
    observer.send(answer('pubcomp'));
    await observer.ping();
  });

  test('when it is of no message, or comes twice', async () => {
    const observer = await observerWith(1);
    observer.send(answer('puback'), answer('puback'), answer('puback', 77), answer('pubcomp', 78));
    observer.send(answer('pubrec', 79));
    expect((await observer.next('pubrel')).messageId).toBe(79);
    await observer.ping();
  });

  test('for QoS 1 as usual by a client whose other filters ask for QoS 0', async () => {
    const observer = await subscribe(await siaga.observer(), 'siaga/semarang/+/+/status', 0);
    await subscribe(observer, COMMAND, 1);
    const device = await siaga.device();
    device.send(publishPacket(STATUS, '{}', { qos: 1, messageId: 9 }));
    expect(await observer.next('publish')).toMatchObject({ qos: 0 });
    await command('go');
    expect(await observer.next('publish')).toMatchObject({ qos: 1, messageId: 1 });
    observer.send(answer('puback'));
    await observer.ping();
  });
});

describe('packet identifiers', () => {
  test('begin with 1 and go up', async () => {
    const device = await subscribe(await siaga.device(), COMMAND, 1);
    for (const messageId of [1, 2, 3]) {
      await command('go');
      expect(await device.next('publish')).toMatchObject({ messageId });
      device.send(answer('puback', messageId));
    }
  });

  test('[MQTT-2.3.1-4] of a kept session are never those of messages that it has yet to acknowledge', async () => {
    const device = await subscribe(await siaga.device('gauge-1', { clean: false }), COMMAND, 1);
    await command('first');
    await device.next('publish');
    device.destroy();
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]));
    await command('second');
    const back = await siaga.device('gauge-1', { clean: false });
    await command('third');
    const ids = new Map<string, number>();
    while (ids.size < 3) {
      const { payload, messageId } = await back.next('publish');
      ids.set(payload.toString(), messageId as number);
    }
    expect(Object.fromEntries(ids)).toMatchObject({ first: 1 });
    expect(new Set(ids.values()).size).toBe(3);
  });
});

describe('a kept session without subscriptions', () => {
  const connect = async (clean: boolean) => {
    const client = siaga.attach();
    const password = Buffer.from('gauge-1-secret');
    const connack = await client.connect({ clientId: 'gauge-1', username: 'gauge-1', password, clean });
    return { client, isPresent: connack.sessionPresent };
  };
  const leave = async (client: RawMqttClient) => {
    client.send({ cmd: 'disconnect' });
    await client.closed();
  };

  test('[MQTT-3.2.2-2] is present at the next CONNECT, until one asks for a clean one', async () => {
    const present: boolean[] = [];
    for (const clean of [false, false, false, true, false, false]) {
      const { client, isPresent } = await connect(clean);
      present.push(isPresent);
      await client.ping();
      await leave(client);
    }
    expect(present).toEqual([false, true, true, false, false, true]);
    expect(await siaga.value('siaga_mqtt_bound_hits_total', { bound: 'subscription-not-allowed' })).toBe(0);
  });

  test('[MQTT-3.2.2-2] is present after it has unsubscribed from all', async () => {
    const { client } = await connect(false);
    await subscribe(client, COMMAND, 1);
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: [COMMAND] });
    await client.next('unsuback');
    await leave(client);
    await command('to nobody');
    const back = await connect(false);
    expect(back.isPresent).toBe(true);
    await back.client.ping();
    expect(back.client.take()).toEqual([]);
  });

  test('is present when the same device takes over from its own half-open connection', async () => {
    const first = await connect(false);
    const second = await connect(false);
    expect(second.isPresent).toBe(true);
    await first.client.closed();
    await second.client.ping();
  });
});
