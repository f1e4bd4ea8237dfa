/**
 * A real influxd of its own for a test: in a temporary folder, on a port that the system chose.
 *
 * Invariant: nothing of it is left after `stop` or `wipe` of the last server; a machine without influxd skips
 * with a clear message, and fails instead when CI=true, so that CI cannot lose these tests without a word.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BINARY = process.env['SIAGA_TEST_INFLUXD'] ?? 'influxd';
/** A start takes some 300 ms here; a busy machine gets a hundred times that. */
const START_TIMEOUT_MS = 30_000;

export interface Influxd extends AsyncDisposable {
  readonly url: string;
  readonly pid: number | undefined;
  /** Where it stands; its data are in `disk` below. */
  readonly folder: string;
  /** kill -9, as a power cut does it. The data stay. */
  kill(): Promise<void>;
  /** Starts again on the same port. */
  start(): Promise<void>;
  /** Deletes all data. Only while it is killed. */
  wipe(): Promise<void>;
}

/** Undefined when influxd can run here, else why these tests are skipped. Throws when CI=true. */
export function influxdMissing(): string | undefined {
  const found = spawnSync(BINARY, ['version'], { encoding: 'utf8' });
  if (found.status === 0) return undefined;
  const reason = `no ${BINARY} here: install it (Debian: apt-get install influxdb) to run these tests`;
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

/** `before`: words before its command, by its folder, as those of a small disk on `disk` in it. */
export async function startInfluxd(
  before: (folder: string) => readonly string[] = () => [],
): Promise<Influxd> {
  const folder = await mkdtemp(join(tmpdir(), 'siaga-influxd-'));
  const [httpPort, rpcPort] = await Promise.all([freePort(), freePort()]);
  const configFile = join(folder, 'influxd.conf');
  const disk = join(folder, 'disk');
  await mkdir(disk);
  await writeFile(configFile, configuration(disk, httpPort, rpcPort));
  const url = `http://127.0.0.1:${httpPort}`;
  let child: ChildProcess | undefined;
  const start = async () => {
    const [program, ...words] = [...before(folder), BINARY, '-config', configFile];
    child = spawn(program as string, words, { stdio: 'ignore' });
    await answering(url, child);
  };
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  await start();
  return {
    url,
    folder,
    get pid() {
      return child?.pid;
    },
    start,
    kill,
    async wipe() {
      await Promise.all(
        ['meta', 'data', 'wal'].map((each) => rm(join(disk, each), { recursive: true, force: true })),
      );
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, httpPort: number, rpcPort: number): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${httpPort}"
  log-enabled = false
[logging]
  level = "error"
`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`influxd ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/ping`).catch(() => undefined);
    if (answer?.status === 204) return;
    await delay(50);
  }
  throw new Error(`influxd did not answer within ${START_TIMEOUT_MS} ms`);
}
