/**
 * `npm start`, `npm run demo` as a person or a supervisor runs them: npm, its shell and the program behind it.
 *
 * Every process that descends from it is known by the data folder in its environment (Linux only). Invariant: none
 * of them outlives the test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface NpmRun extends AsyncDisposable {
  readonly npm: ChildProcess & { readonly pid: number };
  /** Everything printed so far. */
  readonly printed: string;
  /** Resolves when all of this has been printed. */
  says(words: string): Promise<void>;
  /** The end of npm; the pipes are closed, so nobody who had them is left. */
  readonly closed: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Processes that still run. */
  processes(): number[];
}

export function npmRun(words: readonly string[], dataDir: string, environment = {}): NpmRun {
  const npm = spawn('npm', words, {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'] ?? '',
      SIAGA_DATA_DIR: dataDir,
      npm_config_cache: `${dataDir}/npm`,
      npm_config_update_notifier: 'false',
      ...environment,
    },
    // A process group of its own, as a terminal gives to each command.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const closed = once(npm, 'close').then(([code, signal]) => ({ code, signal }));
  return {
    npm: npm as NpmRun['npm'],
    get printed() {
      return printed;
    },
    closed,
    processes: () => processesOf(dataDir),
    async says(sought) {
      await eventually(() => {
        if (!printed.includes(sought)) throw new Error(`it has not said "${sought}" but:\n${printed}`);
      }, 60_000);
    },
    async [Symbol.asyncDispose]() {
      for (const pid of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
      await closed;
    },
  };
}

function processesOf(dataDir: string): number[] {
  const sought = `SIAGA_DATA_DIR=${dataDir}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && readEnvironment(name).includes(sought))
    .map(Number);
}

/** Empty where it has ended meanwhile, or is not ours. */
function readEnvironment(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
