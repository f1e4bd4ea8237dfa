/**
 * The servers that `bench -- storm` compares: Siaga as `npm start` starts it, with credentials, and Debian's Mosquitto.
 *
 * Invariant: each can be started again on the same port and with the same devices, as after a crash.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { issueCredentials } from '../broker/credentials/credentials.ts';
import { openDatabase } from '../database/database.ts';
import { registerGauges, startSiaga } from './siaga-server.child.ts';
import type { StormOrders } from './storm-devices.child.ts';

export type StormServerName = 'siaga' | 'mosquitto';

export interface StormServer {
  readonly orders: StormOrders;
  /** Resolves when it answers. */
  start(): Promise<void>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Seconds of processor time of the process that runs now. */
  cpuS(): number;
  /** Resident bytes of it. */
  rss(): number;
}

/** Of proc(5). */
const TICKS_PER_S = 100;

export async function createStormServer(
  name: StormServerName,
  { folder, count, isTls }: { folder: string; count: number; isTls: boolean },
): Promise<StormServer> {
  if (isTls) makeCertificate(folder);
  const [plainPort, tlsPort] = [await freePort(), await freePort()];
  const port = isTls ? tlsPort : plainPort;
  const ids = Array.from({ length: count }, (_, index) => `bench-${index + 1}`);
  const files = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') };
  const devices = name === 'siaga' ? await registerDevices(folder, ids) : ids.map((id) => ({ id }));
  let child: ChildProcess | undefined;
  return {
    orders: { port, devices, ...(isTls ? { caFile: files.cert } : {}) },
    async start() {
      if (name === 'siaga') {
        const tls = { MQTTS_PORT: `${tlsPort}`, TLS_CERT_FILE: files.cert, TLS_KEY_FILE: files.key };
        const environment = { MQTT_PORT: `${plainPort}`, LOG_LEVEL: 'info', ...(isTls ? tls : {}) };
        // Devices are let in before it is ready in all else.
        const onSpawn = (spawned: ChildProcess) => {
          child = spawned;
        };
        startSiaga({ folder, environment, onSpawn }).catch((error: Error) => console.error(error.message));
      } else child = startMosquitto(folder, port, isTls ? files : undefined);
      await answering(port);
    },
    async end(signal) {
      if (!child || child.exitCode !== null) return;
      const closed = once(child, 'close');
      child.kill(signal);
      await closed;
    },
    cpuS() {
      const fields = readFileSync(`/proc/${child?.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
    },
    rss() {
      const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child?.pid}/status`, 'utf8'));
      return Number(line?.[1]) * 1024;
    },
  };
}

async function registerDevices(folder: string, ids: readonly string[]): Promise<StormOrders['devices']> {
  await registerGauges(folder, ids);
  const database = await openDatabase({ SIAGA_DATA_DIR: folder, DATABASE_URL: undefined });
  const secrets = await issueCredentials(database, [...ids], Date.now());
  await database.destroy();
  return ids.map((id) => ({ id, secret: secrets.get(id) as string }));
}

function startMosquitto(folder: string, port: number, files?: { cert: string; key: string }): ChildProcess {
  const file = join(folder, 'mosquitto.conf');
  const tls = files ? [`certfile ${files.cert}`, `keyfile ${files.key}`] : [];
  const lines = [
    `listener ${port} 127.0.0.1`,
    ...tls,
    'allow_anonymous true',
    'persistence false',
    'log_dest none',
    'user root',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return spawn('mosquitto', ['-c', file], { stdio: 'ignore' });
}

function makeCertificate(folder: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'server.key'];
  const words = ['req', '-x509', ...key, '-out', 'server.crt', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function answering(port: number): Promise<void> {
  for (let attempt = 0; attempt < 2_400; attempt++) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isThere = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isThere) return;
    await delay(25);
  }
  throw new Error(`nothing answers on port ${port}`);
}
