/**
 * A real PostgreSQL in a folder of its own, on a Unix socket, for the tests that must hold on both databases.
 *
 * Needs `initdb` and `postgres` on the path (or Debian's place for them); `initdb` refuses root, so as root it
 * runs as the user `postgres`. Invariant: nothing listens on TCP, and the folder goes with the server.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
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

export async function startPostgres(): Promise<{ url: string } & AsyncDisposable> {
  const [initdb, postgres, user] = [findProgram('initdb'), findProgram('postgres'), findUser()];
  if (!initdb || !postgres) throw new Error('PostgreSQL is not installed');
  const folder = mkdtempSync(`${tmpdir()}/siaga-pg-`);
  if (user) chownSync(folder, user.uid, user.gid);
  const options = { ...user, cwd: folder };
  execFileSync(
    initdb,
    ['-D', `${folder}/data`, '-U', 'siaga', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    options,
  );
  const settings = ['listen_addresses=', `unix_socket_directories=${folder}`, 'fsync=off'];
  const server = spawn(postgres, ['-D', `${folder}/data`, ...settings.flatMap((each) => ['-c', each])], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await untilReady(server);
  return {
    url: `postgres://siaga@${encodeURIComponent(folder)}/postgres`,
    async [Symbol.asyncDispose]() {
      const exit = once(server, 'exit');
      server.kill('SIGINT');
      await exit;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(server: ChildProcess): Promise<void> {
  const said: string[] = [];
  if (server.stderr) {
    for await (const line of createInterface({ input: server.stderr })) {
      said.push(line);
      if (line.includes('ready to accept connections')) {
        server.stderr.resume();
        return;
      }
    }
  }
  throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`);
}
