/**
 * `npm run bench -- nearest-http [--seconds 8] [--requests 500] [--readings 5000]`: the time of
 * `GET /v1/ambulances/nearest` over HTTP, alone and beside readings, on the whole server as `node start.js`.
 *
 * Requests leave by the clock and their time counts from when they were due, so that a server that stops for
 * a moment pays for all that were due in it. The city's ambulances report each second meanwhile. Invariant:
 * an answer without a candidate is a failure, and failures are shown.
 */

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { type City, loadCity } from '../cities/city.ts';
import { isAmbulance } from '../devices/kinds/ambulance.ts';
import type { LoadOrders, LoadReport } from './ingest-load.child.ts';
import {
  firstLine,
  OPEN_TO_ALL,
  registerGauges,
  type SiagaServer,
  startSiaga,
} from './siaga-server.child.ts';

const GAUGES = 200;
const IN_FLIGHT = 20;
const WARM_UP_S = 2;
const TICK_MS = 2;
/** Requests that may be under way; one that is due beyond them waits, and its time runs. */
const SOCKETS = 64;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '8' },
      requests: { type: 'string', default: '500' },
      readings: { type: 'string', default: '5000' },
    },
  });
  const [seconds, perSecond] = [Number(values.seconds), Number(values.requests)];
  const folder = mkdtempSync(join(tmpdir(), 'siaga-bench-'));
  const city = loadCity('semarang');
  const gauges = Array.from({ length: GAUGES }, (_, index) => `bench-${index + 1}`);
  let server: SiagaServer | undefined;
  let units: MqttClient | undefined;
  try {
    await registerGauges(folder, gauges);
    server = await startSiaga({ folder, environment: OPEN_TO_ALL });
    units = await connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { clientId: 'bench-units' });
    const moving = keepMoving(units, city);
    await delay(1_500);
    const ask = () => askNearest(server as SiagaServer, city, perSecond, seconds);
    await ask();
    const rows = [{ beside: 'nothing', ...(await ask()) }];
    for (const each of values.readings.split(',').map(Number)) {
      const load = startLoad(folder, server, gauges, each, seconds);
      await load.begun;
      const asked = await ask();
      const { perSecond: done, p50Ms, p99Ms } = await load.report;
      const beside = `${Math.round(done).toLocaleString('en')} readings/s`;
      const puback = `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)}`;
      rows.push({ beside, ...asked, 'PUBACK p50 / p99 ms': puback } as (typeof rows)[0]);
    }
    clearInterval(moving);
    console.table(rows);
    console.log(
      `load average ${loadavg()
        .map((each) => each.toFixed(1))
        .join(' ')}`,
    );
  } finally {
    await units?.endAsync(true);
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Each ambulance reports each second, some metres on. */
function keepMoving(client: MqttClient, city: City): NodeJS.Timeout {
  const units = city.devices.filter(isAmbulance);
  let seq = 0;
  const report = () => {
    seq++;
    for (const { id, lat, lng } of units) {
      const north = 0.0001 * Math.sin(seq / 10);
      const reading = { seq, lat: lat + north, lng, accuracyM: 6, speedMps: 5, status: 'available' };
      const topic = `siaga/${city.id}/ambulance/${id}/telemetry`;
      client.publish(topic, JSON.stringify({ measuredAt: Date.now(), ...reading }), { qos: 1 });
    }
  };
  report();
  return setInterval(report, 1_000);
}

function startLoad(
  folder: string,
  server: SiagaServer,
  gauges: readonly string[],
  perSecond: number,
  seconds: number,
): { readonly begun: Promise<unknown>; readonly report: Promise<LoadReport> } {
  const file = join(folder, 'load.json');
  const group = { connections: gauges.length, inFlight: IN_FLIGHT, perSecond };
  const orders: LoadOrders = {
    port: server.mqttPort,
    devices: gauges.map((id) => ({ id })),
    shape: { name: 'paced', groups: [group] },
    seconds,
    warmUpS: WARM_UP_S,
  };
  writeFileSync(file, JSON.stringify(orders));
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ingest-load.child.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const report = firstLine(child, (line) => line.startsWith('{'));
  return {
    begun: firstLine(child, (line) => line === 'begin'),
    report: report.then((line) => JSON.parse(line) as LoadReport),
  };
}

async function askNearest({ httpUrl }: SiagaServer, city: City, perSecond: number, seconds: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS });
  const times: number[] = [];
  let failures = 0;
  const asking: Promise<void>[] = [];
  const { south, north, west, east } = city.bounds;
  const between = (low: number, high: number) => (low + (high - low) * Math.random()).toFixed(5);
  const startedAt = performance.now();
  const total = perSecond * seconds;
  for (let sent = 0; sent < total; await delay(TICK_MS)) {
    const due = Math.min(total, ((performance.now() - startedAt) * perSecond) / 1000);
    for (; sent < due; sent++) {
      const dueAt = startedAt + (sent * 1000) / perSecond;
      const url = `${httpUrl}/v1/ambulances/nearest?lat=${between(south, north)}&lng=${between(west, east)}`;
      asking.push(
        ask(url, agent).then((isAnswer) => {
          times.push(performance.now() - dueAt);
          if (!isAnswer) failures++;
        }),
      );
    }
  }
  await Promise.all(asking);
  const elapsedS = (performance.now() - startedAt) / 1000;
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(share * (times.length - 1))] as number).toFixed(1);
  return {
    'requests/s': Math.round(times.length / elapsedS),
    'p50 ms': at(0.5),
    'p90 ms': at(0.9),
    'p99 ms': at(0.99),
    'max ms': at(1),
    failures,
  };
}

/** True for an answer with a candidate. */
function ask(url: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(response.statusCode === 200 && text.includes('"unitVersion"')));
    }).on('error', () => resolve(false));
  });
}
