/** TLS and WebSocket listeners over real sockets, with certificates made for the test. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcpSocket, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import mqtt from 'mqtt-packet';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import type { ListenerName } from '../../broker/connection/connection-options.ts';
import { openListeners } from '../../broker/listeners/listeners.ts';
import { environmentSchema } from '../../config/environment.ts';
import { connectPacket, connectTcp, publishPacket, RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, REJECTED, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

const password = Buffer.from('gauge-1-secret');
const good = { clientId: 'gauge-1', username: 'gauge-1', password };
const folder = mkdtempSync(join(tmpdir(), 'siaga-tls-'));
const file = (name: string) => join(folder, name);
const open: TestBroker[] = [];

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
}
const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
/** A key and a certificate of `name`, signed by `authority` or by itself. */
function makeCertificate(name: string, authority?: string, kind = EC): void {
  const key = ['-newkey', ...kind, '-nodes', '-keyout', `${name}.key`];
  if (!authority) {
    openssl('req', '-x509', ...key, '-out', `${name}.crt`, '-days', '2', '-subj', `/CN=${name}`);
    return;
  }
  openssl('req', ...key, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  const by = ['-CA', `${authority}.crt`, '-CAkey', `${authority}.key`, '-CAcreateserial'];
  openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-out', `${name}.crt`, '-days', '2');
}

beforeAll(() => {
  makeCertificate('localhost');
  makeCertificate('authority');
  makeCertificate('gauge-1', 'authority');
  makeCertificate('gauge-2');
  makeCertificate('rsa', undefined, ['rsa:2048']);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
  vi.useRealTimers();
  for (const broker of open.splice(0)) await broker[Symbol.asyncDispose]();
});

async function start(environment: Parameters<typeof openTestBroker>[0]): Promise<TestBroker> {
  const siaga = await openTestBroker(environment);
  open.push(siaga);
  return siaga;
}
const portOf = (siaga: TestBroker, listener: ListenerName) =>
  siaga.broker.addresses.find((address) => address.listener === listener)?.port as number;
const tls = { MQTTS_PORT: '0', TLS_CERT_FILE: file('localhost.crt'), TLS_KEY_FILE: file('localhost.key') };

async function dialTls(siaga: TestBroker, certificate?: string, version?: 4 | 5): Promise<RawMqttClient> {
  const own = certificate
    ? { cert: readFileSync(file(`${certificate}.crt`)), key: readFileSync(file(`${certificate}.key`)) }
    : {};
  const ca = readFileSync(file('localhost.crt'));
  const socket = connectTls({
    port: portOf(siaga, 'tls'),
    host: '127.0.0.1',
    servername: 'localhost',
    ca,
    ...own,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('secureConnect', resolve);
  socket.once('error', reject);
  await promise;
  return new RawMqttClient(socket, version);
}

/** What a client of version 5 hears of a refused message, and of the server's end. */
async function expectReasons(siaga: TestBroker, client: RawMqttClient): Promise<void> {
  siaga.pipeline.judge = () => REJECTED;
  siaga.pipeline.rejection = { reason: 'not-json', detail: 'found "x"' };
  expect((await client.connect(good)).reasonCode).toBe(0);
  client.send(publishPacket(TELEMETRY, 'x', { qos: 1, messageId: 1 }));
  const properties = { reasonString: 'found "x"' };
  expect(await client.next('puback')).toMatchObject({ reasonCode: 0x99, properties });
  await client.ping();
  const told = client.next('disconnect');
  await siaga.broker[Symbol.asyncDispose]();
  expect((await told).reasonCode).toBe(0x8b);
}

describe('over TLS', () => {
  test('a client of version 5 is told why a message was refused, and that the server goes', async () => {
    const siaga = await start(tls);
    await expectReasons(siaga, await dialTls(siaga, undefined, 5));
  });

  test('a device connects with its secret and publishes', async () => {
    const siaga = await start(tls);
    const client = await dialTls(siaga);
    expect((await client.connect(good)).returnCode).toBe(0);
    client.send(publishPacket(TELEMETRY, '{}', { qos: 1, messageId: 1 }));
    await client.next('puback');
    expect(siaga.broker.connections()[0]).toMatchObject({ listener: 'tls', address: '127.0.0.1' });
    client.destroy();
  });

  test('a certificate that our authority signed is a credential, for the device it names', async () => {
    const siaga = await start({ ...tls, TLS_CLIENT_CA_FILE: file('authority.crt') });
    const client = await dialTls(siaga, 'gauge-1');
    expect((await client.connect({ clientId: 'gauge-1' })).returnCode).toBe(0);
    // Whatever it calls itself, it is the device of its certificate.
    const other = await dialTls(siaga, 'gauge-1');
    expect((await other.connect({ clientId: 'gauge-2' })).returnCode).toBe(0);
    await other.ping();
    expect(siaga.broker.connections().map(({ clientId, identity }) => [clientId, identity])).toEqual([
      ['gauge-1', 'gauge-1'],
      ['gauge-1/gauge-2', 'gauge-1'],
    ]);
    other.destroy();
    client.destroy();
  });

  test('a certificate that somebody else signed is none', async () => {
    const siaga = await start({ ...tls, TLS_CLIENT_CA_FILE: file('authority.crt') });
    const client = await dialTls(siaga, 'gauge-2');
    expect((await client.connect({ clientId: 'gauge-2' })).returnCode).toBe(4);
  });

  test('one that has shown its secret makes room for the next of its address', async () => {
    const siaga = await start({ ...tls, MQTT_MAX_UNAUTHENTICATED_PER_ADDRESS: '1' });
    const first = await dialTls(siaga);
    await expect(dialTls(siaga)).rejects.toThrow();
    expect((await first.connect(good)).returnCode).toBe(0);
    const second = await dialTls(siaga);
    first.destroy();
    second.destroy();
  });

  test('bytes that are no handshake end the connection and nothing else', async () => {
    const siaga = await start(tls);
    const client = await connectTcp(portOf(siaga, 'tls'));
    client.sendBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await client.closed();
    const other = await dialTls(siaga);
    expect((await other.connect(good)).returnCode).toBe(0);
    other.destroy();
  });
});

describe('a TLS session', () => {
  /** Connects, with the ticket of an earlier connection where there is one; resolves with whether it counted. */
  const dialWith = async (
    siaga: TestBroker,
    version: 'TLSv1.2' | 'TLSv1.3',
    session?: Buffer,
    own?: object,
  ) => {
    const socket = connectTls({
      port: portOf(siaga, 'tls'),
      host: '127.0.0.1',
      servername: 'localhost',
      ca: readFileSync(file('localhost.crt')),
      minVersion: version,
      maxVersion: version,
      ...(session ? { session } : {}),
      ...own,
    });
    const ticket = Promise.withResolvers<Buffer>();
    socket.once('session', ticket.resolve);
    const secure = Promise.withResolvers<void>();
    socket.once('secureConnect', secure.resolve).once('error', secure.reject);
    await secure.promise;
    const client = new RawMqttClient(socket);
    expect((await client.connect(good)).returnCode).toBe(0);
    await client.ping();
    const isResumed = socket.isSessionReused();
    // One that is resumed may keep its ticket.
    const next = isResumed ? session : await ticket.promise;
    client.destroy();
    return { isResumed, ticket: next as Buffer };
  };

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes at the reconnect: %s', async (version) => {
    const siaga = await start(tls);
    const first = await dialWith(siaga, version);
    expect(first.isResumed).toBe(false);
    expect((await dialWith(siaga, version, first.ticket)).isResumed).toBe(true);
  });

  test('resumes for two hours, and then begins anew with another key', async () => {
    // Before any socket: only the rotation of the key uses an interval.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const admitAll = { admit: () => undefined, identified: () => undefined, connections: 0 };
    const listeners = await openListeners({
      config: environmentSchema.parse({
        MQTT_PORT: '0',
        MQTTS_PORT: '0',
        TLS_CERT_FILE: file('localhost.crt'),
        TLS_KEY_FILE: file('localhost.key'),
      }),
      monotonicNow: () => performance.now(),
      admission: admitAll,
      onStream: (stream) => stream.on('error', () => undefined).resume(),
      onRefused: () => undefined,
      onHandshakeEnded: () => undefined,
      onError: () => undefined,
    });
    const port = listeners.addresses.find(({ listener }) => listener === 'tls')?.port as number;
    const dial = async (session?: Buffer) => {
      const ca = readFileSync(file('localhost.crt'));
      const socket = connectTls({
        port,
        host: '127.0.0.1',
        servername: 'localhost',
        ca,
        ...(session ? { session } : {}),
      });
      const ticket = new Promise<Buffer>((resolve) => socket.once('session', resolve));
      await once(socket, 'secureConnect');
      const isResumed = socket.isSessionReused();
      const outcome = { isResumed, ticket: isResumed ? (session as Buffer) : await ticket };
      socket.destroy();
      return outcome;
    };
    const { ticket } = await dial();
    vi.advanceTimersByTime(2 * 60 * 60 * 1_000 - 1);
    expect((await dial(ticket)).isResumed).toBe(true);
    vi.advanceTimersByTime(1);
    const anew = await dial(ticket);
    expect(anew.isResumed).toBe(false);
    expect((await dial(anew.ticket)).isResumed).toBe(true);
    await listeners[Symbol.asyncDispose]();
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('keeps the device of its certificate: %s', async (version) => {
    const siaga = await start({ ...tls, TLS_CLIENT_CA_FILE: file('authority.crt') });
    const own = { cert: readFileSync(file('gauge-1.crt')), key: readFileSync(file('gauge-1.key')) };
    const { ticket } = await dialWith(siaga, version, undefined, own);
    const socket = connectTls({
      port: portOf(siaga, 'tls'),
      host: '127.0.0.1',
      servername: 'localhost',
      ca: readFileSync(file('localhost.crt')),
      minVersion: version,
      maxVersion: version,
      session: ticket,
      ...own,
    });
    const client = new RawMqttClient(socket);
    expect((await client.connect({ clientId: 'gauge-1' })).returnCode).toBe(0);
    expect(socket.isSessionReused()).toBe(true);
    client.destroy();
  });
});

describe('over TLS with an RSA certificate, which could do without a key of the connection', () => {
  const rsa = { MQTTS_PORT: '0', TLS_CERT_FILE: file('rsa.crt'), TLS_KEY_FILE: file('rsa.key') };
  const agree = async (ciphers: string, version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') => {
    const siaga = await start(rsa);
    const socket = connectTls({
      port: portOf(siaga, 'tls'),
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ciphers,
      minVersion: version,
      maxVersion: version,
    });
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    socket.once('secureConnect', () => resolve(socket.getCipher().name));
    socket.once('error', reject);
    return promise.finally(() => socket.destroy());
  };

  test.each([
    ['AES128-GCM-SHA256', 'TLSv1.2'],
    ['AES256-GCM-SHA384', 'TLSv1.2'],
    ['AES128-SHA256', 'TLSv1.2'],
    ['AES256-SHA', 'TLSv1.2'],
    ['DEFAULT@SECLEVEL=0', 'TLSv1.1'],
  ] as const)('%s of %s is refused', async (ciphers, version) => {
    await expect(agree(ciphers, version)).rejects.toThrow();
  });

  test.each([
    ['ECDHE-RSA-AES128-GCM-SHA256', 'TLSv1.2'],
    ['ECDHE-RSA-CHACHA20-POLY1305', 'TLSv1.2'],
    ['ECDHE-RSA-AES128-SHA256', 'TLSv1.2'],
    ['TLS_AES_128_GCM_SHA256', 'TLSv1.3'],
  ] as const)('%s of %s is agreed', async (ciphers, version) => {
    expect(await agree(ciphers, version)).toBe(ciphers);
  });
});

describe('a handshake that comes to nothing', () => {
  test.each([
    ['TLS', 'tls', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['TLS, cut', 'tls', Buffer.of(0x16, 3, 1, 2, 0, 1)],
    ['WebSocket', 'ws', Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n')],
    ['HTTP at all', 'ws', Buffer.of(0x10, 0x20, 0, 4)],
  ] as const)('is counted, when it is no %s', async (_name, listener, bytes) => {
    const siaga = await start({ ...tls, MQTT_WS_PORT: '0' });
    const client = await connectTcp(portOf(siaga, listener));
    client.sendBytes(bytes);
    client.stream.end();
    await client.closed();
    await expect
      .poll(() => siaga.value('siaga_mqtt_connection_ends_total', { reason: 'handshake-failed' }))
      .toBe(1);
  });

  test.each(['tls', 'ws'] as const)('is ended and counted when it says nothing: %s', async (listener) => {
    const siaga = await start({ ...tls, MQTT_WS_PORT: '0', MQTT_CONNECT_TIMEOUT_MS: '50' });
    const client = await connectTcp(portOf(siaga, listener));
    await client.closed();
    await expect
      .poll(() => siaga.value('siaga_mqtt_connection_ends_total', { reason: 'handshake-timeout' }))
      .toBe(1);
  });

  test('does not keep the server from closing', async () => {
    const siaga = await openTestBroker({ ...tls, MQTT_WS_PORT: '0' });
    const silent = await Promise.all((['tls', 'ws'] as const).map((each) => connectTcp(portOf(siaga, each))));
    await siaga[Symbol.asyncDispose]();
    await Promise.all(silent.map((client) => client.closed()));
  });
});

test('a TLS handshake over a link of 100 bytes a second is brought to its end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const siaga = await start(tls);
  const relay = createServer((near) => {
    const far = connectTcpSocket(portOf(siaga, 'tls'));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk: Buffer) => crawling.push({ to, bytes: chunk }));
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
    }
  });
  const crawling: { to: Socket; bytes: Buffer }[] = [];
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const { port } = relay.address() as { port: number };
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: readFileSync(file('localhost.crt')),
  });
  let isSecure = false;
  let isClosed = false;
  socket.once('secureConnect', () => {
    isSecure = true;
  });
  socket.once('close', () => {
    isClosed = true;
  });
  socket.on('error', () => undefined);
  let seconds = 0;
  while (!isSecure && !isClosed && seconds < 100) {
    const next = crawling.shift();
    if (next) {
      next.to.write(next.bytes.subarray(0, 100));
      if (next.bytes.length > 100) crawling.unshift({ to: next.to, bytes: next.bytes.subarray(100) });
      await vi.advanceTimersByTimeAsync(1_000);
      seconds++;
    }
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  }
  expect({ isSecure, isClosed }).toEqual({ isSecure: true, isClosed: false });
  expect(seconds).toBeGreaterThan(10);
  socket.destroy();
  await new Promise((resolve) => relay.close(resolve));
});

describe('over WebSocket', () => {
  test('a client of version 5 is told why a message was refused, and that the server goes', async () => {
    const siaga = await start({ MQTT_WS_PORT: '0' });
    const { socket } = await dial(siaga, 'mqtt');
    await expectReasons(siaga, new RawMqttClient(createWebSocketStream(socket), 5));
  });

  const dial = async (siaga: TestBroker, ...protocols: string[]) => {
    const socket = new WebSocket(`ws://127.0.0.1:${portOf(siaga, 'ws')}/mqtt`, protocols);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('open', resolve);
    socket.once('error', reject);
    await promise;
    return { socket, client: new RawMqttClient(createWebSocketStream(socket)) };
  };

  test('[MQTT-6.0.0-1] [MQTT-6.0.0-2] [MQTT-6.0.0-4] packets come in binary frames, cut in any way', async () => {
    const siaga = await start({ MQTT_WS_PORT: '0' });
    const { socket, client } = await dial(siaga, 'mqtt');
    expect(socket.protocol).toBe('mqtt');
    expect((await client.connect(good)).returnCode).toBe(0);
    for (const byte of [0xc0, 0x00]) client.sendBytes(byte);
    await client.next('pingresp');
    client.send(publishPacket(TELEMETRY, '{}', { qos: 1, messageId: 1 }), { cmd: 'pingreq' });
    await client.next('puback');
    await client.next('pingresp');
    expect(siaga.broker.connections()[0]).toMatchObject({ listener: 'ws', address: '127.0.0.1' });
    socket.terminate();
  });

  test.each(['CONNECT', 'PUBLISH', 'an empty frame'])(
    '[MQTT-6.0.0-1] %s in a text frame closes the connection, and its bytes are not looked at',
    async (name) => {
      const siaga = await start({ MQTT_WS_PORT: '0' });
      const { socket, client } = await dial(siaga, 'mqtt');
      if (name !== 'CONNECT') expect((await client.connect(good)).returnCode).toBe(0);
      // Topic and payload are ASCII, so that a text frame brings the very bytes of a PUBLISH of QoS 0.
      const publish = mqtt.generate(publishPacket(TELEMETRY, '{}')).toString('latin1');
      const connect = mqtt.generate(connectPacket(good)).toString('latin1');
      socket.send({ CONNECT: connect, PUBLISH: publish }[name] ?? '', { binary: false });
      await client.closed();
      expect(client.take()).toEqual([]);
      expect(siaga.pipeline.messages).toEqual([]);
      const labels = { reason: 'protocol-violation' };
      await expect.poll(() => siaga.value('siaga_mqtt_connection_ends_total', labels)).toBe(1);
    },
  );

  test.each([
    ['pings', (socket: WebSocket) => socket.ping()],
    ['pongs', (socket: WebSocket) => socket.pong()],
    ['empty frames', (socket: WebSocket) => socket.send('', { binary: true })],
  ] as const)('%s without end close the connection, as many as a proxy sends do not', async (_name, send) => {
    const siaga = await start({ MQTT_WS_PORT: '0' });
    const { socket, client } = await dial(siaga, 'mqtt');
    expect((await client.connect(good)).returnCode).toBe(0);
    for (let frame = 0; frame < 50; frame++) send(socket);
    client.send({ cmd: 'pingreq' });
    await client.next('pingresp');
    // In turns, since the library itself ends who does not wait for pongs.
    for (let turn = 0; turn < 200 && socket.readyState === socket.OPEN; turn++) {
      for (let frame = 0; frame < 20; frame++) send(socket);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await client.closed();
    const labels = { reason: 'protocol-violation' };
    await expect.poll(() => siaga.value('siaga_mqtt_connection_ends_total', labels)).toBe(1);
  });

  test('[MQTT-6.0.0-3] a client that does not offer "mqtt" is refused', async () => {
    const siaga = await start({ MQTT_WS_PORT: '0' });
    await expect(dial(siaga, 'soap')).rejects.toThrow(/401|400/);
    await expect(dial(siaga)).rejects.toThrow(/401|400/);
  });

  test('one that has shown its secret makes room for the next of its address', async () => {
    const siaga = await start({ MQTT_WS_PORT: '0', MQTT_MAX_UNAUTHENTICATED_PER_ADDRESS: '1' });
    const first = await dial(siaga, 'mqtt');
    await expect(dial(siaga, 'mqtt')).rejects.toThrow();
    expect((await first.client.connect(good)).returnCode).toBe(0);
    const second = await dial(siaga, 'mqtt');
    first.socket.terminate();
    second.socket.terminate();
  });

  test('a browser that looks at the port is told what it speaks', async () => {
    const siaga = await start({ MQTT_WS_PORT: '0' });
    const response = await fetch(`http://127.0.0.1:${portOf(siaga, 'ws')}/`);
    expect(response.status).toBe(426);
    expect(await response.text()).toContain('MQTT over WebSocket');
  });
});

test('an address in use is one clear line, and what was opened before it is closed again', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  await expect(openTestBroker({ MQTT_WS_PORT: String(port) })).rejects.toThrow(
    `MQTT (ws) cannot listen on 127.0.0.1:${port}: the port is in use: end the program that uses it, or choose another (MQTT_PORT …)`,
  );
  await new Promise((resolve) => taken.close(resolve));
});

test('a certificate that cannot be read is an error at start', async () => {
  writeFileSync(file('broken.crt'), 'no certificate');
  await expect(openTestBroker({ ...tls, TLS_CERT_FILE: file('broken.crt') })).rejects.toThrow();
});
