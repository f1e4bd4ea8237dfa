/**
 * A real RabbitMQ of its own for a test, with its MQTT plugin and quorum queues: in a temporary folder, on ports that
 * the system chose, with a name server (epmd) of its own.
 *
 * Invariant: nothing of it is left when it is disposed of; a machine without it skips with a clear message, and fails
 * instead when CI=true, so that CI cannot lose these tests without a word.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** Debian's; the one on the PATH wants to be another user. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
/** It takes 13 s on two busy cores. */
const START_LIMIT_MS = 120_000;
/** Its own, which it takes from this machine alone. */
export const RABBITMQ_LOGIN = { username: 'guest', password: 'guest' };

export interface Rabbitmq extends AsyncDisposable {
  readonly port: number;
  /** kill -9, and a new start on the same folder and port. */
  killAndStart(): Promise<void>;
}

/** Undefined when it can run here, else why these tests are skipped. Throws when CI=true. */
export function rabbitmqMissing(): string | undefined {
  if (existsSync(SERVER)) return undefined;
  const reason = 'no RabbitMQ here: install it (Debian: apt-get install rabbitmq-server) to run these tests';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

export async function startRabbitmq(): Promise<Rabbitmq> {
  const folder = await mkdtemp(join(tmpdir(), 'siaga-rabbitmq-'));
  const [port, distributionPort, namesPort] = [await freePort(), await freePort(), await freePort()];
  const environment = await prepare(folder, port);
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', HOME: folder, ...environment },
    ...{ RABBITMQ_DIST_PORT: String(distributionPort), ERL_EPMD_PORT: String(namesPort) },
    ERL_EPMD_ADDRESS: '127.0.0.1',
  };
  const names = spawn('epmd', ['-address', '127.0.0.1', '-port', String(namesPort)], { stdio: 'ignore' });
  let server = await startServer(env, port);
  const killAll = () => {
    killGroup(server);
    names.kill('SIGKILL');
  };
  process.once('exit', killAll);
  const end = async () => {
    const exited = once(server, 'exit');
    killGroup(server);
    await exited;
  };
  return {
    port,
    async killAndStart() {
      await end();
      server = await startServer(env, port);
    },
    async [Symbol.asyncDispose]() {
      await end();
      killAll();
      process.removeListener('exit', killAll);
      await rm(folder, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** Its files, and the environment that names them. */
async function prepare(folder: string, port: number): Promise<Record<string, string>> {
  const lines = [
    'listeners.tcp = none',
    `mqtt.listeners.tcp.1 = 127.0.0.1:${port}`,
    'mqtt.durable_queue_type = quorum',
    'mqtt.subscription_ttl = undefined',
  ];
  const plugins = join(folder, 'enabled_plugins');
  await mkdir(join(folder, 'log'));
  await writeFile(join(folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`);
  await writeFile(plugins, '[rabbitmq_mqtt].\n');
  return {
    RABBITMQ_NODENAME: 'siaga@localhost',
    RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
    RABBITMQ_ENABLED_PLUGINS_FILE: plugins,
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
  };
}

/** In a group of its own: its scripts start its machine, and that more. */
async function startServer(env: Record<string, string>, port: number): Promise<ChildProcess> {
  const child = spawn(SERVER, [], { env, stdio: 'ignore', detached: true });
  try {
    await eventually(async () => {
      const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
        ...RABBITMQ_LOGIN,
        reconnectPeriod: 0,
      });
      await client.endAsync();
    }, START_LIMIT_MS);
  } catch (error) {
    killGroup(child);
    throw error;
  }
  return child;
}

function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
}
