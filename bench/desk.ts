/**
 * `npm run bench -- desk [--minutes 5] [--units 200] [--incidents 100] [--devices 500] [--show both]`: the
 * dispatcher's desk in a real Chromium under a city's load: units that drive and say so each second, open incidents,
 * all other devices each 30 s.
 *
 * Frames are counted by requestAnimationFrame, the heap by the browser's own protocol after a collection of garbage:
 * once when a minute has passed, and each minute from then on. `--show map` draws the map, `list` has no WebGL and so
 * a list in its place, `both` does one after the other. Without a graphics card the map is drawn by the processor,
 * beside the server and the load: read the load of the machine with the frames.
 */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import type { CDPSession } from 'playwright-core';
import { METRES_PER_DEGREE } from '../cities/great-circle.ts';
import { type Page, startChromium } from '../test/support/chromium.ts';
import { OPEN_TO_ALL, type SiagaServer, startSiaga } from './siaga-server.child.ts';

const CENTRE = { lat: -6.99, lng: 110.42 };
/** In a second: some 40 km/h. */
const STEP_M = 11;
const CIRCLE_M = 600;
const OTHERS_EACH_S = 30;
const WARM_MS = 60_000;
const CITY = 'semarang';

interface Load {
  readonly units: number;
  readonly incidents: number;
  readonly devices: number;
  readonly minutes: number;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '5' },
      units: { type: 'string', default: '200' },
      incidents: { type: 'string', default: '100' },
      devices: { type: 'string', default: '500' },
      show: { type: 'string', default: 'both' },
    },
  });
  const [minutes, units] = [Number(values.minutes), Number(values.units)];
  const load = { minutes, units, incidents: Number(values.incidents), devices: Number(values.devices) };
  const shows = values.show === 'both' ? ['map', 'list'] : [values.show];
  const rows: Record<string, object> = {};
  for (const show of shows) rows[show] = await measureDesk(load, show === 'map');
  console.table(rows);
}

async function measureDesk(load: Load, hasWebGl: boolean): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'siaga-desk-bench-'));
  const devices = await writeCity(join(folder, 'cities'), load);
  await using ending = new AsyncDisposableStack();
  ending.defer(() => rm(folder, { recursive: true, force: true }));
  const server = await startSiaga({
    folder,
    environment: { ...OPEN_TO_ALL, SIAGA_CITY: CITY, SIAGA_CITIES_DIR: join(folder, 'cities') },
  });
  ending.defer(() => server.stop());
  ending.use(await startFleet(server, devices));
  await takeCalls(server.httpUrl, load.incidents);
  const chromium = await startChromium({ hasWebGl });
  ending.defer(() => chromium[Symbol.asyncDispose]());
  const page = await chromium.newPage({ width: 1280, height: 720 });
  await page.go(`${server.httpUrl}/desk`);
  await page.until(`document.querySelectorAll('.card').length >= ${load.incidents}`);
  await page.until(
    hasWebGl
      ? `document.querySelectorAll('.map-marks .unit-mark').length >= ${load.units}`
      : `!document.querySelector('#map-list').hidden`,
  );
  return await measurePage(page, load.minutes);
}

async function measurePage(page: Page, minutes: number): Promise<object> {
  const protocol = await page.tab.context().newCDPSession(page.tab);
  await delay(WARM_MS);
  const heapMb = [await readHeapMb(protocol)];
  const [before] = loadavg();
  await protocol.send('Performance.enable');
  const busyBefore = await readBusy(protocol);
  await page.ask(`(() => {
    globalThis.benchFrames = [];
    let last = performance.now();
    const count = (now) => {
      benchFrames.push(now - last);
      last = now;
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  })()`);
  const frames: number[] = [];
  for (let minute = 0; minute < minutes; minute++) {
    await delay(60_000);
    // Taken out each minute: what counts must not be what grows.
    frames.push(...(await page.ask<number[]>('benchFrames.splice(0)')));
    heapMb.push(await readHeapMb(protocol));
  }
  const busy = await readBusy(protocol);
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  const totalMs = frames.reduce((sum, each) => sum + each, 0);
  const first = heapMb[0] as number;
  return {
    'frames/s': Math.round((frames.length / totalMs) * 1_000),
    'frame p50 ms': at(0.5),
    'p99 ms': at(0.99),
    'longest ms': at(0.99999),
    'heap MB first': first.toFixed(1),
    'growth MB': (Math.max(...heapMb) - first).toFixed(1),
    'each minute': heapMb.map((each) => each.toFixed(1)).join(' '),
    // Of the page's own thread: what its scripts take of it, and laying out and styling.
    'script %': percent(busy.scriptS - busyBefore.scriptS, minutes),
    'layout %': percent(busy.layoutS - busyBefore.layoutS, minutes),
    load: `${before?.toFixed(1)}…${loadavg()[0]?.toFixed(1)}`,
    problems: page.problems.length,
  };
}

function percent(seconds: number, minutes: number): number {
  return Math.round((seconds / (minutes * 60)) * 100);
}

async function readBusy(protocol: CDPSession): Promise<{ scriptS: number; layoutS: number }> {
  const { metrics } = (await protocol.send('Performance.getMetrics')) as {
    metrics: { name: string; value: number }[];
  };
  const of = (name: string) => metrics.find((each) => each.name === name)?.value ?? 0;
  return {
    scriptS: of('ScriptDuration'),
    layoutS: of('LayoutDuration') + of('RecalcStyleDuration'),
  };
}

async function readHeapMb(protocol: CDPSession): Promise<number> {
  await protocol.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await protocol.send('Runtime.getHeapUsage')) as { usedSize: number };
  return usedSize / 1e6;
}

interface Device {
  readonly id: string;
  readonly kind: string;
}

/** Semarang with as many units and access points as are wanted. */
async function writeCity(folder: string, { units, devices }: Load): Promise<Device[]> {
  await cp(join(import.meta.dirname, '../cities', CITY), join(folder, CITY), { recursive: true });
  const fill = async (kind: string, count: number, more: (index: number) => object): Promise<Device[]> => {
    const path = join(folder, CITY, `devices.${kind}.json`);
    const known = JSON.parse(await readFile(path, 'utf8')) as Device[];
    const all = Array.from({ length: count }, (_, index): Device => {
      const id = `bench-${kind}-${index + 1}`;
      const own = { ...(known[0] as Device), id, name: `Bench ${index + 1}`, ...more(index) };
      return known[index] ?? own;
    });
    await writeFile(path, JSON.stringify(all));
    return all;
  };
  const gaugesPath = join(folder, CITY, 'devices.river-gauge.json');
  const gauges = JSON.parse(await readFile(gaugesPath, 'utf8')) as Device[];
  const others = devices - units - gauges.length;
  return [
    ...(await fill('ambulance', units, (index) => ({ callSign: `B-${index + 1}` }))),
    ...gauges,
    ...(await fill('wifi-access-point', others, () => ({}))),
  ];
}

/** All connected; units speak each second, the others each 30 s, spread over them. */
async function startFleet({ mqttPort }: SiagaServer, devices: readonly Device[]): Promise<AsyncDisposable> {
  const clients: MqttClient[] = [];
  for (const { id } of devices) {
    clients.push(await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: id }));
  }
  let tick = 0;
  const timer = setInterval(() => {
    tick++;
    for (const [index, { id, kind }] of devices.entries()) {
      const { everyS, say } = SPEECH[kind] as Speech;
      if ((tick + index) % everyS !== 0) continue;
      const reading = { measuredAt: new Date().toISOString(), seq: tick, ...say(index, tick) };
      // Not waited for: a server that is behind shows it on the page.
      clients[index]?.publish(`siaga/${CITY}/${kind}/${id}/telemetry`, JSON.stringify(reading), { qos: 1 });
    }
  }, 1_000);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await Promise.all(clients.map((client) => client.endAsync(true)));
    },
  };
}

interface Speech {
  readonly everyS: number;
  readonly say: (index: number, tick: number) => object;
}
const SPEECH: Readonly<Record<string, Speech>> = {
  'river-gauge': { everyS: OTHERS_EACH_S, say: (_index, tick) => ({ levelM: 0.5 + (tick % 10) / 100 }) },
  'wifi-access-point': { everyS: OTHERS_EACH_S, say: (index, tick) => ({ clients: (index + tick) % 40 }) },
  ambulance: { everyS: 1, say: driveOn },
};

function driveOn(index: number, tick: number): object {
  // Each on a circle of its own, of some 600 m.
  const angle = (tick * STEP_M) / CIRCLE_M + index;
  const centre = { lat: CENTRE.lat + Math.sin(index) * 0.04, lng: CENTRE.lng + Math.cos(index * 3) * 0.05 };
  const [lat, lng] = [
    centre.lat + (Math.sin(angle) * CIRCLE_M) / METRES_PER_DEGREE,
    centre.lng + (Math.cos(angle) * CIRCLE_M) / METRES_PER_DEGREE,
  ];
  return { lat, lng, accuracyM: 6, speedMps: STEP_M, batteryPct: 90, status: 'available' };
}

async function takeCalls(url: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const answer = await fetch(`${url}/v1/incidents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        ...{ classification: 'real', category: 'bench', priority: (index % 3) + 1 },
        ...{ lat: CENTRE.lat + Math.sin(index) * 0.03, lng: CENTRE.lng + Math.cos(index * 2) * 0.03 },
      }),
    });
    if (!answer.ok) throw new Error(`a call was refused: ${answer.status} ${await answer.text()}`);
  }
}
