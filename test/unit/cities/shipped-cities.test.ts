/** Every city that comes with Siaga: sound, honest about what it knows, and a whole that the simulator can play. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkCityFolder } from '../../../cities/check-city.ts';
import { loadCity } from '../../../cities/city.ts';
import { publishersOf } from '../../../cities/publishers.ts';
import { listCityPlaces, SHIPPED_CITIES } from '../../../config/city-folder.ts';
import { isAmbulance } from '../../../devices/kinds/ambulance.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';
import { isAccessPoint } from '../../../devices/kinds/wifi-access-point.ts';
import { SEVERITIES } from '../../../devices/site.ts';
import { playCity } from '../../support/simulated-minutes.ts';

const SHIPPED = listCityPlaces({})[0]?.cities ?? [];
/** Small ones for the cities behind this project: their clock, and a water that everybody there knows. */
const SMALL = [
  ['banjarmasin', 'Asia/Makassar', 'Sungai Martapura'],
  ['batang', 'Asia/Jakarta', 'Kali Sambong'],
  ['kotawaringin-barat', 'Asia/Pontianak', 'Sungai Arut'],
  ['magelang', 'Asia/Jakarta', 'Kali Progo'],
  ['musi-banyuasin', 'Asia/Jakarta', 'Sungai Musi'],
] as const;
const SMALL_NAMES = SMALL.map(([name]) => name);
/** 09:30 in Jakarta. */
const STARTED_AT = Date.parse('2026-01-15T02:30:00Z');

test('seven cities are shipped', () => {
  expect(SHIPPED).toEqual([...SMALL_NAMES, 'jakarta', 'semarang'].sort());
});

describe.each(SHIPPED)('%s', (name) => {
  const city = loadCity(name);
  const gauges = city.devices.filter(isRiverGauge);

  test('has no problem that `check` can find', () => {
    expect(checkCityFolder(join(SHIPPED_CITIES, name))).toEqual([]);
  });

  test('says in both languages that its positions are approximate', () => {
    expect(city.disclaimer.id).toMatch(/perkiraan/i);
    expect(city.disclaimer.en).toMatch(/approximate/i);
  });

  test('lies within its bounds with all that it has', () => {
    const { south, west, north, east } = city.bounds;
    const { devices, bases, hospitals, kecamatan, roads } = city;
    const places = [...devices, ...bases, ...hospitals, ...kecamatan, ...(roads?.junctions ?? [])];
    const outside = places.filter(
      ({ lat, lng }) => !(lat >= south && lat <= north && lng >= west && lng <= east),
    );
    expect(outside.map(({ id }) => id)).toEqual([]);
  });

  test('has ladders that ascend, each step in the words of two languages', () => {
    expect(gauges.length).toBeGreaterThanOrEqual(3);
    for (const { id, thresholds } of gauges) {
      const ranks = thresholds.map(({ severity, levelM }) => [SEVERITIES.indexOf(severity), levelM]);
      const ascending = [...ranks].sort(([, a = 0], [, b = 0]) => a - b);
      expect(ranks, id).toEqual(ascending);
      expect(new Set(ranks.map(([rank]) => rank)).size, id).toBe(ranks.length);
      for (const { label } of thresholds) {
        expect(label.id.trim(), id).not.toBe('');
        expect(label.en.trim(), id).not.toBe('');
        expect(label.en, id).not.toBe(label.id);
      }
    }
  });

  test('is played by the simulator: a report for each device within a minute, and nothing is wrong yet', async () => {
    await using played = await playCity(city, STARTED_AT);
    await played.pass(60);
    expect(played.heard).toBeGreaterThanOrEqual(publishersOf(city).length);
    expect(await played.alerts()).toEqual([]);
  });
});

describe.each(SMALL)('%s, a small true city', (name, timeZone, water) => {
  const city = loadCity(name);
  const gauges = city.devices.filter(isRiverGauge);
  const accessPoints = city.devices.filter(isAccessPoint);
  const ambulances = city.devices.filter(isAmbulance);

  test('has its own clock, its waters, gauges on each, and what stands above what', () => {
    expect(city.timeZone).toBe(timeZone);
    expect(city.rivers.map((river) => river.name)).toContain(water);
    expect(new Set(gauges.map(({ river }) => river))).toEqual(new Set(city.rivers.map(({ id }) => id)));
    // The tide comes from below: there no gauge foretells another.
    const tidal = gauges.every((gauge) => gauge.tidal);
    expect(gauges.some(({ upstream }) => upstream.length > 0)).toBe(!tidal);
  });

  test('has Wi-Fi behind uplinks, hospitals with beds, and units of both kinds at their bases', () => {
    expect(new Set(accessPoints.map(({ uplink }) => uplink))).toEqual(
      new Set(city.uplinks.map(({ id }) => id)),
    );
    expect(accessPoints.length).toBeGreaterThanOrEqual(4);
    expect(city.hospitals.length).toBeGreaterThanOrEqual(1);
    for (const { beds } of city.hospitals) expect(Math.min(...Object.values(beds))).toBeGreaterThan(0);
    expect(new Set(ambulances.map(({ vehicle }) => vehicle))).toEqual(new Set(['motorcycle', 'transport']));
    expect(new Set(ambulances.map(({ callSign }) => callSign)).size).toBe(ambulances.length);
    for (const { id, base, lat, lng } of ambulances) {
      expect(
        city.bases.find((each) => each.id === base),
        id,
      ).toMatchObject({ lat, lng });
    }
  });

  test('has one road network, with a name at each crossing for the dispatcher to type', () => {
    const { junctions = [], roads = [] } = city.roads ?? {};
    expect(junctions.filter((junction) => !junction.name).map(({ id }) => id)).toEqual([]);
    const reached = new Set(junctions.slice(0, 1).map(({ id }) => id));
    for (let before = 0; before < reached.size; ) {
      before = reached.size;
      for (const { from, to } of roads) {
        if (reached.has(from)) reached.add(to);
        else if (reached.has(to)) reached.add(from);
      }
    }
    expect(junctions.filter(({ id }) => !reached.has(id)).map(({ id }) => id)).toEqual([]);
    expect(junctions.length).toBeGreaterThanOrEqual(10);
  });

  test('gives no position closer than four decimals: nobody has surveyed it', () => {
    const { devices, bases, hospitals, kecamatan, roads } = city;
    const places = [...devices, ...bases, ...hospitals, ...kecamatan, ...(roads?.junctions ?? [])];
    const closer = places.filter(({ lat, lng }) =>
      [lat, lng].some((degrees) => Number(degrees.toFixed(4)) !== degrees),
    );
    expect(closer.map(({ id }) => id)).toEqual([]);
  });

  test('has notes that say what is published and what is a placeholder', () => {
    const file = join(SHIPPED_CITIES, name, 'NOTES.md');
    expect(existsSync(file)).toBe(true);
    const notes = readFileSync(file, 'utf8');
    for (const word of ['Published', 'Placeholders', 'Approximate', 'BPBD']) expect(notes).toContain(word);
  });
});

test('Magelang has card terminals in both of its great markets', () => {
  const markets = loadCity('magelang').devices.flatMap((device) =>
    device.kind === 'market-terminal' ? [(device as unknown as { market: string }).market] : [],
  );
  expect(new Set(markets)).toEqual(new Set(['Pasar Rejowinangun', 'Pasar Gotong Royong', 'Pasar Kebonpolo']));
});

test('Lumpatan has the ladder of BPBD Musi Banyuasin, Kotawaringin Lama the flood level that BPBD told', () => {
  const ladderOf = (name: string, id: string) =>
    loadCity(name)
      .devices.filter(isRiverGauge)
      .find((gauge) => gauge.id === id)
      ?.thresholds.map(({ label, levelM }) => [label.id, levelM]);
  expect(ladderOf('musi-banyuasin', 'musi-lumpatan')).toEqual([
    ['Siaga III', 0.51],
    ['Siaga II', 1.01],
    ['Siaga I', 1.51],
  ]);
  expect(ladderOf('kotawaringin-barat', 'lamandau-kotawaringin-lama')?.at(-1)).toEqual(['Siaga 1', 8.8]);
});
