/**
 * A real Node-RED of its own for a test: in a temporary folder, without editor and without a port.
 *
 * It stands in clients/node-red, so that nobody installs it to run Siaga. Invariant: nothing of it is left when it is
 * disposed of; where it is not installed the tests skip with a clear message, and fail instead when CI=true.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '../../clients/node-red/node_modules/node-red/red.js');

/**
 * Neither editor nor HTTP nodes: then it listens on no port. It asks nobody for news, and tells nobody that it runs.
 */
const SETTINGS = {
  ...{ httpAdminRoot: false, httpNodeRoot: false, flowFile: 'flows.json', credentialSecret: false },
  ...{ telemetry: { enabled: false, updateNotification: false } },
  externalModules: { autoInstall: false, palette: { allowInstall: false }, modules: { allowInstall: false } },
};

export interface NodeRed extends AsyncDisposable {
  /** What it printed. */
  said(): string;
  /** Ends it without a word, as a power cut does. */
  kill(): Promise<void>;
}

/** Undefined when it can run here, else why these tests are skipped. Throws when CI=true. */
export function nodeRedMissing(): string | undefined {
  if (existsSync(PROGRAM)) return undefined;
  const reason = 'no Node-RED here: npm ci --prefix clients/node-red --ignore-scripts';
  if (process.env['CI'] === 'true') throw new Error(reason);
  console.warn(`skipped: ${reason}`);
  return reason;
}

/** `credentials`: of nodes by their id. Resolves when the process has begun; what its flow does is awaited outside. */
export async function startNodeRed(
  flow: readonly object[],
  credentials: Readonly<Record<string, object>>,
): Promise<NodeRed> {
  const folder = await mkdtemp(join(tmpdir(), 'siaga-node-red-'));
  await writeFile(join(folder, 'settings.js'), `module.exports = ${JSON.stringify(SETTINGS)};\n`);
  await writeFile(join(folder, 'flows.json'), JSON.stringify(flow));
  await writeFile(join(folder, 'flows_cred.json'), JSON.stringify(credentials));
  const words = [PROGRAM, '--userDir', folder, '--settings', join(folder, 'settings.js')];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  let said = '';
  const listen = (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-20_000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    said: () => said,
    kill,
    async [Symbol.asyncDispose]() {
      await kill();
      process.removeListener('exit', killAtExit);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
