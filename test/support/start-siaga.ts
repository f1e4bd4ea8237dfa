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
import { hasLabels, type MetricSample, parseMetrics } from './metric-samples.ts';

const ROOT = join(import.meta.dirname, '../..');
/** A start takes 0.6 s here; a busy machine with two cores gets much more. */
const START_TIMEOUT_MS = 30_000;
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

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningSiaga extends AsyncDisposable {
  readonly pid: number;
  readonly httpUrl: string;
  readonly mqttPort: number;
  /** Log lines so far. */
  readonly logged: readonly Record<string, unknown>[];
  /** kill -9; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Sends the signal; resolves with the end of the process. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
  /** GET of a JSON document. Throws unless it is 200. */
  get<T>(path: string): Promise<T>;
  metrics(): Promise<readonly MetricSample[]>;
  /** Sum of the series of a metric that bear all of these labels; 0 where there is none. */
  metric(name: string, labels?: Environment): Promise<number>;
}

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
}

/** Starts the server and resolves when it is ready. Throws with all it printed when it ends before. */
export async function startSiaga(options: StartOptions): Promise<RunningSiaga> {
  const server = spawnSiaga(options);
  const ready = await server.ready();
  const httpUrl = ready['http'] as string;
  const tcp = (ready['mqtt'] as string[]).find((address) => address.startsWith('tcp:')) as string;
  const fetchOk = async (path: string) => {
    const response = await fetch(httpUrl + path, { headers: { connection: 'close' } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const metrics = async () => parseMetrics(await (await fetchOk('/metrics')).text());
  return {
    pid: server.pid,
    httpUrl,
    mqttPort: Number(new URL(tcp.replace('tcp:', 'http:')).port),
    logged: server.logged,
    stop: (signal = 'SIGTERM') => server.end(signal),
    async kill() {
      await server.end('SIGKILL');
    },
    get: async <T>(path: string) => (await (await fetchOk(path)).json()) as T,
    metrics,
    async metric(name, labels = {}) {
      const samples = (await metrics()).filter((each) => each.name === name && hasLabels(each, labels));
      return samples.reduce((sum, { value }) => sum + value, 0);
    },
    async [Symbol.asyncDispose]() {
      await server.end('SIGKILL');
    },
  };
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
): Promise<Exit> {
  const child = spawnNode([file, ...words], { SIAGA_DATA_DIR: dataDir }, prefix);
  return collect(child, () => undefined);
}

function spawnSiaga({ dataDir, environment = {}, prefix = [] }: StartOptions) {
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
  );
  const logged: Record<string, unknown>[] = [];
  const ready = Promise.withResolvers<Record<string, unknown>>();
  ready.promise.catch(() => undefined);
  const exited = collect(child, (line) => {
    const entry = parseLogLine(line);
    if (!entry) return;
    logged.push(entry);
    if (entry['msg'] === 'Siaga is ready') ready.resolve(entry);
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
    async ready() {
      const ended = exited.then((exit) => {
        throw new Error(`the server ended before it was ready: ${describe(exit)}`);
      });
      return within(Promise.race([ready.promise, ended]), START_TIMEOUT_MS, () => {
        child.kill('SIGKILL');
        return `the server was not ready; it logged ${JSON.stringify(logged)}`;
      });
    },
  };
}

function spawnNode(words: readonly string[], environment: Environment, prefix: readonly string[]): Child {
  const [program, ...rest] = [...prefix, process.execPath, ...words] as [string, ...string[]];
  const child = spawn(program, rest, {
    cwd: ROOT,
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
