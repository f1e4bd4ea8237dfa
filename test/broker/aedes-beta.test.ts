/**
 * What Aedes 2.0.0-beta.1 lacks of 1.2, from which it branched off too early, and broker/aedes/ lays around it. Each
 * of these fails without that, and stays when Aedes has it again.
 */
import type { Client, PublishPacket } from 'aedes';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AedesInside, announce, makeSessionClean } from '../../broker/aedes/aedes-inside.ts';
import { boundPersistence } from '../../broker/aedes/bounded-persistence.ts';
import { SiagaAedes } from '../../broker/aedes/siaga-aedes.ts';
import { KeptSessions } from '../../broker/clients/kept-sessions.ts';
import { createClientPair, publishPacket, type RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

const PATIENCE = { timeout: 20_000 };

describe('in our broker', () => {
  let siaga: TestBroker;
  beforeEach(async () => {
    siaga = await openTestBroker();
  });
  afterEach(() => siaga[Symbol.asyncDispose]());
  const message = (messageId: number, fields = {}) =>
    publishPacket(TELEMETRY, 'x', { qos: 2, messageId, ...fields });

  test('two PUBRELs at once do not end the process, and each has its PUBCOMP', async () => {
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on('unhandledRejection', note);
    try {
      const device = await siaga.device();
      device.send(message(1));
      await device.next('pubrec');
      device.send({ cmd: 'pubrel', messageId: 1 }, { cmd: 'pubrel', messageId: 1 });
      await device.next('pubcomp');
      await device.next('pubcomp');
      await device.ping();
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(rejections).toEqual([]);
  });

  test('a client that releases none of its QoS 2 messages ends at the thousand and first', async () => {
    const device = await siaga.device();
    device.send(...Array.from({ length: 1_001 }, (_, at) => message(at + 1)));
    await device.closed();
    const pubrecs = device.take().filter(({ cmd }) => cmd === 'pubrec');
    expect(pubrecs.length).toBeLessThanOrEqual(1_000);
    expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'malformed' })).toBe(1);
  }, 60_000);

  test.each([
    ['that it left', true],
    ['that another begins anew', false],
  ])('a QoS 2 message does not outlive the session %s', async (_name, clean) => {
    const first = await siaga.device('gauge-1', { clean });
    first.send(message(7));
    await first.next('pubrec');
    first.destroy();
    await vi.waitFor(() => expect(siaga.broker.connections()).toEqual([]), PATIENCE);
    const back = await siaga.device('gauge-1', { clean: true });
    await back.ping();
    back.send(message(7, { dup: true }));
    await back.next('pubrec');
    expect(siaga.pipeline.messages).toHaveLength(2);
  });

  test.each(['constructor', '__proto__', 'toString'])('a client may be called %s', async (clientId) => {
    await using open = await openTestBroker({}, { authenticator: undefined });
    for (const version of [4, 5] as const) {
      const client = open.attach(undefined, version);
      await client.connect({ clientId });
      await client.ping();
    }
  });
});

describe('in Aedes, as we lay ours around it', () => {
  let aedes: SiagaAedes;
  const clients: Client[] = [];
  beforeEach(async () => {
    aedes = await SiagaAedes.open({
      authenticate(client, _name, _password, done) {
        if (client.id === 'not-kept') makeSessionClean(client);
        done(null, true);
        announce(client, {
          assignedClientId: 'given',
          serverKeepAlive: 77,
          sessionExpiry: client.id === 'kept',
        });
      },
    });
    boundPersistence(aedes.persistence, {
      ...{ maxRetained: 10, maxOfflinePerClient: 10, countBound: () => undefined },
      ...{ sessions: new KeptSessions(() => false), onDropped: () => undefined, onError: () => undefined },
    });
  });
  afterEach(() => new Promise<void>((resolve) => aedes.close(resolve)));

  /** A client that Aedes reads through us. */
  function attach(version: 4 | 5): RawMqttClient {
    const { client, serverSide } = createClientPair(undefined, version);
    const own = aedes.handle(serverSide);
    clients.push(own);
    const inside = new AedesInside(own, () => undefined);
    serverSide.once('data', (bytes: Buffer) => {
      inside.giveConnect(bytes);
      serverSide.on('data', (more: Buffer) => inside.give(more));
    });
    return client;
  }
  const kept = { clientId: 'kept', clean: false, properties: { sessionExpiryInterval: 600 } };
  const subscribe = async (client: RawMqttClient, topic: string) => {
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] });
    await client.next('suback');
  };

  test('what we say in CONNACK is said, and its keep alive is ours to watch', async () => {
    const connack = await attach(5).connect(kept);
    expect(connack.properties).toMatchObject({
      ...{ assignedClientIdentifier: 'given', serverKeepAlive: 77, sessionExpiryInterval: 600 },
    });
    const inside = clients.at(-1) as unknown as { _keepaliveTimer: unknown };
    expect(inside._keepaliveTimer).toBeNull();
  });

  test('a filter called like what every object has is a filter', async () => {
    const client = attach(4);
    await client.connect({ clientId: 'a' });
    await subscribe(client, 'constructor');
    aedes.publish(publishPacket('constructor', 'x', { qos: 1 }) as PublishPacket, () => undefined);
    expect((await client.next('publish')).topic).toBe('constructor');
  });

  test('what waited for a session comes with what is left of its expiry, and not after it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const first = attach(5);
      await first.connect(kept);
      await subscribe(first, 'topic');
      first.destroy();
      await vi.waitFor(() => expect(clients.at(-1)?.closed).toBe(true), PATIENCE);
      for (const messageExpiryInterval of [60, 10]) {
        const properties = { messageExpiryInterval };
        await aedes.publishOwn(publishPacket('topic', 'x', { qos: 1, properties }) as PublishPacket);
      }
      vi.setSystemTime(Date.now() + 20_000);
      const back = attach(5);
      const connack = await back.connect(kept);
      expect(connack.sessionPresent).toBe(true);
      expect((await back.next('publish')).properties?.messageExpiryInterval).toBe(40);
      await back.ping();
      expect(back.take()).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('a session that we made clean stays so, whatever its DISCONNECT asks for', async () => {
    const client = attach(5);
    const connack = await client.connect({ ...kept, clientId: 'not-kept' });
    expect(connack.properties?.sessionExpiryInterval).toBe(0);
    client.send({ cmd: 'disconnect', properties: { sessionExpiryInterval: 600 } });
    await vi.waitFor(() => expect(clients.at(-1)?.closed).toBe(true), PATIENCE);
    await new Promise(setImmediate);
    expect((aedes as unknown as { expiringSessions: Map<string, unknown> }).expiringSessions.size).toBe(0);
  });

  test('a session of version 5 that we forget is not due any more', async () => {
    const client = attach(5);
    await client.connect(kept);
    client.destroy();
    const timers = (aedes as unknown as { expiringSessions: Map<string, unknown> }).expiringSessions;
    await vi.waitFor(() => expect([...timers.keys()]).toEqual(['kept']), PATIENCE);
    aedes.forgetTimers('kept');
    expect(timers.size).toBe(0);
  });
});
