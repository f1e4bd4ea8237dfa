/**
 * `npm run bench -- alerts [--seconds 4] [--rate 5000] [--skip-way]`: the alert engine on one core with all rules on,
 * and the way from a reading's receipt to its alert on MQTT through the whole of Siaga.
 *
 * The first table is the engine alone (readings in memory, changes applied to the lifecycle); the second is broker,
 * journal on disk, engine, state database on disk, outbox, broker (left out with --skip-way).
 */
import { parseArgs } from 'node:util';
import { AlertEngine } from '../alerts/judgement/engine.ts';
import { Lifecycle } from '../alerts/lifecycle/lifecycle.ts';
import { cityOverrides, trackRules } from '../alerts/rules/index.ts';
import { type City, parseCity } from '../cities/city.ts';
import { ambulance } from '../devices/kinds/ambulance.ts';
import { riverGauge } from '../devices/kinds/river-gauge.ts';
import { wifiAccessPoint } from '../devices/kinds/wifi-access-point.ts';
import type { Reading, Values } from '../devices/reading.ts';
import type { Registry } from '../fleet/registry.ts';
import { measureWay } from './alerts-way.child.ts';

const START_MS = Date.UTC(2026, 0, 15);
const DEVICES_OF_A_KIND = 500;

type Story = (index: number, round: number, noise: number) => Values;

/** What the devices of benchCity tell, by their kind. */
const STORIES: Readonly<Record<string, Story>> = {
  [riverGauge.name]: tellFlood,
  [wifiAccessPoint.name]: tellVisitors,
  [ambulance.name]: tellRound,
};
const KINDS = Object.keys(STORIES);

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '4' },
      rate: { type: 'string', default: '5000' },
      'skip-way': { type: 'boolean', default: false },
    },
  });
  const seconds = Number(values.seconds);
  console.table([...KINDS.map((kind) => [kind]), KINDS].map((kinds) => measureEngine(kinds, seconds)));
  if (!values['skip-way']) console.table([await measureWay(Number(values.rate), seconds)]);
}

function measureEngine(kinds: readonly string[], seconds: number): Record<string, string | number> {
  const city = benchCity(DEVICES_OF_A_KIND);
  const devices = city.devices.filter((device) => kinds.includes(device.kind));
  const byId = new Map(devices.map((site) => [site.id, { ...site, site }]));
  const registry: Registry = {
    city: city.id,
    find: (id) => byId.get(id),
    all: () => [...byId.values()],
    gateways: () => [],
    reload: async () => undefined,
  };
  const engine = new AlertEngine({ city, registry, rules: trackRules, overrides: cityOverrides(city) });
  const lifecycle = new Lifecycle({ city: city.id });
  engine.listen(START_MS);
  let evaluated = 0;
  let changes = 0;
  let elapsedMs = 0;
  // Readings are made a round at a time, off the clock of the measurement.
  for (let round = 0; elapsedMs < seconds * 1000; round++) {
    const readings = devices.map((device, index) => readingOf(device.kind, device.id, index, round));
    const from = process.threadCpuUsage();
    for (const reading of readings) {
      for (const change of engine.takeReading(reading)) {
        lifecycle.apply(change);
        changes++;
      }
    }
    if (round % 60 === 59) {
      lifecycle.takeOccasions();
      lifecycle.settled();
      engine.watches.settled([...engine.watches.dirty]);
    }
    // Time of this thread on its core, not of the clock: other programs on the machine must not count.
    const { user, system } = process.threadCpuUsage(from);
    elapsedMs += (user + system) / 1000;
    evaluated += readings.length;
  }
  return {
    kinds: kinds.length > 1 ? 'all' : (kinds[0] as string),
    devices: devices.length,
    readings: evaluated,
    changes,
    'readings/s': Math.round((evaluated / elapsedMs) * 1000),
    'µs a reading': Number(((elapsedMs * 1000) / evaluated).toFixed(2)),
  };
}

/** A minute a round; each gauge has a flood of its own every 20 h, with millimetres of noise. */
function readingOf(kind: string, device: string, index: number, round: number): Reading {
  const atMs = START_MS + round * 60_000 + (index % 60) * 1_000;
  const noise = ((index * 7919 + round * 104_729) % 1_000) / 1_000;
  return {
    city: 'bench',
    kind,
    device,
    measuredAt: atMs,
    receivedAt: atMs + 200,
    simulated: false,
    quality: 0,
    values: (STORIES[kind] as Story)(index, round, noise),
  };
}

function tellFlood(index: number, round: number, noise: number): Values {
  const phase = ((round + index * 37) % 1_200) / 1_200;
  const flood = phase < 0.25 ? Math.sin(phase * 4 * Math.PI) ** 2 : 0;
  return { levelM: Number((1 + flood * 2.4 + noise * 0.01).toFixed(3)), rainMm: phase < 0.2 ? noise : 0 };
}

function tellVisitors(index: number, round: number, noise: number): Values {
  const crowd = (round + index) % 600 < 30 ? 40 : 0;
  return { clients: Math.floor(noise * 40 + crowd), lossPct: noise, rttMs: 8 };
}

function tellRound(index: number, round: number): Values {
  const turn = (round + index) / 50;
  return {
    lat: -7 + 0.05 * Math.sin(turn),
    lng: 110.4 + 0.05 * Math.cos(turn),
    accuracyM: 6,
    batteryPct: 100 - ((round + index) % 900) / 10,
    status: 'available',
  };
}

function benchCity(count: number): City {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const place = { lat: -7, lng: 110.4 };
  return parseCity('bench', {
    id: 'bench',
    name: 'Bench',
    timeZone: 'Asia/Jakarta',
    disclaimer: { id: 'Bukan kota.', en: 'Not a city.' },
    bounds: { south: -7.2, west: 110.2, north: -6.9, east: 110.6 },
    rivers: [{ id: 'river', name: 'River' }],
    uplinks: [{ id: 'uplink', name: 'Uplink' }],
    bases: [{ id: 'base', name: 'Base', ...place }],
    devices: [
      ...numbers.map((index) => ({
        id: `gauge-${index}`,
        name: `Gauge ${index}`,
        kind: 'river-gauge',
        ...place,
        river: 'river',
        sensorRangeM: [0, 8],
        normalLevelM: 1,
        thresholds: ['minor', 'moderate', 'severe', 'extreme'].map((severity, step) => ({
          severity,
          label: { id: severity, en: severity },
          levelM: 1.5 + step * 0.5,
        })),
        upstream: index > 0 && index % 10 !== 0 ? [{ gauge: `gauge-${index - 1}`, lagMin: 45 }] : [],
      })),
      ...numbers.map((index) => ({
        id: `ap-${index}`,
        name: `AP ${index}`,
        kind: 'wifi-access-point',
        ...place,
        place: 'Square',
        uplink: 'uplink',
        capacityClients: 50,
      })),
      ...numbers.map((index) => ({
        id: `unit-${index}`,
        name: `Unit ${index}`,
        kind: 'ambulance',
        ...place,
        vehicle: 'motorcycle',
        base: 'base',
        callSign: `U${index}`,
      })),
    ],
  });
}
