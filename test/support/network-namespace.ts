/**
 * A network namespace of its own for a server of a test: one cable leads out of it, and can be pulled.
 *
 * What is pulled is silent: no packet goes, and nobody is told. Devices reach what runs inside over a Unix socket,
 * which no cable carries. Needs `ip` and leave to use it. Invariant: namespace, cable and doors are gone with it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { RawMqttClient } from './raw-mqtt-client.ts';

const DOOR = join(import.meta.dirname, 'namespace-door.child.ts');

const ip = (...words: string[]) => spawnSync('ip', words, { encoding: 'utf8' });
function mustIp(...words: string[]): void {
  const { status, stderr, error } = ip(...words);
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** Why there can be none here; undefined where there can. */
export function findNamespaceProblem(): string | undefined {
  const name = `siaga-try-${process.pid}`;
  const { status, stderr, error } = ip('netns', 'add', name);
  if (status !== 0) return error?.message ?? stderr.trim();
  mustIp('netns', 'del', name);
  return undefined;
}

export interface NetworkNamespace extends AsyncDisposable {
  /** Words before a command that is to run inside. */
  readonly prefix: readonly string[];
  /** This machine's end of the cable: what listens there is reached from inside. */
  readonly outside: string;
  pull(): void;
  plug(): void;
  /** A client of a port inside, by a way that is not the cable. `folder` takes the socket. */
  dial(port: number, folder: string): Promise<RawMqttClient>;
}

export function openNetworkNamespace(): NetworkNamespace {
  const name = `siaga-${process.pid}`;
  const [near, far] = [`sg${process.pid}a`, `sg${process.pid}b`];
  // Of 198.18.0.0/15, which is for tests of networks [RFC 2544]; one /30 a process.
  const at = (process.pid % 16_384) * 4;
  const address = (host: number) => `198.18.${(at + host) >> 8}.${(at + host) & 0xff}`;
  const [outside, inside] = [address(1), address(2)];
  const doors = new Set<ChildProcess>();
  const close = () => {
    for (const door of doors) door.kill('SIGKILL');
    ip('link', 'del', near);
    ip('netns', 'del', name);
  };
  try {
    mustIp('netns', 'add', name);
    mustIp('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name);
    mustIp('addr', 'add', `${outside}/30`, 'dev', near);
    mustIp('link', 'set', near, 'up');
    for (const words of [`addr add ${inside}/30 dev ${far}`, `link set ${far} up`, 'link set lo up'])
      mustIp('-n', name, ...words.split(' '));
  } catch (error) {
    close();
    throw error;
  }
  const prefix = ['ip', 'netns', 'exec', name];
  return {
    ...{ prefix, outside },
    pull: () => mustIp('link', 'set', near, 'down'),
    plug: () => mustIp('link', 'set', near, 'up'),
    async dial(port, folder) {
      const path = join(folder, `door-${doors.size}`);
      const words = [...prefix, process.execPath, DOOR, path, String(port)];
      const door = spawn(words[0] as string, words.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
      doors.add(door);
      await once(door.stdout as NodeJS.ReadableStream, 'data');
      const socket = connect(path);
      await once(socket, 'connect');
      return new RawMqttClient(socket);
    },
    async [Symbol.asyncDispose]() {
      close();
      await Promise.all([...doors].map((door) => door.exitCode ?? door.signalCode ?? once(door, 'close')));
    },
  };
}
