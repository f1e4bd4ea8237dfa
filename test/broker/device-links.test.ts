/** What whoever sends commands is told of a device's connection, its subscription and its PUBACKs. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import type { RawMqttClient } from '../support/raw-mqtt-client.ts';
import { GAUGE_ROOT, openTestBroker, type TestBroker } from '../support/test-broker.ts';

const COMMAND = `${GAUGE_ROOT}/command`;
let siaga: TestBroker;
let told: string[];
beforeEach(async () => {
  told = [];
  siaga = await openTestBroker(
    {},
    {
      deviceLinks: {
        opened: (device) => told.push(`${device} opened`),
        closed: (device) => told.push(`${device} closed`),
        listens: (device, isListening) => told.push(`${device} ${isListening ? 'listens' : 'is deaf'}`),
        acknowledged: (device, payload) => told.push(`${device} has ${payload}`),
      },
    },
  );
});
afterEach(() => siaga[Symbol.asyncDispose]());

const subscribe = async (client: RawMqttClient, topic = COMMAND, qos: 0 | 1 = 1) => {
  client.send({ cmd: 'subscribe', messageId: 5, subscriptions: [{ topic, qos }] });
  await client.next('suback');
};
const command = (payload: string) => siaga.broker.publish(COMMAND, payload, { qos: 1, retain: false });
const acknowledge = async (client: RawMqttClient) => {
  const { messageId } = await client.next('publish');
  client.send({ cmd: 'puback', messageId: messageId as number });
  await client.ping();
};

test.each([true, false])(
  'a device with clean session %s: opened, listens, has what it acknowledged, closed',
  async (clean) => {
    const device = await siaga.device('gauge-1', { clean });
    await subscribe(device);
    await command('one');
    await command('two');
    expect(told).toEqual(['gauge-1 opened', 'gauge-1 listens']);
    await acknowledge(device);
    await acknowledge(device);
    device.destroy();
    await eventually(() => expect(told.at(-1)).toBe('gauge-1 closed'));
    expect(told.slice(2, -1)).toEqual(['gauge-1 has one', 'gauge-1 has two']);
  },
);

test('a session that was kept listens without a word, and what was in flight is told when it is acknowledged', async () => {
  const first = await siaga.device('gauge-1', { clean: false });
  await subscribe(first);
  await command('one');
  await first.next('publish');
  first.destroy();
  await eventually(() => expect(told.at(-1)).toBe('gauge-1 closed'));
  const second = await siaga.device('gauge-1', { clean: false });
  await acknowledge(second);
  expect(told.slice(3)).toEqual(['gauge-1 opened', 'gauge-1 listens', 'gauge-1 has one']);
});

test('the end of a connection that was taken over does not end the one that took it over', async () => {
  const first = await siaga.device();
  await subscribe(first);
  const second = await siaga.device();
  await first.closed();
  await subscribe(second);
  expect(told).toEqual([
    'gauge-1 opened',
    'gauge-1 listens',
    'gauge-1 closed',
    'gauge-1 opened',
    'gauge-1 listens',
  ]);
});

test.each(['the handset', 'the tracker'])(
  'a tracker that does not listen, beside a handset that does with the same secret, makes no device deaf; %s ends first',
  async (first) => {
    const handset = await siaga.device('gauge-1', { clientId: 'handset' });
    await subscribe(handset);
    const tracker = await siaga.device('gauge-1', { clientId: 'tracker' });
    expect(told).toEqual(['gauge-1 opened', 'gauge-1 listens']);
    const [ends, stays] = first === 'the tracker' ? [tracker, handset] : [handset, tracker];
    ends.destroy();
    if (ends === handset) await eventually(() => expect(told.slice(2)).toEqual(['gauge-1 is deaf']));
    else {
      await command('one');
      await acknowledge(handset);
      expect(told.slice(2)).toEqual(['gauge-1 has one']);
    }
    stays.destroy();
    await eventually(() => expect(told.slice(3)).toEqual(['gauge-1 closed']));
  },
);

test('a second client of one device that subscribes is told as well: what waits goes out at it', async () => {
  await subscribe(await siaga.device('gauge-1', { clientId: 'old' }));
  await subscribe(await siaga.device('gauge-1', { clientId: 'new' }));
  expect(told).toEqual(['gauge-1 opened', 'gauge-1 listens', 'gauge-1 listens']);
});

test.each([true, false])(
  'a link that is reset right behind its CONNACK leaves nobody connected, with clean session %s',
  async (clean) => {
    const first = await siaga.device('gauge-1', { clean });
    await subscribe(first);
    first.destroy();
    await eventually(() => expect(told.at(-1)).toBe('gauge-1 closed'));
    for (let times = 0; times < 5; times++) {
      const cut = await siaga.device('gauge-1', { clean });
      cut.destroy();
      // A publish and its answer later its end is told.
      const other = await siaga.device('gauge-2', { clean: true });
      await other.ping();
      other.destroy();
      await eventually(() => expect(told.at(-1)).toBe('gauge-2 closed'));
    }
    expect(told.filter((each) => each === 'gauge-1 opened')).toHaveLength(
      told.filter((each) => each === 'gauge-1 closed').length,
    );
  },
);

test('another topic, a refused one, and an end of the subscription are no listening', async () => {
  const device = await siaga.device();
  await subscribe(device, `${GAUGE_ROOT}/config`);
  await subscribe(device, COMMAND.replace('gauge-1', 'gauge-2'));
  expect(told).toEqual(['gauge-1 opened']);
  await subscribe(device);
  device.send({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: [COMMAND] });
  await device.next('unsuback');
  expect(told.slice(1)).toEqual(['gauge-1 listens', 'gauge-1 is deaf']);
});

test('an observer that reads a device’s commands is not the device', async () => {
  const observer = await siaga.observer();
  await subscribe(observer);
  await command('one');
  await acknowledge(observer);
  expect(told).toEqual([]);
});

test('a PUBACK for something else, or for nothing, tells nothing', async () => {
  const device = await siaga.device();
  await subscribe(device, 'siaga/semarang/alerts/#');
  await subscribe(device);
  await siaga.broker.publish('siaga/semarang/alerts/flood', 'flood', { qos: 1, retain: false });
  await acknowledge(device);
  device.send({ cmd: 'puback', messageId: 99 });
  await device.ping();
  expect(told).toEqual(['gauge-1 opened', 'gauge-1 listens']);
});

test('where devices need no credential, the topic says for whom a client listens', async () => {
  await using open = await openTestBroker(
    {},
    {
      authenticator: undefined,
      deviceLinks: {
        opened: (device) => told.push(`${device} opened`),
        closed: (device) => told.push(`${device} closed`),
        listens: (device) => told.push(`${device} listens`),
        acknowledged: (device, payload) => told.push(`${device} has ${payload}`),
      },
    },
  );
  const client = open.attach();
  await client.connect({ clientId: 'a-gateway' });
  await subscribe(client);
  await open.broker.publish(COMMAND, 'one', { qos: 1, retain: false });
  await acknowledge(client);
  client.destroy();
  const all = ['a-gateway opened', 'gauge-1 opened', 'gauge-1 listens', 'gauge-1 has one'];
  await eventually(() => expect(told).toEqual([...all, 'a-gateway closed', 'gauge-1 closed']));
});
