/**
 * `sim city`: runs the simulated city until it is told to end, with its progress line and closing account.
 *
 * Invariant: whatever happened on the way, the last line accounts for every message.
 */

import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type City, cityPlacesOf, loadCity } from '../../cities/city.ts';
import { ambulance } from '../../devices/kinds/ambulance.ts';
import { hospital } from '../../devices/kinds/hospital.ts';
import { riverGauge } from '../../devices/kinds/river-gauge.ts';
import { wifiAccessPoint } from '../../devices/kinds/wifi-access-point.ts';
import { formatChapter, keepTellingChapters } from '../chapters.ts';
import { type CityRun, startCity } from '../city-run.ts';
import { realClock } from '../clock.ts';
import { type Chapter, openControl } from '../control/control-server.ts';
import { readCredentials } from '../credentials.ts';
import { Dispatcher, describeDispatcher } from '../dispatcher/dispatcher.ts';
import { createIncidentStream, withFirstEmergency } from '../dispatcher/incident-stream.ts';
import { createSiagaApi } from '../dispatcher/siaga-api.ts';
import type { CityCommand } from '../options.ts';
import { describeAccount, describeTotals, keepShowingProgress } from '../progress.ts';
import { createRandom } from '../random.ts';
import { createTotals } from '../totals.ts';

/** Outstanding PUBACKs are awaited for this long at the end. */
export const FINISH_MS = 1_500;
/** Soon enough to be seen by whoever has just opened the pages, and before the rain. */
const FIRST_CALL_AFTER_MS = 20_000;

export async function runCityCommand(command: CityCommand, ending: Promise<void>): Promise<number> {
  const totals = createTotals();
  const without = new Set<string>();
  if (!command.rivers) without.add(riverGauge.name);
  if (!command.wifi) without.add(wifiAccessPoint.name);
  if (!command.ambulances) without.add(ambulance.name);
  if (!command.hospitals) without.add(hospital.name);
  const simulated = loadCity(command.city, cityPlacesOf(process.env));
  const run = startCity(
    {
      city: simulated,
      url: command.url,
      credentials: command.credentials ? readCredentials(command.credentials) : new Map(),
      seed: command.seed,
      speed: command.speed,
      without,
      faults: command.faults,
      formats: command.formats,
      silentChance: command['silent-rate'],
      refuseChance: command['refuse-rate'],
      ownCases: !command.dispatch,
    },
    realClock,
    totals,
  );
  const { fleet } = run;
  const { city, url, seed } = command;
  console.log(`${totals.devices} devices of ${city} → ${url}; seed ${seed}, story ×${run.speed}`);
  for (const line of run.faultLines) console.log(`fault ${line}`);
  const dispatcher = command.dispatch ? openDispatcher(simulated, command) : undefined;
  const describe = () =>
    [
      describeTotals(totals, fleet.unacknowledged()),
      run.describeStory(realClock.now()),
      dispatcher && describeDispatcher(dispatcher),
    ].filter(Boolean);
  const progress = keepShowingProgress(() => describe().join(' · '), process.stdout, realClock);
  const chapters: Chapter[] = [];
  const stopTelling = keepTellingChapters(
    { city: simulated, clock: realClock, storyOf: run.storyOf, activeCuts: fleet.activeCuts, dispatcher },
    (at, text) => {
      chapters.push({ at, ...text });
      progress.say(formatChapter(at, text));
    },
  );
  await using _control = await openDemoControl(command.control, run, chapters, progress.say);
  await ending;
  stopTelling();
  progress.stop();
  await Promise.race([dispatcher?.stop(), delay(FINISH_MS / 3, undefined, { ref: false })]);
  await fleet.finish(FINISH_MS);
  console.log(describeAccount(totals, fleet.unacknowledged()));
  if (dispatcher) console.log(describeDispatcher(dispatcher));
  return 0;
}

/** A port that is taken is no reason to have no city: then it is a sentence. */
async function openDemoControl(
  port: number | undefined,
  { story, storyOf, sendFlood }: CityRun,
  chapters: readonly Chapter[],
  say: (line: string) => void,
): Promise<AsyncDisposable | undefined> {
  if (port === undefined) return undefined;
  const now = realClock.now;
  try {
    return await openControl(port, {
      state: () => ({ chapters, pace: story.pace, canFlood: storyOf(now())?.phase === 'calm' }),
      setPace: (pace) => story.setPace(pace, now()),
      sendFlood: () => sendFlood(now()),
    });
  } catch (error) {
    say(`no control page: ${(error as Error).message}`);
    return undefined;
  }
}

function openDispatcher(city: City, command: CityCommand): Dispatcher {
  const tokenFile = command['token-file'];
  const token = tokenFile === undefined ? undefined : readFileSync(tokenFile, 'utf8').trim();
  const random = createRandom(command.seed, 'calls');
  return Dispatcher.start({
    api: createSiagaApi(command.api, token),
    nextCall: withFirstEmergency(
      createIncidentStream(city, command['incidents-per-hour'], random),
      FIRST_CALL_AFTER_MS,
    ),
    clock: realClock,
    run: realClock.now().toString(36),
  });
}
