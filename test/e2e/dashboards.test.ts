import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { pino } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type City, loadCity } from '../../cities/city.ts';
import { publishersOf } from '../../cities/publishers.ts';
import { allDashboards } from '../../dashboards/grafana/catalogue.ts';
import type { DeviceKind } from '../../devices/device-kind.ts';
import { isAmbulance } from '../../devices/kinds/ambulance.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import { isAccessPoint } from '../../devices/kinds/wifi-access-point.ts';
import type { Reading, Values } from '../../devices/reading.ts';
import { type DeviceSite, SEVERITIES } from '../../devices/site.ts';
import { createFleet } from '../../fleet/fleet.ts';
import { openRegistry } from '../../fleet/registry.ts';
import { formatEvent, type HistoryEvent } from '../../influx/event-lines.ts';

import { openInfluxCopy } from '../../influx/open-influx-copy.ts';
import { ask, faultOf, isOfOtherGrain, queriesOf, resolveVariables } from '../support/grafana-variables.ts';
import { type Influxd, influxdMissing, startInfluxd } from '../support/influxd.ts';
import { openMemoryDatabase } from '../support/memory-database.ts';
import { createMemoryJournal } from '../support/memory-journal.ts';

const MINUTE_MS = 60_000;
const TO_MS = Date.UTC(2026, 0, 15, 6);
const FROM_MS = TO_MS - 3 * 60 * MINUTE_MS;
const RANGE = { fromMs: FROM_MS, toMs: TO_MS, interval: '10s' };
/** So long that hours are read instead of readings; the same are in it. */
const LONG_RANGE = { fromMs: TO_MS - 7 * 24 * 60 * MINUTE_MS, toMs: TO_MS + 10 * MINUTE_MS, interval: '10m' };

/** Three hours of a city: a wave in the rivers, a daily curve of clients, counters that restart, calls. */
function* threeHoursOf(city: City): Generator<Reading> {
  for (let atMs = FROM_MS; atMs <= TO_MS; atMs += MINUTE_MS) {
    const step = (atMs - FROM_MS) / MINUTE_MS;
    for (const [index, device] of publishersOf(city).entries()) {
      const envelope = {
        city: city.id,
        kind: device.kind,
        device: device.id,
        measuredAt: atMs,
        receivedAt: atMs + 200,
        simulated: false,
        quality: 0,
      };
      yield { ...envelope, values: valuesOf(device, step, index) };
    }
  }
}

/** Of a kind without words of its own here: its example, counters growing with time. */
function valuesOf(device: DeviceSite, step: number, index: number): Values {
  if (isRiverGauge(device)) {
    const levelM = device.normalLevelM + 2 * Math.sin((Math.PI * step) / 180) ** 2;
    return { levelM, rainMm: step % 7 === 0 ? 0.4 : 0, batteryV: 12.6, rssiDbm: -70 };
  }
  if (isAccessPoint(device)) {
    const sinceRestart = (step + index) % 100;
    return {
      clients: (step + index) % 40,
      rxBytes: sinceRestart * 1e6,
      txBytes: sinceRestart * 9e6,
      rttMs: 8 + (index % 5),
      lossPct: index % 3,
      channelUtilizationPct: 40,
    };
  }
  if (isAmbulance(device)) {
    const statuses = ['available', 'en-route', 'on-scene', 'off-duty'] as const;
    const status = statuses[(Math.floor(step / 20) + index) % 4] as string;
    const { lat, lng } = device;
    return { lat, lng, accuracyM: 6, speedMps: 3, batteryPct: 90 - index / 10, status };
  }
  const { sentQuantities, example } = deviceKinds.get(device.kind) as DeviceKind;
  return Object.fromEntries(
    Object.entries(sentQuantities).map(([name, { type }]) => [
      name,
      type === 'counter' ? step * (index + 1) : (example[name] as number | string),
    ]),
  );
}

function* eventsOf(city: City): Generator<HistoryEvent> {
  for (const [index, device] of city.devices.entries()) {
    if (isAmbulance(device)) continue;
    const about = { type: 'alert', device: device.id, alert: `a-${index}`, simulated: true } as const;
    const rule = isRiverGauge(device) ? 'level' : 'overloaded';
    yield {
      ...about,
      rule,
      atMs: FROM_MS + 5 * MINUTE_MS,
      severity: 'moderate',
      state: 'raised',
      title: 'Waspada',
    };
    yield { ...about, rule, atMs: FROM_MS + 90 * MINUTE_MS, state: 'resolved', title: 'over' };
  }
  for (let call = 0; call < 12; call++) {
    const about = { type: 'incident', incident: `i-${call}`, simulated: true, title: 'fall' } as const;
    const atMs = FROM_MS + call * 12 * MINUTE_MS;
    const sinceCallS = 400 + call * 80;
    yield { ...about, step: 'reported', atMs, sinceCallS: 0 };
    yield { ...about, step: 'on-scene', device: 'moto-01', atMs: atMs + sinceCallS * 1000, sinceCallS };
  }
}

/** Metrics with the names of the real ones; that they exist in the code is another test. */
function figures(metrics: Registry): () => void {
  const registers = [metrics];
  collectDefaultMetrics({ register: metrics, prefix: 'siaga_' });
  const counter = (name: string, label: string) =>
    new Counter({ name, help: name, labelNames: [label], registers });
  const readings = counter('siaga_readings_total', 'kind');
  const rejections = counter('siaga_rejections_total', 'reason');
  const bounds = counter('siaga_mqtt_bound_hits_total', 'bound');
  const connections = new Gauge({
    name: 'siaga_mqtt_connections',
    help: 'c',
    labelNames: ['listener'],
    registers,
  });
  const backlog = new Gauge({
    name: 'siaga_backlog_entries',
    help: 'b',
    labelNames: ['consumer'],
    registers,
  });
  const puback = new Histogram({
    name: 'siaga_mqtt_puback_seconds',
    help: 'p',
    buckets: [0.01, 0.1],
    registers,
  });
  const failures = metrics.getSingleMetric('siaga_influx_failures_total') as Counter<'code'>;
  return () => {
    failures.inc({ code: '503' });
    readings.inc({ kind: 'river-gauge' }, 30);
    rejections.inc({ reason: 'not-json' });
    bounds.inc({ bound: 'rate' });
    connections.set({ listener: 'tcp' }, 110);
    backlog.set({ consumer: 'influx' }, 12);
    puback.observe(0.02);
  };
}

async function fill(url: string, city: City): Promise<void> {
  const database = await openMemoryDatabase();
  const journal = createMemoryJournal();
  const metrics = new Registry();
  const registry = await openRegistry(city, database);
  const fleet = createFleet(registry);
  let nowMs = FROM_MS;
  await using copy = openInfluxCopy({
    config: {
      INFLUX_URL: url,
      INFLUX_TOKEN: undefined,
      INFLUX_ORG: 'siaga',
      INFLUX_BUCKET: 'siaga',
      INFLUX_RETENTION_DAYS: 0,
      SIAGA_CITY: city.id,
      SIAGA_DATA_DIR: '.',
    },
    journal,
    database,
    registry,
    log: pino({ level: 'silent' }),
    metrics,
    now: () => nowMs,
    random: () => 0,
    lingerMs: 0,
  });
  const readings = [...threeHoursOf(city)];
  await journal.append(readings, []);
  await copy.catchUp();
  const tick = figures(metrics);
  // Every tenth one goes silent after an hour.
  const silent = new Set(publishersOf(city).flatMap(({ id }, index) => (index % 10 === 0 ? [id] : [])));
  const byMinute = Map.groupBy(readings, ({ measuredAt }) => measuredAt);
  for (; nowMs <= TO_MS; nowMs += MINUTE_MS) {
    for (const reading of byMinute.get(nowMs) ?? []) {
      if (nowMs <= FROM_MS + 60 * MINUTE_MS || !silent.has(reading.device)) fleet.observe(reading);
    }
    tick();
    await copy.sampleLiveness(fleet);
    await copy.sampleSelf();
  }
  await copy.writeHours();
  // Once more: the hours are complete now.
  await copy.sampleLiveness(fleet);
  const lines = [...eventsOf(city)].map((event) => formatEvent(city.id, event));
  await fetch(`${url}/write?db=siaga&precision=ms`, { method: 'POST', body: lines.join('\n') });
  await database.destroy();
}

const dashboards = allDashboards();
const CITIES = ['semarang', 'banjarmasin'];

describe.skipIf(influxdMissing())('the dashboards against a real InfluxDB', () => {
  let influxd: Influxd;
  beforeAll(async () => {
    influxd = await startInfluxd();
    for (const city of CITIES) await fill(influxd.url, loadCity(city));
  }, 120_000);
  afterAll(async () => {
    await influxd[Symbol.asyncDispose]();
  });

  it.each([
    ...dashboards.map((dashboard) => [String(dashboard.uid), 'semarang', dashboard] as const),
    [
      'siaga-rivers',
      'banjarmasin',
      dashboards.find(({ uid }) => uid === 'siaga-rivers') as Dashboard,
    ] as const,
  ])(
    'every query of %s returns data of %s, in a range of hours and in one of days',
    async (_uid, city, dashboard) => {
      const faults = [];
      for (const range of [RANGE, LONG_RANGE]) {
        const situation = await resolveVariables(influxd.url, dashboard, city, range);
        const queries = queriesOf(dashboard, situation);
        expect(queries.length).toBeGreaterThan(4);
        for (const query of queries) {
          // No gauge of Banjarmasin stands above another: the tide comes from below.
          if (city === 'banjarmasin' && query.where.includes('· Gauges above ·')) continue;
          if (isOfOtherGrain(query)) expect(await ask(influxd.url, query.query)).toEqual([]);
          else faults.push(await faultOf(influxd.url, query));
        }
      }
      expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
    },
  );

  it.each([
    ['a measurement that does not exist', (query: string) => query.replace('/^ambulance(', '/^ambulances(')],
    ['a field that does not exist', (query: string) => query.replace('"status"', '"state"')],
    ['broken syntax', (query: string) => query.replace('FROM', 'FORM')],
  ])('a panel whose query has %s is found', async (_name, breakIt) => {
    const dashboard = dashboards.find((each) => each.uid === 'siaga-ambulances') as Dashboard;
    const situation = await resolveVariables(influxd.url, dashboard, 'semarang', RANGE);
    const timeline = queriesOf(dashboard, situation).find((each) =>
      each.where.includes('What each unit does'),
    );
    if (!timeline) throw new Error('no such panel');
    expect(await faultOf(influxd.url, timeline)).toBeUndefined();
    expect(await faultOf(influxd.url, { ...timeline, query: breakIt(timeline.query) })).toContain(
      timeline.where,
    );
  });

  it('the map has each gauge in the colour of the severity that its level meets on its own ladder', async () => {
    const dashboard = dashboards.find((each) => each.uid === 'siaga-rivers') as Dashboard;
    // The crest of the wave: 2 m above the ordinary level of each.
    const range = { ...RANGE, toMs: FROM_MS + 90 * MINUTE_MS };
    const situation = await resolveVariables(influxd.url, dashboard, 'semarang', range);
    const query = queriesOf(dashboard, situation).find((each) => each.where.includes('· Map ·'))?.query ?? '';
    const shown = (await ask(influxd.url, query)).map(({ tags, columns, values }) => {
      const cell = (name: string) => Number(values[0]?.[columns.indexOf(name)]);
      return { id: tags?.['device'], rank: cell('ladderRank'), levelM: cell('levelM'), lat: cell('lat') };
    });
    const gauges = loadCity('semarang').devices.filter(isRiverGauge);
    expect(shown.map(({ id }) => id).sort()).toEqual(gauges.map(({ id }) => id).sort());
    for (const { id, rank, levelM, lat } of shown) {
      const gauge = gauges.find((each) => each.id === id);
      const met = gauge?.thresholds.filter((each) => each.levelM <= levelM).at(-1);
      expect(Math.floor(rank), id).toBe(met ? SEVERITIES.indexOf(met.severity) + 1 : 0);
      expect(lat, id).toBe(gauge?.lat);
    }
    expect(new Set(shown.map(({ rank }) => Math.floor(rank))).size).toBeGreaterThan(2);
  });

  it('the thresholds of a gauge come from the data', async () => {
    const dashboard = dashboards.find((each) => each.uid === 'siaga-rivers') as Dashboard;
    const all = await resolveVariables(influxd.url, dashboard, 'semarang', RANGE);
    const situation = { ...all, values: new Map([...all.values, ['device', ['bendung-simongan']] as const]) };
    const query = queriesOf(dashboard, situation).find((each) => each.where.includes('· $device · B'))?.query;
    const [series] = await ask(influxd.url, query ?? '');
    const row = Object.fromEntries(
      (series?.columns ?? []).map((name, at) => [name, series?.values[5]?.[at]]),
    );
    expect(row).toMatchObject({ minor: 1.5, moderate: 1.7, extreme: 1.8, severe: null });
  });

  it('what market terminals took is the same in Grafana whichever reports are lost, late or sent twice', async () => {
    const dashboard = dashboards.find((each) => each.uid === 'siaga-every-kind') as Dashboard;
    const city = 'kota-uji';
    // A wipe between the fourth and the fifth: the terminal then says 0 first. Reports 2 and 6 never came.
    const totals = [100, undefined, 340, 400, 0, undefined, 90, 90];
    const lines = totals.flatMap((total, minute) =>
      total === undefined
        ? []
        : [
            `market_terminal,city=${city},device=t-1 amountTotalIdr=${total},sound=1 ${FROM_MS + minute * MINUTE_MS}`,
          ],
    );
    const write = (body: string) =>
      fetch(`${influxd.url}/write?db=siaga&precision=ms`, { method: 'POST', body });
    // The last first, and all of them again.
    for (const line of [...lines.toReversed(), ...lines]) expect((await write(line)).status).toBe(204);
    const situation = {
      ...RANGE,
      values: new Map<string, string | string[]>([
        ['city', city],
        ['device', ['t-1']],
        ['grain', '0'],
      ]),
    };
    const query =
      queriesOf(dashboard, situation).find((each) => each.where.includes('· amount ·'))?.query ?? '';
    const series = await ask(influxd.url, query);
    const grown = series.flatMap((each) => each.values.map((row) => Number(row[1])));
    expect(grown.reduce((sum, each) => sum + each, 0)).toBe(300 + 90);
  });

  it('coverage is the share of the minutes that were sampled, of one device and of all of them', async () => {
    const dashboard = dashboards.find((each) => each.uid === 'siaga-public-wifi') as Dashboard;
    // From an hour before the first sample: of four hours three were sampled, the last minute included.
    const range = { ...RANGE, fromMs: FROM_MS - 60 * MINUTE_MS };
    const situation = await resolveVariables(influxd.url, dashboard, 'semarang', range);
    const queries = queriesOf(dashboard, situation);
    const shares = async (where: RegExp) => {
      const query = queries.find((each) => where.test(each.where))?.query ?? '';
      return (await ask(influxd.url, query)).flatMap((each) => each.values.map((row) => Number(row[1])));
    };
    const ofDevices = await shares(/Availability and coverage · B/);
    expect(ofDevices.length).toBeGreaterThan(10);
    for (const share of [...ofDevices, ...(await shares(/· Coverage ·/))])
      expect(share).toBeCloseTo(181 / 240);
  });

  it('traffic takes a restarted counter for nothing, and never goes below zero', async () => {
    const dashboard = dashboards.find((each) => each.uid === 'siaga-public-wifi') as Dashboard;
    const situation = await resolveVariables(influxd.url, dashboard, 'semarang', RANGE);
    const query = queriesOf(dashboard, situation).find((each) => each.where.includes('Traffic to people'));
    const series = await ask(influxd.url, query?.query ?? '');
    const bits = series.flatMap((each) => each.values.map((row) => Number(row[1])));
    expect(Math.min(...bits)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...bits)).toBeGreaterThan(0);
  });
});
