/**
 * `npm run sim -- city | replay | load`: the process around the simulated devices.
 *
 * Reads the words, runs the command, ends on Ctrl-C. Invariant: a second Ctrl-C ends at once; a wrong word
 * is answered with every problem and exit code 2, a run that failed with one line and exit code 1.
 */
import { loadCity } from '../cities/city.ts';
import { startCity } from './city-run.ts';
import { realClock } from './clock.ts';
import { readCredentials } from './credentials.ts';
import type { FleetRun } from './fleet-run.ts';
import { HELP } from './help.ts';
import { type CityCommand, isCommandName, OptionsError, parseOptions } from './options.ts';
import { describeAccount, describeTotals, keepShowingProgress } from './progress.ts';
import { createTotals } from './totals.ts';

/** Outstanding PUBACKs are awaited for this long at the end. */
const FINISH_MS = 1_500;

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
    case 'city':
      return runCity(parseOptions('city', rest));
    default:
      return 1;
  }
}

async function runCity(command: CityCommand): Promise<number> {
  const totals = createTotals();
  const kinds = [
    ...(command.rivers ? (['river-gauge'] as const) : []),
    ...(command.wifi ? (['wifi-access-point'] as const) : []),
    ...(command.ambulances ? (['ambulance'] as const) : []),
  ];
  const run = startCity(
    {
      city: loadCity(command.city),
      url: command.url,
      credentials: command.credentials ? readCredentials(command.credentials) : new Map(),
      seed: command.seed,
      speed: command.speed,
      kinds: new Set(kinds),
      faults: command.faults,
      noAckChance: command['no-ack-rate'],
      refuseChance: command['refuse-rate'],
      ownCases: !command.dispatch,
    },
    realClock,
    totals,
  );
  console.log(
    `${totals.devices} devices of ${command.city} → ${command.url}; seed ${command.seed}, story ×${run.speed}`,
  );
  for (const line of run.faultLines) console.log(`fault ${line}`);
  const line = () =>
    [describeTotals(totals, run.fleet.unacknowledged()), run.describeStory(realClock.now())]
      .filter(Boolean)
      .join(' · ');
  const progress = keepShowingProgress(line, process.stdout, realClock);
  await endOf(command.duration);
  progress.stop();
  await finish(run.fleet);
  console.log(describeAccount(totals, run.fleet.unacknowledged()));
  return 0;
}

/** Resolves at Ctrl-C, at SIGTERM, or after `durationS`. */
function endOf(durationS: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (durationS !== undefined) setTimeout(resolve, durationS * 1000).unref();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        resolve();
      });
    }
  });
}

async function finish(fleet: FleetRun): Promise<void> {
  await fleet.finish(FINISH_MS);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const wrongWords = error instanceof OptionsError;
  console.error(wrongWords ? `wrong options:\n${error.message}` : (error as Error).message);
  process.exitCode = wrongWords ? 2 : 1;
}
