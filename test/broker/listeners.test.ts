/** TLS and WebSocket listeners over real sockets, with certificates made for the test. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import type { ListenerName } from '../../broker/connection/connection-options.ts';
import { connectTcp, publishPacket, RawMqttClient } from '../support/raw-mqtt-client.ts';
import { openTestBroker, TELEMETRY, type TestBroker } from '../support/test-broker.ts';

const password = Buffer.from('gauge-1-secret');
const good = { clientId: 'gauge-1', username: 'gauge-1', password };
const folder = mkdtempSync(join(tmpdir(), 'siaga-tls-'));
const file = (name: string) => join(folder, name);
const open: TestBroker[] = [];

function openssl(...words: string[]): void {
  execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
}
/** A key and a certificate of `name`, signed by `authority` or by itself. */
function makeCertificate(name: string, authority?: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
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
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(async () => {
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

async function dialTls(siaga: TestBroker, certificate?: string): Promise<RawMqttClient> {
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
  return new RawMqttClient(socket);
}

describe('over TLS', () => {
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

describe('over WebSocket', () => {
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
