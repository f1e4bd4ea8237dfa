/**
 * The servers that `bench -- ingest` compares, each a process of its own; run as a script, Aedes alone.
 *
 * Invariant: every one is asked the same way: its port, its processor time and its memory, from outside.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Aedes } from 'aedes';
import { issueCredentials } from '../broker/credentials/credentials.ts';
import { openDatabase } from '../database/database.ts';
import { firstLine, registerGauges, startSiaga, stop } from './siaga-server.child.ts';

/** `observed` is Siaga while one observer subscribes to the whole city. */
export type ServerName = 'siaga' | 'observed' | 'aedes' | 'mosquitto';

/** Where the load connects, and as whom. */
export interface Target {
  readonly port: number;
  readonly devices: readonly { readonly id: string; readonly secret?: string }[];
  /** Who reads along all the time. */
  readonly observer?: { readonly id: string; readonly secret: string };
}

export interface RunningServer {
  readonly target: Target;
  /** Seconds of processor time so far. */
  cpuS(): number;
  /** Resident bytes. */
  rss(): number;
  stop(): Promise<void>;
}

interface StartOptions {
  readonly folder: string;
  readonly connections: number;
  /** Where a processor profile is to be written. */
  readonly profile: string | undefined;
}

const TICKS_PER_S = 100;

export const ingestServers: Readonly<Record<ServerName, (options: StartOptions) => Promise<RunningServer>>> =
  {
    siaga: (options) => startCredentialed(options),
    observed: (options) => startCredentialed(options, 'observer:bench'),

    async aedes({ connections, profile }) {
      const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [];
      const child = spawn(process.execPath, [...flags, import.meta.filename], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const port = Number(await firstLine(child, () => true));
      return running(child, { port, devices: namesOf(connections).map((id) => ({ id })) });
    },

    async mosquitto({ folder, connections }) {
      const port = await freePort();
      const file = join(folder, 'mosquitto.conf');
      const lines = [
        `listener ${port} 127.0.0.1`,
        'allow_anonymous true',
        'persistence false',
        'log_dest none',
      ];
      writeFileSync(file, `${lines.join('\n')}\n`);
      const child = spawn('mosquitto', ['-c', file], { stdio: 'ignore' });
      await answering(port);
      return running(child, { port, devices: namesOf(connections).map((id) => ({ id })) });
    },
  };

async function startCredentialed(
  { folder, connections, profile }: StartOptions,
  observer?: string,
): Promise<RunningServer> {
  const ids = namesOf(connections);
  await registerGauges(folder, ids);
  const database = await openDatabase({ SIAGA_DATA_DIR: folder, DATABASE_URL: undefined });
  const secrets = await issueCredentials(database, observer ? [...ids, observer] : ids, Date.now());
  await database.destroy();
  const flags = profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : [];
  const { child, mqttPort: port } = await startSiaga({ folder, flags });
  const login = (id: string) => ({ id, secret: secrets.get(id) as string });
  return running(child, {
    port,
    devices: ids.map(login),
    ...(observer ? { observer: login(observer) } : {}),
  });
}

const namesOf = (count: number) => Array.from({ length: count }, (_, index) => `bench-${index + 1}`);

function running(child: ChildProcess, target: Target): RunningServer {
  const { pid } = child;
  return {
    target,
    cpuS() {
      // Fields 14 and 15 of proc(5), counted behind the name in parentheses.
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
    },
    rss() {
      const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      return Number(line?.[1]) * 1024;
    },
    stop: () => stop(child),
  };
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
  for (let attempt = 0; attempt < 50; attempt++) {
    const socket = connect({ port, host: '127.0.0.1' });
    const connected = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
    ]);
    socket.destroy();
    if (connected) return;
    await delay(100);
  }
  throw new Error(`nothing answers on port ${port}`);
}

if (import.meta.main) {
  const aedes = await Aedes.createBroker();
  const server = createServer((socket) => aedes.handle(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  console.log((server.address() as AddressInfo).port);
  process.once('SIGTERM', () => process.exit(0));
}
