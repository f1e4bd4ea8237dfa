/**
 * A real PostgreSQL in a folder of its own, on a Unix socket, for the tests that must hold on both databases.
 *
 * It can be ended as by a crash and started again, and followed by a synchronous standby.
 *
 * Needs `initdb` and `postgres` on the path (or Debian's place for them); `initdb` refuses root, so as root it
 * runs as the user `postgres`. Invariant: nothing listens on TCP, and the folder goes with the server.
 */
import { type ChildProcess, execFileSync, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';

const DEBIAN = '/usr/lib/postgresql';

function findProgram(name: string): string | undefined {
  const debian = spawnSync('ls', [DEBIAN], { encoding: 'utf8' }).stdout?.trim().split('\n').at(-1);
  const places = [...(process.env['PATH'] ?? '').split(':'), ...(debian ? [`${DEBIAN}/${debian}/bin`] : [])];
  return places
    .map((place) => `${place}/${name}`)
    .find((file) => {
      try {
        return readdirSync(file.slice(0, file.lastIndexOf('/'))).includes(name);
      } catch {
        return false; // A folder of the path that does not exist holds no program.
      }
    });
}

/** As root both run as `postgres`. Undefined where that user is missing too. */
function findUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const ids = ['-u', '-g'].map((flag) =>
    spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout?.trim(),
  );
  return ids.every(Boolean) ? { uid: Number(ids[0]), gid: Number(ids[1]) } : undefined;
}

export const hasPostgres =
  findProgram('initdb') !== undefined && (process.getuid?.() !== 0 || findUser() !== undefined);
// A machine that was made for the tests has it: there, missing it is a failure and not a skip.
if (!hasPostgres && process.env['CI'] === 'true') throw new Error('PostgreSQL is not installed');

export interface RunningPostgres extends AsyncDisposable {
  readonly url: string;
  /** Ends at once, as by a crash: what was committed is there after `restart`. */
  crash(): Promise<void>;
  restart(): Promise<void>;
  /** A second server that follows this one, under this name; commits wait for it where it is asked for. */
  startStandby(name: string): Promise<RunningPostgres>;
}

/** `fsync` only where its cost is measured. */
export async function startPostgres({ fsync = false } = {}): Promise<RunningPostgres> {
  const [initdb, postgres, user] = [findProgram('initdb'), findProgram('postgres'), findUser()];
  if (!initdb || !postgres) throw new Error('PostgreSQL is not installed');
  const folder = mkdtempSync(`${tmpdir()}/siaga-pg-`);
  if (user) chownSync(folder, user.uid, user.gid);
  const options = { ...user, cwd: folder };
  const serverOptions = { postgres, folder, options, fsync };
  execFileSync(
    initdb,
    ['-D', `${folder}/data`, '-U', 'siaga', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    options,
  );
  return runServer(serverOptions);
}

interface ServerOptions {
  readonly postgres: string;
  readonly folder: string;
  readonly options: SpawnOptions;
  readonly fsync: boolean;
}

async function runServer({ postgres, folder, options, fsync }: ServerOptions): Promise<RunningPostgres> {
  const settings = [
    'listen_addresses=',
    `unix_socket_directories=${folder}`,
    `fsync=${fsync ? 'on' : 'off'}`,
  ];
  const words = ['-D', `${folder}/data`, ...settings.flatMap((each) => ['-c', each])];
  const run = async () => {
    const started = spawn(postgres, words, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
    await untilReady(started);
    return started;
  };
  let server = await run();
  const end = async (signal: NodeJS.Signals) => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const exit = once(server, 'exit');
    server.kill(signal);
    await exit;
  };
  return {
    url: `postgres://siaga@${encodeURIComponent(folder)}/postgres`,
    crash: () => end('SIGQUIT'),
    async restart() {
      server = await run();
    },
    async startStandby(name) {
      const standby = mkdtempSync(`${tmpdir()}/siaga-pg-`);
      const { uid, gid } = options;
      if (uid !== undefined && gid !== undefined) chownSync(standby, uid, gid);
      const copy = findProgram('pg_basebackup') as string;
      const from = `host=${folder} user=siaga application_name=${name}`;
      execFileSync(copy, ['-d', from, '-D', `${standby}/data`, '-R', '-c', 'fast', '--no-sync'], {
        ...options,
        stdio: 'ignore',
      });
      return runServer({ postgres, folder: standby, options: { ...options, cwd: standby }, fsync });
    },
    async [Symbol.asyncDispose]() {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(server: ChildProcess): Promise<void> {
  const said: string[] = [];
  if (server.stderr) {
    for await (const line of createInterface({ input: server.stderr })) {
      said.push(line);
      // A standby says `read-only connections`.
      if (/ready to accept (read-only )?connections/.test(line)) {
        server.stderr.resume();
        return;
      }
    }
  }
  throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`);
}
