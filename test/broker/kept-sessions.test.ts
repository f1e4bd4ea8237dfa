/** What a device subscribed to in a session that it wants kept is there after a restart of the broker. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Database } from '../../database/database.ts';
import { openMemoryDatabase } from '../support/memory-database.ts';
import type { RawMqttClient } from '../support/raw-mqtt-client.ts';
import { GAUGE_ROOT, openTestBroker, type TestBroker } from '../support/test-broker.ts';

const COMMAND = `${GAUGE_ROOT}/command`;
const CONFIG = `${GAUGE_ROOT}/config`;
const PATIENCE = { timeout: 60_000, interval: 20 };
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
  database = await openMemoryDatabase();
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
async function connect(
  clean = false,
  clientId = 'gauge-1',
): Promise<{ client: RawMqttClient; sessionPresent: boolean }> {
  const client = siaga.attach();
  const password = Buffer.from('gauge-1-secret');
  const { sessionPresent } = await client.connect({
    clientId,
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

describe('a device that makes up a client id for each connect', () => {
  const CLIENTS = Array.from({ length: 12 }, (_, index) => `made-up-${index}`);
  const ofDevice = async () => new Set((await rows()).map(({ client }) => client));
  const dropped = () => siaga.value('siaga_mqtt_bound_hits_total', { bound: 'kept-sessions' });
  const leave = async (clientId: string) => {
    const { client } = await connect(false, clientId);
    await subscribe(client, COMMAND);
    client.send({ cmd: 'disconnect' });
    await client.closed();
  };

  test('leaves its last eight sessions behind, also over a restart', async () => {
    for (const clientId of CLIENTS) await leave(clientId);
    const last = new Set(CLIENTS.slice(-8).map((each) => `gauge-1/${each}`));
    await vi.waitFor(async () => expect(await ofDevice()).toEqual(last), PATIENCE);
    expect(await dropped()).toBe(4);
    expect((await connect(false, CLIENTS[11])).sessionPresent).toBe(true);
    await restart();
    await leave('one-more');
    await vi.waitFor(async () => expect((await ofDevice()).size).toBe(8), PATIENCE);
    expect(await ofDevice()).toContain('gauge-1/one-more');
    expect(await dropped()).toBe(1);
  });

  test('finds nothing of one that was dropped: no subscription, and nothing that waited', async () => {
    await leave(CLIENTS[0] as string);
    await siaga.broker.publish(COMMAND, 'long ago', { qos: 1, retain: false });
    for (const clientId of CLIENTS) await leave(`${clientId}-later`);
    const back = await connect(false, CLIENTS[0]);
    expect(back.sessionPresent).toBe(false);
    await siaga.broker.publish(COMMAND, 'now', { qos: 1, retain: false });
    await back.client.ping();
    expect(back.client.take().filter(({ cmd }) => cmd === 'publish')).toEqual([]);
  });

  test('loses none that is connected, nor those of another device', async () => {
    const { client } = await connect(false, 'stays');
    await subscribe(client, COMMAND);
    const other = await siaga.device('gauge-2', { clean: false });
    await subscribe(other, COMMAND.replace('gauge-1', 'gauge-2'));
    for (const clientId of CLIENTS) await leave(clientId);
    await vi.waitFor(async () => expect((await ofDevice()).size).toBe(9), PATIENCE);
    expect(await ofDevice()).toContain('gauge-1/stays');
    expect(await ofDevice()).toContain('gauge-2');
    await siaga.broker.publish(COMMAND, 'hello', { qos: 1, retain: false });
    expect((await client.next('publish')).payload.toString()).toBe('hello');
  });
});
