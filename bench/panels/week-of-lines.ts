/**
 * The lines that a city of 500 devices leaves in InfluxDB, minute by minute: what they report, and their liveness.
 *
 * 120 gauges and 300 access points report each minute, 80 ambulances each 18 s; one device in fifty is away. Invariant:
 * lines are of the forms that Siaga writes (reading-lines.ts, event-lines.ts).
 */
import { deviceKinds } from '../../devices/kinds/index.ts';
import type { Reading, Values } from '../../devices/reading.ts';
import { formatLine, type Tags } from '../../history/line-protocol.ts';
import { createReadingFormat } from '../../influx/copy/reading-lines.ts';

export const CITY = 'semarang';
const MINUTE_MS = 60_000;
/** Kinds with a ladder, which is sampled with their liveness. */
const SAMPLED = new Set<string>(['river-gauge']);
const STATUSES = ['available', 'available', 'en-route', 'on-scene', 'off-duty'];
/** Of 1,000: how many reports were not sound. */
const UNSOUND = 2;

interface Device {
  readonly id: string;
  readonly kind: 'river-gauge' | 'wifi-access-point' | 'ambulance';
  readonly index: number;
  readonly tags: Tags;
  readonly everyMs: number;
}

function devicesOf(): Device[] {
  const many = (kind: Device['kind'], count: number, everyMs: number, tags: (index: number) => Tags) =>
    Array.from({ length: count }, (_, index) => {
      return { id: `${kind}-${index}`, kind, index, tags: tags(index), everyMs };
    });
  return [
    ...many('river-gauge', 120, MINUTE_MS, (index) => ({ river: `river-${index % 12}` })),
    ...many('wifi-access-point', 300, MINUTE_MS, (index) => ({
      place: `place-${index % 40}`,
      uplink: `uplink-${index % 8}`,
    })),
    ...many('ambulance', 80, 18_000, (index) => ({ vehicle: index % 4 === 0 ? 'transport' : 'motorcycle' })),
  ];
}

export function* weekOfLines(fromMs: number, toMs: number): Generator<string> {
  const devices = devicesOf();
  const tags = new Map(devices.map((device) => [device.id, device.tags]));
  const format = createReadingFormat(deviceKinds, (device) => tags.get(device) ?? {});
  for (let atMs = fromMs; atMs < toMs; atMs += MINUTE_MS) {
    const minute = (atMs - fromMs) / MINUTE_MS;
    for (const device of devices) {
      const isAway = (device.index + Math.floor(minute / 60)) % 50 === 0;
      yield liveness(device, atMs, minute, isAway);
      if (isAway) continue;
      const { index, everyMs } = device;
      for (let offsetMs = (index * 97) % everyMs; offsetMs < MINUTE_MS; offsetMs += everyMs) {
        const line = format(readingOf(device, atMs + offsetMs, minute));
        if (line !== undefined) yield line;
      }
    }
  }
}

function readingOf({ id, kind, index }: Device, measuredAt: number, minute: number): Reading {
  const quality = (index + minute) % 1_000 < UNSOUND ? 1 : 0;
  const values = VALUES[kind](index, minute);
  return {
    ...{ city: CITY, kind, device: id, measuredAt, receivedAt: measuredAt, simulated: true },
    ...{ quality, values },
  };
}

const VALUES: Readonly<Record<Device['kind'], (index: number, minute: number) => Values>> = {
  'river-gauge': (index, minute) => ({
    levelM: levelOf(index, minute),
    rainMm: minute % 7 === 0 ? 0.4 : 0,
    batteryV: 12 + (index % 9) / 10,
    rssiDbm: -60 - (minute % 20),
  }),
  'wifi-access-point': (index, minute) => ({
    clients: (minute + index) % 60,
    rxBytes: minute * 1_000_000,
    txBytes: minute * 9_000_000,
    rttMs: 8 + ((minute + index) % 15),
    lossPct: (minute + index) % 3,
    channelUtilizationPct: 30 + ((minute + index) % 40),
  }),
  ambulance: (index, minute) => ({
    lat: -7 + ((minute + index) % 100) / 1_000,
    lng: 110.4 + ((minute + index) % 100) / 1_000,
    accuracyM: 5 + (minute % 9),
    speedMps: minute % 14,
    batteryPct: 100 - (minute % 80),
    status: STATUSES[Math.floor((minute + 7 * index) / 30) % STATUSES.length] as string,
  }),
};

function levelOf(index: number, minute: number): number {
  const level = 1 + 0.8 * Math.sin((minute + 60 * index) / 230) ** 2;
  return Math.round(level * 1_000) / 1_000;
}

function liveness(device: Device, atMs: number, minute: number, isAway: boolean): string {
  const { id, kind, index } = device;
  const levelM = levelOf(index, minute);
  const ladder = { minorM: 1.2, moderateM: 1.4, severeM: 1.6, extremeM: 1.7 };
  const steps = Object.values(ladder).filter((step) => step <= levelM).length;
  const gauge = { ...ladder, upstream: `river-gauge-${index - 1} 45 min` };
  const shown = isAway ? {} : { levelM, ladderRank: steps, tideM: index % 20 === 0 ? levelM : undefined };
  const sampled = SAMPLED.has(kind) ? { ...gauge, ...shown } : {};
  const state = isAway ? 'silent' : 'online';
  const fields = { ...sampled, state, up: isAway ? 0 : 1, upSamples: 1, lat: -7, lng: 110.4 };
  return formatLine('siaga_liveness', { city: CITY, device: id, kind }, fields, atMs) as string;
}
