/**
 * The way of a reading through the whole of Siaga, over real MQTT and real disks: from its PUBLISH to the
 * message of the alert that it raised or withdrew. Part of `npm run bench -- alerts`.
 *
 * Three processes: the server, a load of readings that raise nothing, and here the gauges that spike and the
 * siren that listens. Each spike is raised provisionally and withdrawn by the next reading: two alerts' messages.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { loadCity } from '../cities/city.ts';
import { isRiverGauge, type RiverGauge } from '../devices/kinds/river-gauge.ts';
import type { LoadOrders } from './ingest-load.child.ts';
import { OPEN_TO_ALL, registerGauges, type SiagaServer, startSiaga } from './siaga-server.child.ts';

const LOAD_CONNECTIONS = 500;
const IN_FLIGHT = 32;
const WARM_UP_S = 2;
/** From one spiking reading to the next, ms: random within, so that no timer of the server keeps pace. */
const PAUSE_MS = { least: 30, most: 110 } as const;
/** A message that takes longer than this is counted as lost, ms. */
const LOST_AFTER_MS = 10_000;

export interface WayOptions {
  /** Begun with the measurement; gives what ends it. */
  readonly beside?: (server: SiagaServer) => Promise<() => void>;
}

export async function measureWay(
  rate: number,
  seconds: number,
  { beside }: WayOptions = {},
): Promise<Record<string, number | string>> {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-bench-'));
  let server: SiagaServer | undefined;
  try {
    const devices = Array.from({ length: LOAD_CONNECTIONS }, (_, index) => ({ id: `load-${index}` }));
    await registerGauges(
      folder,
      devices.map(({ id }) => id),
    );
    // Who reads is the public.
    const environment = beside ? { ...OPEN_TO_ALL, API_AUTH: 'true' } : OPEN_TO_ALL;
    server = await startSiaga({ folder, environment });
    const { mqttPort: port } = server;
    const orders: LoadOrders = {
      port,
      devices,
      shape: {
        name: 'paced',
        groups: [{ connections: LOAD_CONNECTIONS, inFlight: IN_FLIGHT, perSecond: rate }],
      },
      seconds: seconds + WARM_UP_S,
      warmUpS: WARM_UP_S,
    };
    const file = join(folder, 'load.json');
    writeFileSync(file, JSON.stringify(orders));
    const load = startLoad(file);
    await load.begun;
    const others = beside?.(server);
    const way = await spikeAndListen(`mqtt://127.0.0.1:${port}`, seconds * 1000);
    (await others)?.();
    return {
      'readings/s': Math.round(await load.perSecond),
      ...way,
      'load average': loadavg()[0]?.toFixed(1) ?? '',
    };
  } finally {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startLoad(file: string): { begun: Promise<void>; perSecond: Promise<number> } {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ingest-load.child.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const begun = Promise.withResolvers<void>();
  const report = Promise.withResolvers<number>();
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      if (line === 'begin') begun.resolve();
      if (line.startsWith('{')) report.resolve((JSON.parse(line) as { perSecond: number }).perSecond);
    })
    .on('close', () => {
      const failed = new Error('the load generator failed');
      begun.reject(failed);
      report.reject(failed);
    });
  return { begun: begun.promise, perSecond: report.promise };
}

/** Gauges of the city take turns: far up, and with the next reading back. */
async function spikeAndListen(url: string, forMs: number): Promise<Record<string, number>> {
  const gauges = loadCity('semarang').devices.filter(isRiverGauge);
  const tookMs: number[] = [];
  const waiting = new Map<string, (atMs: number) => void>();
  const siren = await connectAsync(url, { clientId: 'bench-siren' });
  await siren.subscribeAsync('siaga/semarang/alerts/#', { qos: 1 });
  siren.on('message', (_topic, payload) => {
    if (payload.length === 0) return;
    const { rule, subject, change } = JSON.parse(payload.toString()) as Record<string, string>;
    if (rule === 'river-level') waiting.get(`${subject} ${change}`)?.(performance.now());
  });
  const client = await connectAsync(url, { clientId: 'bench-gauges' });
  const publish = async ({ id }: RiverGauge, levelM: number, change: string | undefined) => {
    const sentAt = performance.now();
    const heard = Promise.withResolvers<number>();
    if (change) waiting.set(`${id} ${change}`, heard.resolve);
    client.publish(`siaga/semarang/river-gauge/${id}/telemetry`, JSON.stringify({ levelM }), { qos: 1 });
    if (!change) return;
    const took = await Promise.race([
      heard.promise,
      delay(LOST_AFTER_MS, Number.POSITIVE_INFINITY, { ref: false }),
    ]);
    tookMs.push(took - sentAt);
  };
  const heard: Promise<void>[] = [];
  for (const gauge of gauges) await publish(gauge, gauge.normalLevelM, undefined);
  const until = performance.now() + forMs;
  for (let turn = 0; performance.now() < until; turn++) {
    const gauge = gauges[turn % gauges.length] as RiverGauge;
    const isSpike = Math.floor(turn / gauges.length) % 2 === 0;
    const levelM = isSpike ? (gauge.thresholds.at(-1)?.levelM ?? 1) + 0.05 : gauge.normalLevelM;
    heard.push(publish(gauge, levelM, isSpike ? 'provisional' : 'withdrawn'));
    await delay(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
  }
  await Promise.all(heard);
  await Promise.all([siren.endAsync(), client.endAsync()]);
  tookMs.sort((a, b) => a - b);
  const quantile = (share: number) =>
    Number((tookMs[Math.min(tookMs.length - 1, Math.floor(share * tookMs.length))] ?? Number.NaN).toFixed(1));
  return {
    alerts: tookMs.length,
    lost: tookMs.filter((each) => each === Number.POSITIVE_INFINITY).length,
    'p50 ms': quantile(0.5),
    'p95 ms': quantile(0.95),
    'p99 ms': quantile(0.99),
    'max ms': quantile(1),
  };
}
