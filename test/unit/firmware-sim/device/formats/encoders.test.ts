/** What a simulated device says in each format, read by the real format and ingest: the reading that it measured. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publishersOf } from '../../../../../cities/publishers.ts';
import { QualityFlag } from '../../../../../devices/reading.ts';
import {
  type EncoderFacts,
  encoderOf,
  type Measured,
} from '../../../../../firmware-sim/device/formats/encoder.ts';
import { encoders } from '../../../../../firmware-sim/device/formats/index.ts';
import { createPipelineHouse, HOUSE_START_MS } from '../../../../support/pipeline-house.ts';
import { accessPoint, buildSmallCity, gauge } from '../../../../support/small-city.ts';

const FOLDER = join(import.meta.dirname, '../../../../../firmware-sim/device/formats');
const bus = {
  ...{ id: 'bus-1', name: 'Bus 1', kind: 'tour-bus', lat: -7, lng: 110.4, route: 'Kota Lama' },
  ...{ seats: 40, wheelchairPlaces: 2 },
};
const city = buildSmallCity([
  gauge('hulu'),
  gauge('tide', { river: 'laut-jawa', tidal: true }),
  gauge('radar', { sensorHeightM: 7 }),
  accessPoint('ap-1'),
  bus,
]);
/** A quiet day, one on which what can be 0 is 0, and one on which nothing is small. */
const MEASURED: Readonly<Record<string, readonly Measured[]>> = {
  hulu: [
    { levelM: 1.234, rainMm: 0.4, batteryV: 12.61, rssiDbm: -71 },
    { levelM: 0, rainMm: 0, batteryV: 0, rssiDbm: -95 },
    { levelM: 5.999, rainMm: 31.8, batteryV: 13.1, rssiDbm: -62 },
  ],
  tide: [{ levelM: 0.871, batteryV: 12.3, rssiDbm: -80 }],
  radar: [
    { distanceM: 1.234, rainMm: 0.2, batteryV: 12.61, rssiDbm: -71 },
    { distanceM: 6.007, rainMm: 0, batteryV: 12.4, rssiDbm: -90 },
  ],
  'ap-1': [
    {
      ...{ clients: 37, rxBytes: 71_303_168, txBytes: 933_232_640, rttMs: 8.4, lossPct: 0.2 },
      ...{ channelUtilizationPct: 41, uptimeS: 86_400 },
    },
    {
      ...{ clients: 0, rxBytes: 0, txBytes: 0, rttMs: 4.2, lossPct: 0 },
      ...{ channelUtilizationPct: 0, uptimeS: 0 },
    },
    {
      ...{ clients: 300, rxBytes: 9_007_199_254_740, txBytes: 9_007_199_254_740, rttMs: 900.5, lossPct: 100 },
      ...{ channelUtilizationPct: 97, uptimeS: 8_640_000 },
    },
  ],
  'bus-1': [
    { lat: -6.991234, lng: 110.421234, accuracyM: 6, speedMps: 10, seatsFree: 12, service: 'in-service' },
    { lat: -7, lng: 110.4, accuracyM: 3, speedMps: 0, seatsFree: 0, service: 'out-of-service' },
  ],
};
const speakers = [...encoders.values()].flatMap((encoder) =>
  publishersOf(city)
    .filter((site) => !encoder.kinds || encoder.kinds.has(site.kind))
    .filter((site) => encoder.fits?.(site) ?? true)
    .map((site) => [encoder.name, site.id, encoder, site] as const),
);

function houseOf(encoder: EncoderFacts, site: (typeof speakers)[number][3]) {
  const { name: format, gateway } = encoder;
  const columns = encoder.columnsOf?.(site);
  return createPipelineHouse({
    city,
    devices: {
      [site.id]: {
        ...(format === 'siaga' ? {} : { format }),
        ...(gateway ? { gateway } : {}),
        ...(columns ? { options: { columns } } : {}),
        ...{ aliases: encoder.aliasesOf?.(site.id) ?? [], simulated: true },
      },
    },
    gateways: gateway ? [{ id: gateway, format }] : [],
  });
}

test('the register has each file of the folder', () => {
  const files = readdirSync(FOLDER).map((file) => file.replace('.ts', ''));
  const helpers = ['encoder', 'index', 'lorawan-node', 'sparkplug-payload'];
  expect([...encoders.keys()].sort()).toEqual(files.filter((file) => !helpers.includes(file)).sort());
});

describe.each(speakers)('%s of %s', (_format, id, registered, site) => {
  const speaker = { city: city.id, kind: site.kind, id };
  const sender = registered.gateway ?? id;

  test('comes back value by value, simulated, and without a word too many', async () => {
    for (const [index, measured] of (MEASURED[id] ?? []).entries()) {
      const encoder = encoderOf(registered);
      const house = houseOf(encoder, site);
      encoder.begin?.(HOUSE_START_MS - 5_000);
      const birth = encoder.begin && encoder.formatPresence?.(speaker, 'online', 'test 1');
      if (birth) await house.publish(birth.topic, birth.payload, sender);
      const measuredAtMs = HOUSE_START_MS - 1_234;
      const { topic, payload } = encoder.encode(speaker, { measured, measuredAtMs, seq: index + 1 });
      expect(await house.publish(topic, payload, sender)).toEqual({ stored: 1, repeated: 0, rejected: 0 });
      const [reading] = house.readings;
      const said = Object.entries(measured).filter(([name]) => encoder.quantities?.has(name) ?? true);
      const { levelM, ...values } = reading?.values ?? {};
      const level = 'distanceM' in measured ? { levelM: 7 - Number(measured['distanceM']) } : measured;
      expect(values).toEqual(Object.fromEntries(said.filter(([name]) => name !== 'levelM')));
      if (site.kind === 'river-gauge') expect(levelM).toBeCloseTo(Number(level['levelM']), 9);
      expect(reading).toMatchObject({ device: id, simulated: true });
      expect((reading?.quality ?? 0) & ~QualityFlag.serverTime, 'no flag but that of no time').toBe(0);
      if (!encoder.hasTime) expect(reading?.measuredAt).toBe(house.clock.ms);
      else expect(measuredAtMs - (reading?.measuredAt ?? 0), 'some say whole seconds').toBeLessThan(1_000);
    }
  });

  test('is what it was made for: a reading that is broken off is refused and kept', async () => {
    const [measured = {}] = MEASURED[id] ?? [];
    const encoder = encoderOf(registered);
    const { topic, payload } = encoder.encode(speaker, { measured, measuredAtMs: HOUSE_START_MS, seq: 1 });
    const house = houseOf(encoder, site);
    await house.publish(topic, payload.slice(0, 6), sender);
    expect(house.readings).toEqual([]);
    expect(house.rejections).toHaveLength(1);
  });

  test('says that it is there and that it is gone, where the format can', async () => {
    const encoder = encoderOf(registered);
    const house = houseOf(encoder, site);
    encoder.begin?.(HOUSE_START_MS);
    for (const presence of ['online', 'offline'] as const) {
      const words = encoder.formatPresence?.(speaker, presence, 'test 1');
      if (words) await house.publish(words.topic, words.payload, sender);
      if (words) expect(house.presences.at(-1)).toEqual([id, presence]);
    }
    expect(house.rejections).toEqual([]);
  });
});
