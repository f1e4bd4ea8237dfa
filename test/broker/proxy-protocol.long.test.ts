/** Proxies that say whose connection it is: PROXY headers on each listener, over real sockets. */
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import type { ListenerName } from '../../broker/connection/connection-options.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { proxyV2, proxyV2From } from '../support/proxy-headers.ts';
import { publishPacket, RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

const good = { clientId: 'gauge-1', username: 'gauge-1', password: Buffer.from('gauge-1-secret') };
const SOURCE = '203.0.113.7';
const V2 = proxyV2From(SOURCE, 51_234);
const V1 = Buffer.from(`PROXY TCP4 ${SOURCE} 10.0.0.1 51234 8883\r\n`);
let certificates: Certificates;
let open: TestBroker[] = [];
let sockets: Socket[] = [];

beforeAll(() => {
  certificates = makeCertificates();
});
afterAll(() => certificates[Symbol.dispose]());
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  for (const broker of open) await broker[Symbol.asyncDispose]();
  [open, sockets] = [[], []];
});

async function start(more: Parameters<typeof openTestBroker>[0] = {}, log = pino({ level: 'silent' })) {
  const environment = {
    MQTTS_PORT: '0',
    MQTT_WS_PORT: '0',
    TLS_CERT_FILE: certificates.file('localhost.crt'),
    TLS_KEY_FILE: certificates.file('localhost.key'),
    MQTT_PROXY_PROTOCOL: 'true',
    MQTT_PROXY_FROM: '127.0.0.1',
    ...more,
  };
  const siaga = await openTestBroker(environment, { log });
  open.push(siaga);
  return siaga;
}

/** A socket to this listener, as a proxy opens it; `localAddress` is the proxy's. */
async function dial(siaga: TestBroker, listener: ListenerName, localAddress = '127.0.0.1'): Promise<Socket> {
  const port = siaga.broker.addresses.find((each) => each.listener === listener)?.port as number;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ port, host: '127.0.0.1', localAddress }, resolve).once('error', reject);
  sockets.push(socket);
  await promise;
  return socket;
}

/** Speaks MQTT over what this listener speaks, on a socket that has said its header. */
async function speak(socket: Socket, listener: ListenerName): Promise<RawMqttClient> {
  if (listener === 'tcp') return new RawMqttClient(socket);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (listener === 'tls') {
    const secure = connectTls({ socket, servername: 'localhost', ca: certificates.read('localhost.crt') });
    secure.once('secureConnect', resolve).once('error', reject);
    await promise;
    return new RawMqttClient(secure);
  }
  const web = new WebSocket('ws://localhost/mqtt', ['mqtt'], { createConnection: () => socket });
  web.once('open', resolve).once('error', reject);
  await promise;
  return new RawMqttClient(createWebSocketStream(web));
}

const LISTENERS = ['tcp', 'tls', 'ws'] as const;
const headers = [
  ['version 2', V2],
  ['version 1', V1],
] as const;
const cases = LISTENERS.flatMap((listener) =>
  headers.map(([name, header]) => [name, listener, header] as const),
);

describe.each(cases)('a header of %s on %s', (_name, listener, header) => {
  test('gives the connection the address of the device', async () => {
    const siaga = await start();
    const socket = await dial(siaga, listener);
    socket.write(header);
    const client = await speak(socket, listener);
    expect((await client.connect(good)).returnCode).toBe(0);
    client.send(publishPacket(TELEMETRY, '{}', { qos: 1, messageId: 1 }));
    await client.next('puback');
    expect(siaga.broker.connections()).toMatchObject([{ listener, address: SOURCE }]);
  });

  test('may come in single bytes', async () => {
    const siaga = await start();
    const socket = await dial(siaga, listener);
    socket.setNoDelay(true);
    for (const byte of header) {
      socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    const client = await speak(socket, listener);
    expect((await client.connect(good)).returnCode).toBe(0);
    await client.ping();
    expect(siaga.broker.connections()).toMatchObject([{ address: SOURCE }]);
  });
});

test('header and CONNECT may come in one packet of the network', async () => {
  const siaga = await start();
  const socket = await dial(siaga, 'tcp');
  const client = new RawMqttClient(socket);
  socket.cork();
  socket.write(V2);
  const connack = client.connect(good);
  socket.uncork();
  expect((await connack).returnCode).toBe(0);
});

describe.each(LISTENERS)('of a proxy on %s', (listener) => {
  test.each([
    ['no header', Buffer.of(0x10, 2, 0, 4)],
    ['a malformed one', proxyV2({ version: 3, rest: [] })],
    ['a line with wrong words', Buffer.from('PROXY TCP4 here there 1 2\r\n')],
  ])('%s ends that connection, and is counted', async (_name, bytes) => {
    const siaga = await start();
    const other = await dial(siaga, listener);
    other.write(V2);
    const client = await speak(other, listener);
    expect((await client.connect(good)).returnCode).toBe(0);
    const wrong = new RawMqttClient(await dial(siaga, listener));
    wrong.sendBytes(bytes);
    await wrong.closed();
    await expect
      .poll(() => siaga.value('siaga_mqtt_connection_ends_total', { reason: 'proxy-header' }))
      .toBe(1);
    await client.ping();
  });

  test('a header that does not come in time ends it', async () => {
    const siaga = await start({ MQTT_CONNECT_TIMEOUT_MS: '50' });
    const silent = new RawMqttClient(await dial(siaga, listener));
    silent.sendBytes(V2.subarray(0, 20));
    await silent.closed();
    await expect
      .poll(() => siaga.value('siaga_mqtt_connection_ends_total', { reason: 'proxy-header' }))
      .toBe(1);
  });

  test('LOCAL, a health check, counts as the proxy itself', async () => {
    const siaga = await start();
    const socket = await dial(siaga, listener);
    socket.write(proxyV2({ command: 0, rest: [] }));
    const client = await speak(socket, listener);
    expect((await client.connect(good)).returnCode).toBe(0);
    await client.ping();
    expect(siaga.broker.connections()).toMatchObject([{ address: '127.0.0.1' }]);
  });

  test('an address that is not named is not asked for a header', async () => {
    const siaga = await start();
    const client = await speak(await dial(siaga, listener, '127.0.0.2'), listener);
    expect((await client.connect(good)).returnCode).toBe(0);
    await client.ping();
    expect(siaga.broker.connections()).toMatchObject([{ address: '127.0.0.2' }]);
  });

  test('an address that is not named is not believed', async () => {
    const siaga = await start();
    const client = new RawMqttClient(await dial(siaga, listener, '127.0.0.2'));
    client.sendBytes(V2);
    await client.closed();
    expect(siaga.broker.connections()).toEqual([]);
  });
});

test('the bound on strangers of one address counts the device, not the proxy', async () => {
  const siaga = await start({ MQTT_MAX_UNAUTHENTICATED_PER_ADDRESS: '1' });
  const first = await dial(siaga, 'tcp');
  first.write(V2);
  const refused = new RawMqttClient(await dial(siaga, 'tcp'));
  // The first is let in before its fellow comes.
  await expect
    .poll(async () => {
      const again = new RawMqttClient(await dial(siaga, 'tcp'));
      again.sendBytes(V2);
      await again.closed();
      return siaga.value('siaga_mqtt_bound_hits_total', { bound: 'unauthenticated-per-address' });
    })
    .toBeGreaterThan(0);
  refused.sendBytes(proxyV2From('203.0.113.8', 51_234));
  expect((await refused.connect(good)).returnCode).toBe(0);
});

test('the log names the device, and the proxy that said so', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const siaga = await start({}, log);
  const socket = await dial(siaga, 'tcp');
  socket.write(V2);
  await new RawMqttClient(socket).connect(good);
  const via = `127.0.0.1 ${socket.localPort}`;
  await expect
    .poll(() => lines.find(({ msg }) => msg === 'connected'))
    .toMatchObject({
      address: SOURCE,
      port: 51_234,
      via,
    });
});

test('the server closes while proxies wait at the door', async () => {
  const siaga = await start();
  const waiting = await Promise.all(
    LISTENERS.map(async (each) => new RawMqttClient(await dial(siaga, each))),
  );
  open = [];
  await siaga[Symbol.asyncDispose]();
  await Promise.all(waiting.map((client) => client.closed()));
});
