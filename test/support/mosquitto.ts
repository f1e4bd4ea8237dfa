/**
 * A real Mosquitto of its own for a test: in a temporary folder, on a port that the system chose.
 *
 * Invariant: nothing of it is left when it is disposed of; a machine without mosquitto skips with a clear message, and
 * fails instead when CI=true, so that CI cannot lose these tests without a word.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { connectTcp } from './raw-mqtt-client.ts';

/** Debian puts it where not every PATH looks. */
const BINARIES = ['mosquitto', '/usr/sbin/mosquitto'];

export interface Mosquitto extends AsyncDisposable {
  readonly port: number;
  readonly folder: string;
}

/** Undefined when it can run here, else why these tests are skipped. Throws when CI=true. */
export function mosquittoMissing(): string | undefined {
  if (binary() !== undefined) return undefined;
  const reason = 'no mosquitto here: install it (Debian: apt-get install mosquitto) to run these tests';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

function binary(): string | undefined {
  // It answers `-h` with 3.
  return BINARIES.find((each) => spawnSync(each, ['-h'], { encoding: 'utf8' }).error === undefined);
}

/** `more` are further lines of its configuration, such as those of a bridge. */
export async function startMosquitto(more: readonly string[] = []): Promise<Mosquitto> {
  const folder = await mkdtemp(join(tmpdir(), 'siaga-mosquitto-'));
  const port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  const lines = [`listener ${port} 127.0.0.1`, 'allow_anonymous true', 'max_queued_messages 100000', ...more];
  // As root it would change its user and could not read the folder.
  await writeFile(config, `${[...lines, 'user root'].join('\n')}\n`);
  const child = spawn(binary() as string, ['-c', config], { stdio: 'ignore' });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  await eventually(async () => (await connectTcp(port)).destroy());
  return {
    port,
    folder,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      process.removeListener('exit', killAtExit);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
