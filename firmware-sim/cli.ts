/**
 * `npm run sim -- city | replay | load`: the process around the simulated devices.
 *
 * Reads the words, runs the command, ends on Ctrl-C. Invariant: a second Ctrl-C ends at once; a wrong word
 * is answered with every problem and exit code 2, a run that failed with one line and exit code 1.
 */

import { runCityCommand } from './commands/city-command.ts';
import { runLoadCommand } from './commands/load-command.ts';
import { runReplayCommand } from './commands/replay-command.ts';
import { HELP } from './help.ts';
import { isCommandName, parseOptions } from './options.ts';
import { runProgram } from './run-program.ts';

/** ms. One Ctrl-C comes twice: the terminal sends it to all who run in it, and npm hands its own on. */
const SAME_KEY_MS = 500;

async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = words;
  if (!isCommandName(name)) {
    const asked = name === undefined || name === '--help' || name === 'help';
    console.log(asked ? HELP.overview : `${name}: no such command\n\n${HELP.overview}`);
    return asked ? 0 : 2;
  }
  if (rest.includes('--help')) {
    console.log(HELP[name]);
    return 0;
  }
  switch (name) {
    case 'city': {
      const command = parseOptions('city', rest);
      return runCityCommand(command, endOf(command.duration));
    }
    case 'replay':
      return runReplayCommand(parseOptions('replay', rest), endOf(undefined));
    case 'load':
      return runLoadCommand(parseOptions('load', rest), endOf(undefined));
  }
}

/** Resolves at Ctrl-C, at SIGTERM, or after `durationS`. */
function endOf(durationS: number | undefined): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = durationS === undefined ? undefined : setTimeout(resolve, durationS * 1000);
  let toldAtMs: number | undefined;
  const end = () => {
    if (toldAtMs === undefined) toldAtMs = performance.now();
    else if (performance.now() - toldAtMs > SAME_KEY_MS) process.exit(130);
    clearTimeout(timer);
    resolve();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  return promise;
}

// It has nobody to show its city to any more: `… | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
await runProgram(main);
