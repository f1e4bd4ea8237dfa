/**
 * The real server as a process of its own: `node start.js` on ports that the system chose, in a temporary data
 * folder, with an environment that holds nothing but what a test says.
 *
 * Stands at the front of every e2e test. Invariant: no process and no folder outlives its test, also where the
 * test fails or its runner ends; what the server printed is at hand and is shown when it does not start.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { asRunning, type Exit, type RunningSiaga } from './running-siaga.ts';

const ROOT = join(import.meta.dirname, '../..');
/** A start takes 0.6 s here; a busy machine with two cores gets much more. */
const START_TIMEOUT_MS = 60_000;
/** Longer than start.js allows itself for closing. */
const EXIT_TIMEOUT_MS = 20_000;

type Child = ChildProcessByStdio<null, Readable, Readable>;
type Environment = Readonly<Record<string, string>>;

const alive = new Set<Child>();
const folders = new Set<string>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export type { Exit, RunningSiaga } from './running-siaga.ts';

export interface DataFolder extends AsyncDisposable {
  readonly path: string;
}

export async function createDataFolder(): Promise<DataFolder> {
  const path = await mkdtemp(join(tmpdir(), 'siaga-e2e-'));
  folders.add(path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
      folders.delete(path);
    },
  };
}

export interface StartOptions {
  readonly dataDir: string;
  readonly environment?: Environment;
  /** Words before `node start.js`, such as a shell that arranges something; it must `exec` the rest. */
  readonly prefix?: readonly string[];
  /** Where the code stands that is run; this repository where absent. */
  readonly code?: string;
}

/** Starts the server and resolves when it is ready. Throws with all it printed when it ends before. */
export async function startSiaga(options: StartOptions): Promise<RunningSiaga> {
  const server = spawnSiaga(options);
  return asRunning(server, await server.logs('Siaga is ready'));
}

export interface StandbySiaga extends AsyncDisposable {
  readonly pid: number;
  /** Where it says what it waits for. */
  readonly httpUrl: string;
  /** Where it takes devices for the owner, by listener; none where it listens to nobody. */
  readonly mqttPorts: Readonly<Record<string, number>>;
  readonly logged: readonly Record<string, unknown>[];
  /** Resolves when it has become the owner and is ready. */
  ready(): Promise<RunningSiaga>;
  stop(signal?: NodeJS.Signals): Promise<Exit>;
}

/** Starts a server beside another one on the same database; resolves when it stands by. */
export async function startStandby(options: StartOptions): Promise<StandbySiaga> {
  const server = spawnSiaga(options);
  const standing = await server.logs('Siaga stands by');
  return {
    pid: server.pid,
    httpUrl: standing['http'] as string,
    mqttPorts: readPorts((standing['mqtt'] ?? []) as string[]),
    logged: server.logged,
    ready: async () => asRunning(server, await server.logs('Siaga is ready')),
    stop: (signal = 'SIGTERM') => server.end(signal),
    async [Symbol.asyncDispose]() {
      await server.end('SIGKILL');
    },
  };
}

/** `tcp://127.0.0.1:1883` as `tcp` and 1883. */
function readPorts(addresses: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    addresses.map((each) => [each.split(':')[0] as string, Number(each.split(':').at(-1))]),
  );
}

/** Runs the server where it is expected to end by itself. */
export async function runSiaga(options: StartOptions): Promise<Exit> {
  return spawnSiaga(options).exited;
}

/** Starts the server and kills it after this time, whatever it is doing then. */
export async function startAndKill(options: StartOptions, afterMs: number): Promise<void> {
  const server = spawnSiaga(options);
  setTimeout(() => server.end('SIGKILL'), afterMs);
  await server.exited;
}

/** Runs one of our command lines, such as `broker/credentials/cli.ts`, to its end. */
export async function runCommand(
  file: string,
  words: readonly string[],
  dataDir: string,
  prefix: readonly string[] = [],
  code = ROOT,
): Promise<Exit> {
  const child = spawnNode([file, ...words], { SIAGA_DATA_DIR: dataDir }, prefix, code);
  return collect(child, () => undefined);
}

function spawnSiaga({ dataDir, environment = {}, prefix = [], code = ROOT }: StartOptions) {
  const child = spawnNode(
    ['start.js'],
    {
      SIAGA_DATA_DIR: dataDir,
      HTTP_PORT: '0',
      MQTT_PORT: '0',
      MQTT_AUTH: 'false',
      API_AUTH: 'false',
      ...environment,
    },
    prefix,
    code,
  );
  const logged: Record<string, unknown>[] = [];
  const waiting = new Map<string, (entry: Record<string, unknown>) => void>();
  const exited = collect(child, (line) => {
    const entry = parseLogLine(line);
    if (!entry) return;
    logged.push(entry);
    waiting.get(entry['msg'] as string)?.(entry);
  });
  const end = async (signal: NodeJS.Signals): Promise<Exit> => {
    child.kill(signal);
    return within(exited, EXIT_TIMEOUT_MS, () => {
      child.kill('SIGKILL');
      return `the server did not end on ${signal}`;
    });
  };
  return {
    pid: child.pid as number,
    logged,
    exited,
    end,
    /** The line of the log with these words, also one of before. */
    async logs(words: string) {
      const ended = exited.then((exit) => {
        throw new Error(`the server ended before it said "${words}": ${describe(exit)}`);
      });
      ended.catch(() => undefined);
      const said = new Promise<Record<string, unknown>>((resolve) => {
        const before = logged.find((entry) => entry['msg'] === words);
        if (before) resolve(before);
        else waiting.set(words, resolve);
      });
      return within(Promise.race([said, ended]), START_TIMEOUT_MS, () => {
        child.kill('SIGKILL');
        return `the server did not say "${words}"; it logged ${JSON.stringify(logged)}`;
      });
    },
  };
}

function spawnNode(
  words: readonly string[],
  environment: Environment,
  prefix: readonly string[],
  code: string,
): Child {
  const [program, ...rest] = [...prefix, process.execPath, ...words] as [string, ...string[]];
  const child = spawn(program, rest, {
    cwd: code,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  alive.add(child);
  return child;
}

/** The end of a process and all it printed; each line of its standard output is told at once. */
async function collect(child: Child, onLine: (line: string) => void): Promise<Exit> {
  let stdout = '';
  let stderr = '';
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const lines = (rest + text).split('\n');
    rest = lines.pop() as string;
    for (const line of lines) onLine(line);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  alive.delete(child);
  return { code, signal, stdout, stderr };
}

function parseLogLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function describe({ code, signal, stdout, stderr }: Exit): string {
  return `code ${code}, signal ${signal}\n${stderr}\n${stdout}`;
}

async function within<T>(work: Promise<T>, limitMs: number, onLate: () => string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(onLate())), limitMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
