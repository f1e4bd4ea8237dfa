/** Clients at the edge of what networks and boxes do: single bytes, no keep alive, one name on two listeners. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import mqtt from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import type { ListenerName } from '../../broker/connection/connection-options.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { proxyV2From } from '../support/proxy-headers.ts';
import { connectPacket, publishPacket, RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, STATUS, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

const good = { clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') };
const LISTENERS = ['tcp', 'tls', 'ws'] as const;
let certificates: Certificates;
let siaga: TestBroker;
const relays: Server[] = [];
const sockets: Socket[] = [];

beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates[Symbol.dispose]());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const relay of relays.splice(0)) relay.close();
  await siaga[Symbol.asyncDispose]();
});

async function start(more: Parameters<typeof openTestBroker>[0] = {}): Promise<void> {
  siaga = await openTestBroker({
    MQTTS_PORT: '0',
    MQTT_WS_PORT: '0',
    TLS_CERT_FILE: certificates.file('localhost.crt'),
    TLS_KEY_FILE: certificates.file('localhost.key'),
    ...more,
  });
}

const portOf = (listener: ListenerName) =>
  siaga.broker.addresses.find((each) => each.listener === listener)?.port as number;

/** A relay that passes a client's bytes on one by one, each in a packet of its own; the answers as they come. */
async function openRelay(listener: ListenerName): Promise<number> {
  const relay = createServer((near) => {
    const far = connect({ port: portOf(listener), host: '127.0.0.1', noDelay: true });
    sockets.push(near, far);
    far.pipe(near);
    let passed = Promise.resolve();
    near.on('data', (bytes: Buffer) => {
      passed = passed.then(async () => {
        for (const byte of bytes) {
          far.write(Buffer.of(byte));
          await new Promise(setImmediate);
        }
      });
    });
    near.on('close', () => void passed.then(() => far.destroy()));
    for (const socket of [near, far]) socket.on('error', () => undefined);
    far.on('close', () => near.destroy());
  });
  relays.push(relay);
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return (relay.address() as AddressInfo).port;
}

/** What this listener's clients speak MQTT over. */
async function dial(listener: ListenerName, port = portOf(listener)): Promise<RawMqttClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  sockets.push(socket);
  await once(socket, 'connect');
  return new RawMqttClient(await wrap(listener, socket));
}

async function wrap(listener: ListenerName, socket: Socket): Promise<Duplex> {
  if (listener === 'tls') {
    const secure = connectTls({ socket, servername: 'localhost', ca: certificates.read('localhost.crt') });
    await once(secure, 'secureConnect');
    return secure;
  }
  if (listener === 'ws') {
    const web = new WebSocket('ws://localhost/mqtt', ['mqtt'], { createConnection: () => socket });
    await once(web, 'open');
    return createWebSocketStream(web);
  }
  return socket;
}

describe.each(LISTENERS)('over a link that passes single bytes, on %s', (listener) => {
  test('handshake, CONNECT and a publish arrive, and are answered', async () => {
    await start();
    const client = await dial(listener, await openRelay(listener));
    expect((await client.connect(good)).returnCode).toBe(0);
    client.send(publishPacket(TELEMETRY, '{"levelM":1}', { qos: 1, messageId: 1 }));
    expect((await client.next('puback')).messageId).toBe(1);
    await client.ping();
    expect(await siaga.value('siaga_mqtt_connection_ends_total')).toBe(0);
  });

  test('what never ends is ended in its time, and its place is free again', async () => {
    await start({ MQTT_CONNECT_TIMEOUT_MS: '1000', MQTT_MAX_CONNECTIONS: '2' });
    const whole = mqtt.generate(connectPacket(good));
    const cut = connect({ port: portOf(listener), host: '127.0.0.1', noDelay: true });
    sockets.push(cut);
    cut.on('error', () => undefined);
    const isClosed = new Promise((resolve) => cut.once('close', resolve));
    await once(cut, 'connect');
    // The first bytes of a TLS hello, of a request, of a CONNECT, one by one, and then nothing.
    const first = {
      tls: Buffer.of(22, 3, 1, 2, 0, 1),
      ws: Buffer.from('GET / HT'),
      tcp: whole.subarray(0, 9),
    };
    for (const byte of first[listener]) {
      cut.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    await isClosed;
    await eventually(async () => expect(siaga.broker.connections()).toEqual([]), 60_000);
    for (let times = 0; times < 2; times++) {
      const client = await dial(listener);
      expect((await client.connect({ ...good, clientId: `gauge-1`, clean: true })).returnCode).toBe(0);
    }
  });
});

describe('a proxy that says half a header', () => {
  test('in single bytes and then nothing, many times at once, keeps nobody else out', async () => {
    await start({
      MQTT_PROXY_PROTOCOL: 'true',
      MQTT_PROXY_FROM: '127.0.0.1',
      MQTT_CONNECT_TIMEOUT_MS: '2000',
      MQTT_MAX_CONNECTIONS: '20',
    });
    const header = proxyV2From('203.0.113.7', 51_234);
    const closed = Array.from({ length: 12 }, async (_, index) => {
      const half = connect({ port: portOf('tcp'), host: '127.0.0.1', noDelay: true });
      sockets.push(half);
      half.on('error', () => undefined);
      const end = new Promise((resolve) => half.once('close', resolve));
      await once(half, 'connect');
      for (const byte of header.subarray(0, index * 2)) {
        half.write(Buffer.of(byte));
        await new Promise(setImmediate);
      }
      await end;
    });
    const socket = connect({ port: portOf('tcp'), host: '127.0.0.1' });
    sockets.push(socket);
    socket.write(header);
    const client = new RawMqttClient(socket);
    expect((await client.connect(good)).returnCode).toBe(0);
    await Promise.all(closed);
    await client.ping();
    expect(await siaga.value('siaga_mqtt_connection_ends_total', { reason: 'proxy-header' })).toBe(12);
  });
});

describe('one client id over TLS and over WebSocket', () => {
  const online = (status: string, messageId: number) =>
    publishPacket(STATUS, status, { qos: 1, retain: true, messageId });
  const will = { topic: STATUS, payload: Buffer.from('offline'), qos: 1, retain: true } as const;

  test('is named as contested with both of its addresses and listeners', async () => {
    await start();
    for (const listener of ['tls', 'ws', 'tls', 'ws', 'tls', 'ws'] as const) {
      const client = await dial(listener);
      expect((await client.connect(good)).returnCode).toBe(0);
      await client.ping();
    }
    const [contested] = siaga.broker.contestedIds();
    expect(contested).toMatchObject({ clientId: 'gauge-1', takeovers: 5 });
    expect(new Set(contested?.origins.map(({ listener }) => listener))).toEqual(new Set(['tls', 'ws']));
  });

  test('the will of the one that is taken over comes before the birth of the next, and is not what stays', async () => {
    await start();
    const watcher = await dial('tcp');
    const observer = { clientId: 'observer:room', username: 'observer:room' };
    await watcher.connect({ ...observer, password: Buffer.from('observer:room-secret') });
    for (const [index, listener] of (['tls', 'ws', 'tls', 'ws'] as const).entries()) {
      const client = await dial(listener);
      expect((await client.connect({ ...good, will })).returnCode).toBe(0);
      client.send(online(`online-${index}`, 1));
      await client.next('puback');
    }
    const said = siaga.pipeline.messages.map(({ payload }) => Buffer.from(payload).toString());
    expect(said).toEqual(['online-0', 'offline', 'online-1', 'offline', 'online-2', 'offline', 'online-3']);
    watcher.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: STATUS, qos: 1 }] });
    const retained = await watcher.next('publish');
    expect({ retain: retained.retain, payload: retained.payload.toString() }).toEqual({
      retain: true,
      payload: 'online-3',
    });
  });
});

test.each(LISTENERS)(
  'a keep alive of 0 on %s outlasts the time that others have to connect',
  async (listener) => {
    await start({ MQTT_CONNECT_TIMEOUT_MS: '1000' });
    const client = await dial(listener);
    expect((await client.connect({ ...good, keepalive: 0 })).returnCode).toBe(0);
    const other = await dial(listener);
    // Another one is past its whole time of connecting: the first is still there.
    const idle = other.closed();
    await idle;
    await client.ping();
    expect(siaga.broker.connections()).toMatchObject([{ clientId: 'gauge-1' }]);
  },
);
