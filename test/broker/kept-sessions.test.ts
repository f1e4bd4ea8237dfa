/** What a device subscribed to in a session that it wants kept is there after a restart of the broker. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../database/database.ts';
import type { RawMqttClient } from '../support/raw-mqtt-client.ts';
import { GAUGE_ROOT, openTestBroker, type TestBroker } from '../support/test-broker.ts';

const COMMAND = `${GAUGE_ROOT}/command`;
const CONFIG = `${GAUGE_ROOT}/config`;
let database: Database;
let siaga: TestBroker;
const start = async () => {
  siaga = await openTestBroker({}, { database });
};
const restart = async () => {
  await siaga[Symbol.asyncDispose]();
  await start();
};
beforeEach(async () => {
  database = await openDatabase({ DATABASE_URL: undefined, SIAGA_DATA_DIR: '' }, ':memory:');
  await start();
});
afterEach(async () => {
  await siaga[Symbol.asyncDispose]();
  await database.destroy();
});

const subscribe = async (client: RawMqttClient, ...topics: string[]) => {
  const subscriptions = topics.map((topic) => ({ topic, qos: 1 as const }));
  client.send({ cmd: 'subscribe', messageId: 5, subscriptions });
  return (await client.next('suback')).granted;
};
/** Connects gauge-1 and says what CONNACK says of its session. */
async function connect(clean = false): Promise<{ client: RawMqttClient; sessionPresent: boolean }> {
  const client = siaga.attach();
  const password = Buffer.from('gauge-1-secret');
  const { sessionPresent } = await client.connect({
    clientId: 'gauge-1',
    username: 'gauge-1',
    password,
    clean,
  });
  return { client, sessionPresent };
}
const rows = () => database.selectFrom('device_subscriptions').select(['client', 'filter', 'qos']).execute();

test('Session Present is right, and a command arrives without another SUBSCRIBE', async () => {
  const first = await connect();
  expect(first.sessionPresent).toBe(false);
  await subscribe(first.client, COMMAND, CONFIG);
  await restart();
  const second = await connect();
  expect(second.sessionPresent).toBe(true);
  await second.client.ping();
  for (const topic of [COMMAND, CONFIG]) {
    await siaga.broker.publish(topic, 'hello', { qos: 1, retain: false });
    expect((await second.client.next('publish')).topic).toBe(topic);
  }
});

test('what was published while the device was away after the restart waits for it', async () => {
  const { client } = await connect();
  await subscribe(client, COMMAND);
  await restart();
  await siaga.broker.publish(COMMAND, 'hello', { qos: 1, retain: false });
  const second = await connect();
  expect((await second.client.next('publish')).payload.toString()).toBe('hello');
});

test('a clean session takes all of it back, also over a restart', async () => {
  const first = await connect();
  await subscribe(first.client, COMMAND);
  await restart();
  const clean = await connect(true);
  await subscribe(clean.client, COMMAND);
  expect(await rows()).toEqual([]);
  await restart();
  expect((await connect()).sessionPresent).toBe(false);
});

test('an UNSUBSCRIBE is kept as well, and a QoS that changed is the new one', async () => {
  const { client } = await connect();
  await subscribe(client, COMMAND, CONFIG);
  client.send({ cmd: 'unsubscribe', messageId: 6, unsubscriptions: [CONFIG] });
  await client.next('unsuback');
  client.send({ cmd: 'subscribe', messageId: 7, subscriptions: [{ topic: COMMAND, qos: 0 }] });
  await client.next('suback');
  expect(await rows()).toEqual([{ client: 'gauge-1', filter: COMMAND, qos: 0 }]);
});

test('what a device may not subscribe to is not kept, though it stands in one packet with what it may', async () => {
  const { client } = await connect();
  const granted = await subscribe(client, COMMAND, 'siaga/semarang/#', COMMAND.replace('gauge-1', 'gauge-2'));
  expect(granted).toEqual([1, 128, 128]);
  expect(await rows()).toEqual([{ client: 'gauge-1', filter: COMMAND, qos: 1 }]);
});

test('a database that fails costs no subscription, and is counted', async () => {
  await database.schema.dropTable('device_subscriptions').execute();
  const { client } = await connect();
  expect(await subscribe(client, COMMAND)).toEqual([1]);
  expect(await siaga.value('siaga_mqtt_bound_hits_total', { bound: 'kept-subscriptions' })).toBe(1);
  await siaga.broker.publish(COMMAND, 'hello', { qos: 1, retain: false });
  expect((await client.next('publish')).payload.toString()).toBe('hello');
});

test('a message that was published live comes to a returning subscriber without RETAIN [MQTT-3.3.1-9]', async () => {
  const topic = 'siaga/semarang/alerts/flood';
  const { client } = await connect();
  await subscribe(client, topic);
  client.send({ cmd: 'disconnect' });
  await client.closed();
  await siaga.broker.publish(topic, 'flood', { qos: 1, retain: true });
  const second = await connect();
  expect((await second.client.next('publish')).retain).toBe(false);
});
