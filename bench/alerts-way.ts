/**
 * The way of a reading through the whole of Siaga, over real MQTT and real disks: from its PUBLISH to the
 * retained message of the alert that it raised. Part of `npm run bench -- alerts`.
 *
 * The clients live in the same process as Siaga, so the figure is of both together on one core.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { loadCity } from '../cities/city.ts';
import { parseConfig } from '../config.ts';
import { openSiaga } from '../open-siaga.ts';

/** Publishes are sent in turns of this, ms. */
const TURN_MS = 10;
const SETTLE_MS = 1_500;

export async function measureWay(rate: number, seconds: number): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-bench-'));
  try {
    const config = parseConfig({
      SIAGA_DATA_DIR: folder,
      HTTP_PORT: '0',
      MQTT_PORT: '0',
      MQTT_AUTH: 'false',
      API_AUTH: 'false',
    });
    await using siaga = await openSiaga(config, pino({ level: 'error' }));
    const url = siaga.addresses.mqtt[0]?.replace(/^\w+:/, 'mqtt:') as string;
    return await load(url, rate, seconds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function load(url: string, rate: number, seconds: number): Promise<Record<string, number>> {
  const city = loadCity('semarang');
  const accessPoints = city.devices.filter((device) => device.kind === 'wifi-access-point');
  const gauges = city.devices.filter((device) => device.kind === 'river-gauge');
  const sentAt = new Map<string, number>();
  const tookMs: number[] = [];
  const listener = await connectAsync(url, { clientId: 'bench-siren' });
  await listener.subscribeAsync('siaga/semarang/alerts/#', { qos: 1 });
  listener.on('message', (_topic, payload) => {
    if (payload.length === 0) return;
    const { rule, subject, change } = JSON.parse(payload.toString()) as Record<string, string>;
    const sent = sentAt.get(subject as string);
    if (rule === 'river-level' && change === 'opened' && sent !== undefined)
      tookMs.push(performance.now() - sent);
  });
  const clients = await Promise.all(
    [...accessPoints, ...gauges].map(async (device) => ({
      device,
      client: await connectAsync(url, { clientId: device.id }),
      topic: `siaga/semarang/${device.kind}/${device.id}/telemetry`,
    })),
  );
  const crowd = clients.filter(({ device }) => device.kind === 'wifi-access-point');
  const rivers = clients.filter(({ device }) => device.kind === 'river-gauge');
  const rounds = Math.floor((seconds * 1_000) / TURN_MS);
  const loop = monitorEventLoopDelay({ resolution: 5 });
  loop.enable();
  const startedAt = performance.now();
  const startMs = Date.now();
  let seq = 0;
  let published = 0;
  for (let round = 0; round < rounds; round++) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * rate);
    for (; published < due; published++) {
      const { client, topic } = crowd[published % crowd.length] as (typeof crowd)[number];
      seq++;
      client.publish(topic, JSON.stringify({ measuredAt: startMs + seq, seq, clients: seq % 40 }), {
        qos: 1,
      });
    }
    // Gauges cross their lowest threshold one after the other, over the whole time.
    const gauge = rivers[Math.floor((round / rounds) * rivers.length)];
    if (gauge && !sentAt.has(gauge.device.id) && gauge.device.kind === 'river-gauge') {
      const levelM = (gauge.device.thresholds[0]?.levelM ?? 1) + 0.01;
      sentAt.set(gauge.device.id, performance.now());
      gauge.client.publish(gauge.topic, JSON.stringify({ levelM }), { qos: 1 });
    }
    await delay(TURN_MS);
  }
  loop.disable();
  const elapsedS = (performance.now() - startedAt) / 1000;
  await delay(SETTLE_MS);
  await Promise.all([listener, ...clients.map(({ client }) => client)].map((client) => client.endAsync()));
  tookMs.sort((a, b) => a - b);
  const quantile = (share: number) =>
    Number((tookMs[Math.min(tookMs.length - 1, Math.floor(share * tookMs.length))] ?? Number.NaN).toFixed(1));
  return {
    'readings/s': Math.round(published / elapsedS),
    alerts: tookMs.length,
    expected: sentAt.size,
    'p50 ms': quantile(0.5),
    'p99 ms': quantile(0.99),
    'max ms': quantile(1),
    'event loop p99 ms': Number((loop.percentile(99) / 1e6).toFixed(1)),
  };
}
