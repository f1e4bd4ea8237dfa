import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpError } from '@influxdata/influxdb-client';
import { pino } from 'pino';
import { Counter, Histogram, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { loadCity } from '../../../cities/city.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';
import { createFleet } from '../../../fleet/fleet.ts';
import { openRegistry } from '../../../fleet/registry.ts';
import { createInfluxMetrics } from '../../../influx/copy/influx-metrics.ts';
import { createSetAside } from '../../../influx/copy/set-aside.ts';
import { formatEvent, formatLiveness, type HistoryEvent } from '../../../influx/event-lines.ts';
import { copyEvents, type EventSource } from '../../../influx/keep-following-events.ts';
import { createSampleWriter } from '../../../influx/sample-writer.ts';
import { createSelfSampler, percentile } from '../../../influx/self-lines.ts';
import type { WriteFailure } from '../../../influx/server/influx-error.ts';
import type { InfluxServer } from '../../../influx/server/influx-server.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';
import { smallCity } from '../../support/small-city.ts';

const NOW = Date.UTC(2026, 0, 15, 2, 30);
const log = pino({ level: 'silent' });

/** A server that keeps what it takes; `fault` makes it refuse. */
function keepingServer() {
  const taken: string[] = [];
  const server: InfluxServer & { fault: Error | undefined } = {
    name: 'InfluxDB',
    generation: 1,
    fault: undefined,
    retentionMs: 0,
    notes: [],
    detect: async () => 1,
    isPrepared: true,
    prepare: async () => ({ retentionMs: 0 }),
    query: async () => [],
    explainNotFound: async (words) => words,
    async write(lines) {
      if (server.fault) throw server.fault;
      taken.push(...lines.trimEnd().split('\n'));
    },
  };
  return { server, taken };
}

describe('samples', () => {
  const open = (maxWaiting: number) => {
    const { server, taken } = keepingServer();
    const metrics = createInfluxMetrics(new Registry());
    const onFailure = () => undefined;
    const samples = createSampleWriter({ server, metrics, log, now: () => NOW, onFailure, maxWaiting });
    const outcome = async (name: string) =>
      (await metrics.events.get()).values.find((each) => each.labels.outcome === name)?.value ?? 0;
    return { server, taken, samples, outcome };
  };

  it('wait while the server is away, the oldest going when there are too many, each counted', async () => {
    const { server, taken, samples, outcome } = open(100);
    server.fault = new Error('connect ECONNREFUSED');
    samples.write(Array.from({ length: 130 }, (_, index) => `m v=1 ${index}`));
    await samples.flush();
    expect(samples.waitingLines).toBe(100);
    expect(await outcome('dropped')).toBe(30);
    server.fault = undefined;
    await samples.flush();
    expect(taken[0]).toBe('m v=1 30');
    expect(taken).toHaveLength(100);
    expect(await outcome('written')).toBe(100);
  });

  it('that the server refuses are counted and do not stop those behind', async () => {
    const { server, taken, samples, outcome } = open(100);
    server.fault = new HttpError(400, 'Bad Request', '{"error":"unable to parse"}');
    samples.write(['bad']);
    await samples.flush();
    server.fault = undefined;
    samples.write(['m v=1 1']);
    await samples.flush();
    expect(taken).toEqual(['m v=1 1']);
    expect(await outcome('refused')).toBe(1);
  });
});

describe('samples to a server that has lost its bucket', () => {
  it('have it looked at again, so that it is made anew', async () => {
    const { server, metrics } = { ...keepingServer(), metrics: createInfluxMetrics(new Registry()) };
    const remedies: string[] = [];
    const onFailure = ({ remedy }: WriteFailure) => void remedies.push(remedy);
    const samples = createSampleWriter({ server, metrics, log, now: () => NOW, onFailure });
    server.fault = new HttpError(404, 'Not Found', '{"error":"database not found: \\"siaga\\""}');
    samples.write(['m v=1 1']);
    await samples.flush();
    expect(remedies).toEqual(['prepare']);
    expect(samples.waitingLines).toBe(1);
  });
});

describe("Siaga's own figures", () => {
  it('carry labels as tags, and percentiles of what came since the last time', async () => {
    const registry = new Registry();
    const registers = [registry];
    const readings = new Counter({
      name: 'siaga_readings_total',
      help: 'r',
      labelNames: ['kind'],
      registers,
    });
    const puback = new Histogram({ name: 'siaga_puback_seconds', help: 'p', buckets: [1, 2, 4], registers });
    new Counter({ name: 'elsewhere_total', help: 'not ours', registers }).inc();
    const sampler = createSelfSampler(registry, 'semarang');
    readings.inc({ kind: 'river-gauge' }, 5);
    for (let n = 0; n < 100; n++) puback.observe(3.5);
    await sampler.sample(NOW);
    for (let n = 0; n < 100; n++) puback.observe(0.5);
    const { lines, left } = await sampler.sample(NOW);
    expect(left).toBe(0);
    expect(lines).toEqual([
      `siaga_self,city=semarang,kind=river-gauge,metric=siaga_readings_total value=5 ${NOW}`,
      `siaga_self,city=semarang,metric=siaga_puback_seconds value=200,sum=400,p50=0.5,p99=0.99 ${NOW}`,
    ]);
  });

  it('have no percentile where nothing came, and the largest bound where all was beyond it', () => {
    expect(percentile([1, 2, Number.POSITIVE_INFINITY], [0, 0, 0], 0, 0.5)).toBeUndefined();
    expect(percentile([1, 2, Number.POSITIVE_INFINITY], [0, 0, 9], 9, 0.5)).toBe(2);
    expect(percentile([1, 2, 4], [0, 10, 10], 10, 0.5)).toBe(1.5);
  });
});

describe('events', () => {
  const incident = (step: string, sinceCallS: number): HistoryEvent => ({
    type: 'incident',
    atMs: NOW,
    incident: 'i-1',
    device: 'moto-01',
    step,
    title: 'a fall, "bad"',
    sinceCallS,
    simulated: false,
  });

  it('keep ids out of the tags, and say whether an arrival was within the target of 15 minutes', () => {
    expect(formatEvent('semarang', incident('on-scene', 900))).toBe(
      'siaga_incident,city=semarang,device=moto-01,step=on-scene ' +
        `incident="i-1",title="a fall, \\"bad\\"",sinceCallS=900,withinTarget=1,real=1 ${NOW}`,
    );
    expect(formatEvent('semarang', incident('on-scene', 901))).toContain('withinTarget=0');
    expect(formatEvent('semarang', incident('created', 0))).not.toContain('withinTarget');
  });

  it('give an alert its rank: 0 when it is over', () => {
    const about = {
      type: 'alert',
      atMs: NOW,
      alert: 'a-1',
      rule: 'level',
      title: 't',
      simulated: true,
    } as const;
    expect(formatEvent('semarang', { ...about, severity: 'extreme', state: 'raised' })).toContain('rank=4');
    expect(formatEvent('semarang', { ...about, state: 'resolved' })).toContain(
      'severity=none state="resolved",rank=0',
    );
  });

  it('are copied from their log by a cursor that never passes what InfluxDB did not take', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siaga-events-'));
    const database = await openMemoryDatabase();
    const logOf = Array.from({ length: 700 }, (_, index) => ({
      position: index + 1,
      event: { ...incident('created', index), atMs: NOW + index },
    }));
    const source: EventSource = {
      name: 'incidents',
      readAfter: async (after, limit) => logOf.filter((each) => each.position > after).slice(0, limit),
    };
    const { server, taken } = keepingServer();
    const options = {
      source,
      city: 'semarang',
      delivery: {
        write: (lines: string) => server.write(lines),
        setAside: createSetAside(`${folder}/set-aside.jsonl`),
        now: () => NOW,
        onFailure: () => undefined,
      },
      database,
      metrics: createInfluxMetrics(new Registry()),
    };
    expect(await copyEvents(options)).toBe(500);
    server.fault = new Error('connect ECONNREFUSED');
    await expect(copyEvents(options)).rejects.toThrow('ECONNREFUSED');
    // A database too many for 3 Core, and a foreign writer: nothing is wrong with the events.
    for (const words of ['exceed limit of 5 databases', 'field type conflict']) {
      server.fault = new HttpError(400, 'x', `{"code":"invalid","message":"${words}"}`);
      await expect(copyEvents(options)).rejects.toThrow(words);
    }
    server.fault = undefined;
    expect(await copyEvents(options)).toBe(200);
    expect(await copyEvents(options)).toBe(0);
    expect(taken.map((line) => Number(line.split(' ').at(-1)) - NOW)).toEqual(logOf.map((_, index) => index));
    await database.destroy();
    rmSync(folder, { recursive: true });
  });
});

describe('liveness', () => {
  it('counts announced sleep neither as up nor as down, and leaves out who was never seen', async () => {
    const database = await openMemoryDatabase();
    const city = loadCity('semarang');
    const registry = await openRegistry(city, database);
    const fleet = createFleet(registry);
    const gauges = city.devices.filter(isRiverGauge).map((device) => device.id);
    const [awake, asleep, gone, quiet] = gauges as [string, string, string, string];
    fleet.observePresence(awake, 'online', NOW);
    fleet.observePresence(asleep, 'sleeping', NOW);
    fleet.observePresence(gone, 'online', NOW);
    fleet.observePresence(gone, 'offline', NOW);
    fleet.observePresence(quiet, 'online', NOW - 3_600_000);
    const lines = formatLiveness('semarang', fleet, registry, NOW);
    expect(lines).toHaveLength(4);
    const of = (id: string) => lines.find((line) => line.includes(`device=${id},`));
    expect(of(awake)).toContain('state="online",up=1,lat=');
    expect(of(asleep)).toContain('state="sleeping",lat=');
    expect(of(gone)).toContain('state="offline",up=0,');
    expect(of(quiet)).toContain('state="silent",up=0,');
    await database.destroy();
  });

  it('of a gauge says its ladder, and where it stands on it while it is there', async () => {
    const database = await openMemoryDatabase();
    const registry = await openRegistry(smallCity, database);
    const fleet = createFleet(registry);
    const observe = (device: string, levelM: number) =>
      fleet.observe({
        ...{ city: 'semarang', kind: 'river-gauge', device, measuredAt: NOW, receivedAt: NOW },
        ...{ simulated: false, quality: 0, values: { levelM } },
      });
    observe('bendung', 2.5);
    observe('tide', 1.25);
    const lineOf = (device: string, nowMs = NOW) =>
      formatLiveness('semarang', fleet, registry, nowMs).find((line) => line.includes(`device=${device},`));
    expect(lineOf('bendung')).toContain(
      ' extremeM=3,moderateM=2,minorM=1.5,upstream="hulu 60 min",levelM=2.5,ladderRank=2.5,state="online",up=1,',
    );
    expect(lineOf('tide')).toContain('levelM=1.25,ladderRank=0.5,tideM=1.25,');
    const later = lineOf('bendung', NOW + 3_600_000);
    expect(later).toContain('minorM=1.5');
    expect(later).not.toContain('levelM=');
    expect(later).not.toContain('ladderRank=');
    await database.destroy();
  });
});
