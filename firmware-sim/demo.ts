/**
 * `npm run demo`: the server and a simulated city in one command, on an empty machine.
 *
 *   ports free? → credentials → start.js → /readyz → sim city → Ctrl-C → sim ends → server ends
 *
 * Words after `--` go to `sim city`. Invariant: whatever fails, one clear line says so, nothing that it
 * started stays behind, and Ctrl-C ends all of it within three seconds.
 */

import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { cityPlacesOf, loadCity } from '../cities/city.ts';
import { isAmbulance } from '../devices/kinds/ambulance.ts';
import { type ChildProgram, startProgram } from './demo/child-program.ts';
import { ensureCredentials } from './demo/demo-credentials.ts';
import { chooseDemoPlace, clientUrl, type DemoPlace } from './demo/demo-environment.ts';
import { describeInvitation } from './demo/invitation.ts';
import { parseOptions } from './options.ts';
import { runProgram } from './run-program.ts';

const HELP = `npm run demo [-- options of "sim city"]

Starts Siaga and a simulated city beside it: a calm minute, then a flood that passes within five; ambulances are called
and sent, an uplink fails. The terminal says which chapter begins. Everything stays in ./data/demo. The environment of the server applies (HTTP_PORT, MQTT_PORT, SIAGA_CITY …).

  npm run demo
  npm run demo -- --no-rivers          to replay a measured river beside it
  npm run demo -- --no-dispatch        without calls to the 112 desk and their automatic dispatcher
  npm run demo -- --formats siaga      with devices that all speak our own format
  npm run sim -- city --help           all options`;

/** A cold start with an empty database takes a second or two; a slow disk and a first build much longer. */
const READY_WITHIN_MS = 90_000;
const POLL_MS = 200;
/** What a city has: devices of many makers. Another word of the caller's comes later and counts. */
const MIXED = ['--formats', 'mixed'];
/** Together below three seconds. */
const SIM_ENDS_WITHIN_MS = 1_600;
const SERVER_ENDS_WITHIN_MS = 1_200;

async function main(words: readonly string[]): Promise<number> {
  if (words.includes('--help')) {
    console.log(HELP);
    return 0;
  }
  // What it writes holds secrets: for this account only.
  process.umask(0o077);
  const options = parseOptions('city', words);
  const chosen = words.some((word) => word.startsWith('--city')) ? { SIAGA_CITY: options.city } : {};
  const place = chooseDemoPlace({ ...process.env, ...chosen }, options.control);
  const city = loadCity(place.city, cityPlacesOf(place.environment));
  await refuseTakenPorts(place);
  mkdirSync(place.dataDir, { recursive: true });
  const saysFormats = words.some((word) => word.startsWith('--formats'));
  const formats = saysFormats ? options.formats : parseOptions('city', MIXED).formats;
  const credentials = ensureCredentials(city, place, formats);
  const stopped = stopSignal();
  const log = openSync(`${place.dataDir}/server.log`, 'w', 0o600);
  const server = startProgram('start.js', [], place.environment, log);
  const outcome = await Promise.race([untilReady(server, place), stopped]);
  if (outcome !== 'ready') {
    await server.end(SERVER_ENDS_WITHIN_MS);
    if (outcome === 'stopped') return 0;
    console.error(`${outcome}${lastLines(place)}`);
    return 1;
  }
  console.log(describeInvitation(city, place, credentials));
  const own = [
    'city',
    ...MIXED,
    '--city',
    place.city,
    '--url',
    clientUrl('mqtt', place.mqtt),
    '--credentials',
    credentials,
  ];
  const api = ['--api', clientUrl('http', place.http), '--control', `${place.controlPort}`];
  const dispatched = options.ambulances && city.devices.some(isAmbulance);
  if (dispatched) api.push('--dispatch');
  const sim = startProgram('firmware-sim/cli.ts', [...own, ...words, ...api], place.environment, 'inherit');
  const first = await Promise.race([
    stopped,
    sim.ended.then((how) => `the simulated city ended (${how})`),
    server.ended.then((how) => `the server ended (${how})`),
  ]);
  const simOutcome = await sim.end(SIM_ENDS_WITHIN_MS);
  const serverFailed = !server.running;
  await server.end(SERVER_ENDS_WITHIN_MS);
  if (first === 'stopped' || (simOutcome === 0 && !serverFailed)) return 0;
  console.error(`${first}${lastLines(place)}`);
  return 1;
}

function stopSignal(): Promise<'stopped'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve('stopped'));
    }
  });
}

/** Throws one sentence that names the port and the variable that moves it. */
async function refuseTakenPorts({ http, mqtt }: DemoPlace): Promise<void> {
  for (const [variable, { host, port }] of [
    ['HTTP_PORT', http],
    ['MQTT_PORT', mqtt],
  ] as const) {
    const probe = createServer();
    await new Promise<void>((resolve, reject) => {
      probe.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        reject(
          new Error(
            taken
              ? `port ${port} is in use: end the program that uses it, or choose another with ${variable}=…`
              : `${variable}: cannot listen on ${host}:${port}: ${error.message}`,
          ),
        );
      });
      probe.listen(port, host, () => probe.close(() => resolve()));
    });
  }
}

async function untilReady(server: ChildProgram, { http }: DemoPlace): Promise<string> {
  const url = `${clientUrl('http', http)}/readyz`;
  const attempts = Math.ceil(READY_WITHIN_MS / POLL_MS);
  for (let attempt = 0; attempt < attempts && server.running; attempt++) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      if (response.ok) return 'ready';
    } catch {
      // Not listening yet: asked again, until it is or has ended.
    }
    await Promise.race([delay(POLL_MS), server.ended]);
  }
  if (!server.running) return `the server did not start (${await server.ended})`;
  return `the server was not ready within ${READY_WITHIN_MS / 1000} s; ${url} says why`;
}

/** The end of the server's log, where it has said anything; its errors are on the terminal already. */
function lastLines({ dataDir }: DemoPlace): string {
  const lines = readFileSync(`${dataDir}/server.log`, 'utf8').trimEnd().split('\n').slice(-5);
  return lines[0] === '' ? '' : `; the end of its log:\n${lines.join('\n')}`;
}

await runProgram(main);
