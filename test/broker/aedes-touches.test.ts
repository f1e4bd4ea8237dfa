/**
 * What we rely on in Aedes beyond its public interface: each test here fails when an upgrade moves its piece, and
 * says which file of broker/aedes/ has to follow. They talk to Aedes itself, without our broker around it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { Aedes, AedesOptions, AedesPublishPacket, Client, PublishPacket } from 'aedes';
import mqtt from 'mqtt-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { AedesInside, makeSessionClean, qosToBeSent } from '../../broker/aedes/aedes-inside.ts';
import {
  connectOf,
  giveIdentifier,
  isSamePacket,
  takeKeepAlive,
  takeOverPuback,
  takeRetainAway,
} from '../../broker/aedes/hooked-packets.ts';
import { clientOf, type Persistence, watchPubacks } from '../../broker/aedes/persistence.ts';
import { SiagaAedes, stopForwarding } from '../../broker/aedes/siaga-aedes.ts';
import { createClientPair, publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';

const ROOT = join(import.meta.dirname, '../..');

const brokers: Aedes[] = [];
afterEach(async () => {
  for (const aedes of brokers.splice(0)) await new Promise<void>((resolve) => aedes.close(resolve));
});

async function open(options: AedesOptions = {}): Promise<SiagaAedes> {
  const aedes = await SiagaAedes.open(options);
  brokers.push(aedes);
  return aedes;
}

/** A client that Aedes reads by itself. */
async function connect(
  aedes: Aedes,
  fields: Parameters<RawMqttClient['connect']>[0] = {},
): Promise<RawMqttClient> {
  const { client, serverSide } = createClientPair();
  aedes.handle(serverSide);
  await client.connect(fields);
  return client;
}

/** As a connection does, of a client that sends one packet at a time. */
function giveAll(stream: Duplex, inside: AedesInside): void {
  stream.once('data', (connectBytes: Buffer) => {
    inside.giveConnect(connectBytes);
    stream.on('data', (bytes: Buffer) => inside.give(bytes));
  });
}

async function subscribe(client: RawMqttClient, topic: string, qos: 0 | 1 | 2): Promise<void> {
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] });
  await client.next('suback');
}

describe('hooked-packets.ts', () => {
  test('the CONNECT of preConnect is what Aedes goes by: client id, keep alive, clean session, will', async () => {
    let asked: number | undefined;
    const will = { topic: 'left', payload: Buffer.from('gone'), qos: 0 as const, retain: false };
    const aedes = await open({
      preConnect(_client, packet, done) {
        const connect = connectOf(packet);
        asked = takeKeepAlive(connect);
        connect.clientId = 'another';
        connect.clean = true;
        delete connect.will;
        done(null, true);
      },
    });
    const ready = new Promise<Client>((resolve) => aedes.on('clientReady', resolve));
    await connect(aedes, { clientId: 'one', keepalive: 7, clean: false, will });
    const client = await ready;
    expect(asked).toBe(7);
    expect([client.id, client.clean]).toEqual(['another', true]);
    const { _keepaliveTimer, will: left } = client as unknown as Record<string, unknown>;
    expect(_keepaliveTimer).toBeNull();
    expect(left ?? undefined).toBeUndefined();
  });

  test('the will that authorizePublish is asked about is the object of the CONNECT', async () => {
    let will: object | undefined;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const aedes = await open({
      preConnect(_client, packet, done) {
        will = connectOf(packet).will;
        done(null, true);
      },
      authorizePublish(_client, packet, done) {
        resolve(isSamePacket(packet, will));
        done(null);
      },
    });
    const client = await connect(aedes, {
      will: { topic: 'left', payload: Buffer.from('gone'), qos: 0, retain: false },
    });
    client.destroy();
    expect(await promise).toBe(true);
  });

  test('a publish whose PUBACK was taken over gets none from Aedes, and goes on', async () => {
    const taken: (number | undefined)[] = [];
    const aedes = await open({
      authorizePublish(_client, packet, done) {
        if (packet.topic === 'taken') taken.push(takeOverPuback(packet));
        done(null);
      },
    });
    const client = await connect(aedes);
    await subscribe(client, 'taken', 0);
    client.send(publishPacket('taken', '1', { qos: 1, messageId: 5 }));
    client.send(publishPacket('other', '2', { qos: 1, messageId: 6 }));
    expect((await client.next('puback')).messageId).toBe(6);
    expect((await client.next('publish')).payload.toString()).toBe('1');
    await client.ping();
    expect(client.take()).toEqual([]);
    expect(taken).toEqual([5]);
  });

  test('a publish whose retain was taken away is not retained', async () => {
    const aedes = await open({
      authorizePublish(_client, packet, done) {
        if (packet.topic === 'passing') takeRetainAway(packet);
        done(null);
      },
    });
    const client = await connect(aedes);
    for (const topic of ['passing', 'kept'])
      client.send(publishPacket(topic, topic, { qos: 1, messageId: 1, retain: true }));
    await client.next('puback');
    await client.next('puback');
    await subscribe(client, '#', 0);
    // What came live has no retain.
    let first = await client.next('publish');
    while (!first.retain) first = await client.next('publish');
    expect(first.topic).toBe('kept');
    await client.ping();
    expect(client.take().filter((packet) => packet.cmd === 'publish' && packet.retain)).toEqual([]);
  });

  test('the identifier given in authorizeForward is the one that is sent', async () => {
    let next = 40;
    const aedes = await open({
      authorizeForward(_client, packet) {
        giveIdentifier(packet, () => ++next);
        return packet;
      },
    });
    const client = await connect(aedes);
    await subscribe(client, 'topic', 1);
    for (let count = 0; count < 2; count++)
      aedes.publish(publishPacket('topic', 'x', { qos: 1 }) as PublishPacket, () => undefined);
    expect((await client.next('publish')).messageId).toBe(41);
    expect((await client.next('publish')).messageId).toBe(42);
  });
});

describe('siaga-aedes.ts', () => {
  test('what is marked reaches nobody and is not retained; a repeat is passed on as the first', async () => {
    const aedes = await open({
      authorizePublish(_client, packet, done) {
        if (packet.topic === 'stopped') stopForwarding(packet);
        done(null);
      },
    });
    const client = await connect(aedes);
    await subscribe(client, '#', 0);
    client.send(publishPacket('stopped', '1', { qos: 1, messageId: 1, retain: true }));
    client.send(publishPacket('topic', '2', { qos: 1, messageId: 2, dup: true }));
    const forwarded = await client.next('publish');
    expect([forwarded.topic, forwarded.dup]).toEqual(['topic', false]);
    await subscribe(client, 'stopped', 0);
    await client.ping();
    expect(client.take().filter(({ cmd }) => cmd === 'publish')).toEqual([]);
  });

  test('an error of the store is told by the event that Aedes does not declare', async () => {
    const aedes = await open();
    const { promise, resolve } = Promise.withResolvers<Error>();
    aedes.onError(resolve);
    Object.assign(aedes.persistence, {
      subscriptionsByTopic: () => Promise.reject(new Error('no store')),
    });
    aedes.publish(publishPacket('topic', 'x', { qos: 1 }) as PublishPacket, () => undefined);
    expect((await promise).message).toBe('no store');
  });
});

describe('aedes-inside.ts', () => {
  test('Aedes gets its packets from us alone: the CONNECT first, and then others', async () => {
    const aedes = await open();
    const { client, serverSide } = createClientPair();
    const inside = new AedesInside(aedes.handle(serverSide), () => undefined);
    expect(serverSide.listenerCount('readable')).toBe(0);
    const waiting = () => new Promise<Buffer>((resolve) => serverSide.once('data', resolve));
    let bytes = waiting();
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clientId: 'one',
      clean: true,
      keepalive: 0,
    });
    const connectBytes = await bytes;
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(client.take()).toEqual([]);
    inside.giveConnect(connectBytes);
    expect((await client.next('connack')).returnCode).toBe(0);
    bytes = waiting();
    client.send({ cmd: 'pingreq' });
    inside.give(await bytes);
    await client.next('pingresp');
    // What is in the stream stays there, though a packet of Aedes' has just been answered.
    serverSide.pause();
    client.send({ cmd: 'pingreq' });
    inside.give(mqtt.generate({ cmd: 'pingreq' }));
    await client.next('pingresp');
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(client.take()).toEqual([]);
    expect(serverSide.readableLength).toBe(2);
  });

  test.each([
    ['hears the QoS of the message from Aedes itself', false, 1],
    ['hears the QoS of the delivery from us', true, 0],
  ])('authorizeForward of a subscription of QoS 0 %s', async (_name, isOurs, expected) => {
    const heard: number[] = [];
    const aedes = await open({
      authorizeForward(client, packet) {
        heard.push(qosToBeSent(client, packet));
        return packet;
      },
    });
    const { client, serverSide } = createClientPair();
    const inside = aedes.handle(serverSide);
    if (isOurs) giveAll(serverSide, new AedesInside(inside, () => undefined));
    await client.connect();
    await subscribe(client, 'siaga/+', 0);
    aedes.publish(publishPacket('siaga/x', 'x', { qos: 1 }) as PublishPacket, () => undefined);
    await client.next('publish');
    expect(heard).toEqual([expected]);
  });

  test('the QoS of a subscription to exactly the topic is known', async () => {
    const heard: number[] = [];
    const aedes = await open({
      authorizeForward(client, packet) {
        heard.push(packet.qos, qosToBeSent(client, packet));
        return packet;
      },
    });
    const client = await connect(aedes);
    await subscribe(client, 'topic', 1);
    aedes.publish(publishPacket('topic', 'x', { qos: 2 }) as PublishPacket, () => undefined);
    await client.next('publish');
    expect(heard).toEqual([2, 1]);
  });

  test('a write that is left unread is told', async () => {
    const aedes = await open();
    const { client, serverSide } = createClientPair(1_000);
    const { promise, resolve } = Promise.withResolvers<void>();
    giveAll(serverSide, new AedesInside(aedes.handle(serverSide), resolve));
    await client.connect();
    await subscribe(client, 'topic', 0);
    client.stream.pause();
    for (let count = 0; count < 5; count++)
      aedes.publish(publishPacket('topic', 'x'.repeat(1_000)) as PublishPacket, () => undefined);
    await promise;
  });

  test('a session made clean while it is authenticated is not kept', async () => {
    const aedes = await open({
      authenticate(client, _name, _secret, done) {
        makeSessionClean(client);
        done(null, true);
      },
    });
    const added: string[] = [];
    const add = aedes.persistence.addSubscriptions.bind(aedes.persistence);
    aedes.persistence.addSubscriptions = async (session, subscriptions) => {
      added.push(session.id);
      await add(session, subscriptions);
    };
    const client = await connect(aedes, { clean: false });
    await subscribe(client, 'topic', 1);
    expect(added).toEqual([]);
  });
});

describe('persistence.ts', () => {
  test.each<keyof Persistence>([
    'storeRetained',
    'createRetainedStreamCombi',
    'outgoingEnqueueCombi',
    'outgoingClearMessageId',
    'subscriptionsByClient',
    'outgoingStream',
    'incomingStorePacket',
    'incomingGetPacket',
    'addSubscriptions',
    'removeSubscriptions',
    'cleanSubscriptions',
    'incomingDelPacket',
  ])('Aedes calls %s, as it is on the object when it is called', async (method) => {
    const aedes = await open();
    let calls = 0;
    const persistence = aedes.persistence as unknown as Record<string, (...args: unknown[]) => unknown>;
    const own = (persistence[method] as (...args: unknown[]) => unknown).bind(persistence);
    persistence[method] = (...args) => {
      calls++;
      return own(...args);
    };
    const kept = { clientId: 'kept', clean: false };
    const first = await connect(aedes, kept);
    await subscribe(first, 'topic', 1);
    first.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['none'] });
    await first.next('unsuback');
    first.send({ cmd: 'disconnect' });
    await first.closed();
    const sender = await connect(aedes, { clientId: 'sender' });
    sender.send(publishPacket('topic', 'x', { qos: 2, messageId: 3, retain: true }));
    await sender.next('pubrec');
    const back = await connect(aedes, kept);
    const { messageId = 0 } = await back.next('publish');
    sender.send({ cmd: 'pubrel', messageId: 3 });
    await sender.next('pubcomp');
    back.send({ cmd: 'pubrec', messageId }, { cmd: 'pubcomp', messageId });
    await subscribe(back, '#', 1);
    await back.ping();
    expect(calls).toBeGreaterThan(0);
  });

  test.each([true, false])('a PUBACK is told with its client, clean session: %s', async (clean) => {
    const aedes = await open();
    const ready = new Promise<Client>((resolve) => aedes.on('clientReady', resolve));
    const { promise, resolve } = Promise.withResolvers<[Client, number]>();
    watchPubacks(aedes.persistence, (client, messageId) => resolve([client, messageId]));
    const client = await connect(aedes, { clean });
    await subscribe(client, 'topic', 1);
    aedes.publish(publishPacket('topic', 'x', { qos: 1 }) as PublishPacket, () => undefined);
    const { messageId = 0 } = await client.next('publish');
    client.send({ cmd: 'puback', messageId });
    const [told, identifier] = await promise;
    expect(told).toBe(await ready);
    expect(identifier).toBe(messageId);
  });

  test('the session of a SUBSCRIBE is the client itself', async () => {
    const aedes = await open();
    const ready = new Promise<Client>((resolve) => aedes.on('clientReady', resolve));
    const sessions: object[] = [];
    const add = aedes.persistence.addSubscriptions.bind(aedes.persistence);
    aedes.persistence.addSubscriptions = async (session, subscriptions) => {
      sessions.push(clientOf(session));
      await add(session, subscriptions);
    };
    await subscribe(await connect(aedes, { clean: false }), 'topic', 1);
    expect(sessions[0]).toBe(await ready);
  });
});

test('a message delivered to two subscriptions of one client comes once, and its hook gets a copy of its own', async () => {
  const seen = new Set<AedesPublishPacket>();
  const aedes = await open({
    authorizeForward(_client, packet) {
      seen.add(packet);
      return packet;
    },
  });
  const [one, two] = [
    await connect(aedes, { clientId: 'one' }),
    await connect(aedes, { clientId: 'two' }),
  ] as const;
  for (const client of [one, two]) await subscribe(client, 'a/+', 1);
  await subscribe(one, 'a/b', 1);
  aedes.publish(publishPacket('a/b', 'x', { qos: 1 }) as PublishPacket, () => undefined);
  await one.next('publish');
  await two.next('publish');
  await one.ping();
  expect(one.take()).toEqual([]);
  expect(seen.size).toBe(2);
});

test('the version is pinned, and is the one that these tests ran against', () => {
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).dependencies.aedes;
  const manifest = readFileSync(join(ROOT, 'node_modules/aedes/package.json'), 'utf8');
  expect(wanted).toMatch(/^\d+\.\d+\.\d+(-beta\.\d+)?$/);
  expect(JSON.parse(manifest).version).toBe(wanted);
});

test('what is not public is touched in broker/aedes/ only', () => {
  const files = readdirSync(join(ROOT, 'broker'), { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.startsWith('aedes/'),
  );
  const touches = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, 'broker', file), 'utf8');
    // Comparing an error's text, a private name, Aedes itself, or taking what it hands out for something else.
    const found = text.match(
      /\bswitch \(\w+\.message\)|\w*[Ee]rror\.message ===|\._[a-z]\w+|\bimport \{ Aedes\b|(?:client|packet|aedes) as unknown as/g,
    );
    return (found ?? []).map((touch) => `${file}: ${touch}`);
  });
  expect(files.length).toBeGreaterThan(20);
  expect(touches).toEqual([]);
});
