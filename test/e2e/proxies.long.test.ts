/**
 * The proxies that people have, with the configurations in ops/ as they stand there: nginx, HAProxy and Caddy of
 * Debian before the real server. Only ports, certificate and places of files are those of the test.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { RawMqttClient } from '../support/raw-mqtt-client.ts';
import { createDataFolder, type DataFolder, type RunningSiaga, startSiaga } from '../support/start-siaga.ts';

const OPS = join(import.meta.dirname, '../../ops');
/** Where the clients come from: another address than that of the proxies, which is 127.0.0.1. */
const CLIENT = '127.0.0.5';

let certificates: Certificates;
let dataFolder: DataFolder;
beforeAll(async () => {
  certificates = makeCertificates();
  const { folder, read } = certificates;
  writeFileSync(join(folder, 'siaga.pem'), Buffer.concat([read('localhost.crt'), read('localhost.key')]));
  dataFolder = await createDataFolder();
});
afterAll(async () => {
  certificates[Symbol.dispose]();
  await dataFolder[Symbol.asyncDispose]();
});

interface Ports {
  readonly https: number;
  readonly mqtts: number;
  readonly wss: number;
  readonly api: number;
  readonly mqtt: number;
  readonly ws: number;
}

interface ProxyCase {
  readonly name: string;
  readonly program: string;
  readonly packages: string;
  readonly file: string;
  /** What of the file is of this machine: exact text → what the test has there. */
  readonly places: (folder: string, ports: Ports) => Readonly<Record<string, string>>;
  readonly words: (folder: string) => readonly string[];
  /** Whether Siaga learns the device's address from it. */
  readonly saysAddress: boolean;
  readonly passesTcp: boolean;
  readonly webSocketPort: (ports: Ports) => number;
}

const PROXIES: readonly ProxyCase[] = [
  {
    name: 'nginx',
    program: 'nginx',
    packages: 'nginx-light libnginx-mod-stream',
    file: 'nginx.conf',
    places: (folder, ports) => ({
      'user www-data;': 'user root; daemon off;',
      '/run/nginx.pid': join(folder, 'nginx.pid'),
      '/var/log/nginx/error.log': join(folder, 'error.log'),
      '/etc/ssl/siaga/fullchain.pem': certificates.file('localhost.crt'),
      '/etc/ssl/siaga/key.pem': certificates.file('localhost.key'),
      'listen 443 ': `listen ${ports.https} `,
      'listen 8883 ': `listen ${ports.mqtts} `,
      'listen 8084 ': `listen ${ports.wss} `,
      '127.0.0.1:3000;': `127.0.0.1:${ports.api};`,
      'proxy_pass 127.0.0.1:1883;': `proxy_pass 127.0.0.1:${ports.mqtt};`,
      'proxy_pass 127.0.0.1:8083;': `proxy_pass 127.0.0.1:${ports.ws};`,
    }),
    words: (folder) => ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')],
    saysAddress: true,
    passesTcp: true,
    webSocketPort: ({ wss }) => wss,
  },
  {
    name: 'HAProxy',
    program: 'haproxy',
    packages: 'haproxy',
    file: 'haproxy.cfg',
    places: (_folder, ports) => ({
      // The system lets a test open fewer files than a city needs.
      'maxconn 16000': 'maxconn 200',
      'log /dev/log local0 notice': 'log stderr format raw local0 notice',
      'user haproxy\n': 'user root\n',
      'group haproxy\n': 'group root\n',
      '/etc/ssl/siaga/siaga.pem': join(certificates.folder, 'siaga.pem'),
      'bind :443 ': `bind :${ports.https} `,
      'bind :8883 ': `bind :${ports.mqtts} `,
      '127.0.0.1:3000\n': `127.0.0.1:${ports.api}\n`,
      'server siaga 127.0.0.1:1883 ': `server siaga 127.0.0.1:${ports.mqtt} `,
      'server siaga 127.0.0.1:8083 ': `server siaga 127.0.0.1:${ports.ws} `,
    }),
    words: (folder) => ['-db', '-f', join(folder, 'haproxy.cfg')],
    saysAddress: true,
    passesTcp: true,
    webSocketPort: ({ https }) => https,
  },
  {
    name: 'Caddy',
    program: 'caddy',
    packages: 'caddy',
    file: 'Caddyfile',
    places: (_folder, ports) => ({
      '{$SIAGA_DOMAIN:siaga.example} {': `{\n\tadmin off\n\tauto_https disable_redirects\n}\n\nlocalhost:${ports.https} {`,
      '/etc/ssl/siaga/fullchain.pem': certificates.file('localhost.crt'),
      '/etc/ssl/siaga/key.pem': certificates.file('localhost.key'),
      '{$SIAGA_API:127.0.0.1:3000}': `127.0.0.1:${ports.api}`,
      '{$SIAGA_MQTT_WS:127.0.0.1:8083}': `127.0.0.1:${ports.ws}`,
    }),
    words: (folder) => ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')],
    saysAddress: false,
    passesTcp: false,
    webSocketPort: ({ https }) => https,
  },
];

/** Undefined when it can run here, else why these tests are skipped. Throws when CI=true. */
function missing({ program, packages }: ProxyCase): string | undefined {
  if (spawnSync(program, ['-h'], { stdio: 'ignore' }).error === undefined) return undefined;
  const reason = `no ${program} here: install it (Debian: apt-get install ${packages}) to run these tests`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Ends a proxy and its workers: gently, and after some seconds not. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), 5_000);
  await exited;
  clearTimeout(late);
}

/** The configuration of ops/ with the places of this test. Throws where one of them is not in it. */
function writeConfiguration({ file, places }: ProxyCase, folder: string, ports: Ports): void {
  let text = readFileSync(join(OPS, file), 'utf8');
  for (const [place, own] of Object.entries(places(folder, ports))) {
    if (!text.includes(place)) throw new Error(`${file} does not say ${place}`);
    text = text.replaceAll(place, own);
  }
  writeFileSync(join(folder, file), text);
}

describe.each(PROXIES)('$name, as ops/$file says', (proxy) => {
  const reason = missing(proxy);
  const { saysAddress, passesTcp, webSocketPort } = proxy;
  let folder: string;
  let siaga: RunningSiaga;
  const opened = new AsyncDisposableStack();
  let ports: Ports;
  let printed = '';

  beforeAll(async () => {
    if (reason) return;
    folder = mkdtempSync(join(tmpdir(), 'siaga-proxy-'));
    opened.defer(() => rmSync(folder, { recursive: true, force: true }));
    const [https, mqtts, wss, ws] = (await freePorts(4)) as [number, number, number, number];
    siaga = await startSiaga({
      dataDir: dataFolder.path,
      environment: {
        MQTT_WS_PORT: String(ws),
        TRUST_PROXY: '127.0.0.1',
        ...(saysAddress ? { MQTT_PROXY_PROTOCOL: 'true', MQTT_PROXY_FROM: '127.0.0.1' } : {}),
      },
    });
    opened.use(siaga);
    ports = { https, mqtts, wss, ws, mqtt: siaga.mqttPort, api: Number(new URL(siaga.httpUrl).port) };
    mkdirSync(join(folder, 'home'));
    writeConfiguration(proxy, folder, ports);
    const child = spawn(proxy.program, proxy.words(folder), {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, with its workers.
      detached: true,
      env: { PATH: process.env['PATH'], HOME: join(folder, 'home') },
    });
    opened.defer(() => endGroup(child));
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text) => {
        printed += text;
      });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${proxy.name} ended: ${printed}`);
    });
    ended.catch(() => undefined);
    await Promise.race([ended, eventually(() => get('/healthz'))]);
  }, 120_000);
  afterAll(() => opened.disposeAsync());

  /** A call through the proxy; resolves with status and the first bytes of its body. */
  function get(path: string): Promise<{ status: number | undefined; first: string }> {
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number | undefined;
      first: string;
    }>();
    const call = request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        headers: { host: 'localhost' },
        port: ports.https,
        path,
        localAddress: CLIENT,
        ca: certificates.read('localhost.crt'),
        agent: false,
      },
      (response) => {
        response.once('data', (bytes: Buffer) => {
          resolve({ status: response.statusCode, first: String(bytes) });
          response.destroy();
        });
        response.once('error', reject);
      },
    );
    call.once('error', reject).end();
    return promise;
  }

  async function connectedAs(client: RawMqttClient, clientId: string): Promise<Record<string, unknown>> {
    expect((await client.connect({ clientId, keepalive: 60 })).returnCode).toBe(0);
    await client.ping();
    return eventually(() => {
      const line = siaga.logged.find((each) => each['msg'] === 'connected' && each['clientId'] === clientId);
      if (!line) throw new Error(`${clientId} is not in the log`);
      return line;
    });
  }

  test.skipIf(reason !== undefined)('the API answers over TLS', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200 });
    expect((await get('/v1/devices')).first).toContain('{');
  });

  test.skipIf(reason !== undefined)('the first event of a live stream comes at once', async () => {
    const { status, first } = await get('/v1/stream?types=alert');
    expect(status).toBe(200);
    expect(first).toMatch(/event: (ready|reset)/);
  });

  test.skipIf(reason !== undefined || !passesTcp)(
    'MQTT goes over TLS, with the device’s address',
    async () => {
      const socket = connectTls({
        socket: connect({ port: ports.mqtts, host: '127.0.0.1', localAddress: CLIENT }),
        servername: 'localhost',
        ca: certificates.read('localhost.crt'),
      });
      await once(socket, 'secureConnect');
      const client = new RawMqttClient(socket);
      const line = await connectedAs(client, 'kreo-cepoko');
      expect(line).toMatchObject({ listener: 'tcp', address: CLIENT });
      expect(line['via']).toMatch(/^127\.0\.0\.1 \d+$/);
      client.destroy();
    },
  );

  test.skipIf(reason !== undefined)('MQTT goes over WebSocket and TLS', async () => {
    const socket = new WebSocket(`wss://localhost:${webSocketPort(ports)}/mqtt`, ['mqtt'], {
      ca: certificates.read('localhost.crt'),
      localAddress: CLIENT,
      family: 4,
    });
    await once(socket, 'open');
    const client = new RawMqttClient(createWebSocketStream(socket));
    const line = await connectedAs(client, 'wifi-simpang-lima');
    expect(line).toMatchObject({ listener: 'ws', address: saysAddress ? CLIENT : '127.0.0.1' });
    socket.terminate();
  });

  test.skipIf(reason !== undefined)(
    'no connection that is in use is counted as one without a header',
    async () => {
      const reasons = { reason: 'proxy-header' };
      expect(await siaga.metric('siaga_mqtt_connection_ends_total', reasons)).toBe(0);
    },
  );
});

/** What a proxy does with a connection that says nothing for an hour is written in its timeouts. */
test('no timeout of a connection that is silent is under two hours', () => {
  const nginx = readFileSync(join(OPS, 'nginx.conf'), 'utf8');
  expect(nginx).toMatch(/^ {4}proxy_timeout 2h;$/m);
  expect(nginx).toMatch(/^ +proxy_read_timeout 2h;$/m);
  const haproxy = readFileSync(join(OPS, 'haproxy.cfg'), 'utf8');
  for (const kind of ['client', 'server', 'tunnel'])
    expect(haproxy).toMatch(new RegExp(`^ +timeout ${kind} 2h$`, 'm'));
});
