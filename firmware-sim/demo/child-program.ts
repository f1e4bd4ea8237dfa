/**
 * A program that the demo started, and its end: asked, then told, then killed, within a given time.
 *
 * Children are in process groups of their own, so that Ctrl-C reaches the demo alone and it can end them in
 * order: devices first, so that the server still acknowledges their last words. Invariant: if the demo dies,
 * however suddenly, its children end too (end-with-parent.ts).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from './demo-environment.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
const END_WITH_PARENT = new URL('./end-with-parent.ts', import.meta.url).href;

export interface ChildProgram {
  /** Resolves with the exit code, or with the signal's name. */
  readonly ended: Promise<number | string>;
  readonly running: boolean;
  /** Asks it to end, and kills it when it has not after `boundMs`. */
  end(boundMs: number): Promise<number | string>;
}

/** `script` is a path in the project; its standard output is shown ('inherit') or kept in a file (its descriptor);
 * what it says on standard error concerns the person in front. */
export function startProgram(
  script: string,
  words: readonly string[],
  environment: Environment,
  output: 'inherit' | number,
): ChildProgram {
  const child = spawn(process.execPath, ['--import', END_WITH_PARENT, `${PROJECT}/${script}`, ...words], {
    env: environment,
    detached: true,
    stdio: ['ignore', output, 'inherit', 'ipc'],
  });
  const ended = endOf(child);
  return {
    ended,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    async end(boundMs) {
      child.kill('SIGTERM');
      const bound = new AbortController();
      const outcome = await Promise.race([ended, delay(boundMs, undefined, { signal: bound.signal })]);
      bound.abort();
      if (outcome !== undefined) return outcome;
      child.kill('SIGKILL');
      return ended;
    },
  };
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolveOutcome) => {
    child.once('error', (error) => resolveOutcome(error.message));
    child.once('exit', (code, signal) => resolveOutcome(code ?? signal ?? 'unknown'));
  });
}
