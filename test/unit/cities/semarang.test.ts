/** Semarang as the demonstration needs it: enough of everything, joined up, and on its own land. */

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadCity } from '../../../cities/city.ts';
import { isAmbulance } from '../../../devices/kinds/ambulance.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';
import { isAccessPoint } from '../../../devices/kinds/wifi-access-point.ts';

const DATA_DIR = process.env['SIAGA_TEST_DATA_DIR'] ?? `${import.meta.dirname}/../../../../shared/data`;
const KELURAHAN = `${DATA_DIR}/semarang-kelurahan.geojson`;

const city = loadCity('semarang');
const gauges = city.devices.filter(isRiverGauge);
const accessPoints = city.devices.filter(isAccessPoint);
const ambulances = city.devices.filter(isAmbulance);
const junctions = city.roads?.junctions ?? [];
const roads = city.roads?.roads ?? [];

describe('the devices of Semarang', () => {
  test('at least twelve river gauges on at least ten rivers, and two tide gauges on the Java Sea', () => {
    const onRivers = gauges.filter((each) => !each.tidal);
    expect(onRivers.length).toBeGreaterThanOrEqual(12);
    expect(new Set(onRivers.map((each) => each.river)).size).toBeGreaterThanOrEqual(10);
    expect(gauges.filter((each) => each.tidal).map((each) => each.river)).toEqual(['laut-jawa', 'laut-jawa']);
  });

  test('some gauges measure the distance down to the water, others the stage', () => {
    const byDistance = gauges.filter((each) => each.sensorHeightM !== undefined);
    expect(byDistance.length).toBeGreaterThanOrEqual(3);
    expect(byDistance.length).toBeLessThan(gauges.length);
  });

  test('Bendung Simongan warns at 150, 170 and 180 cm, and 110 cm is safe', () => {
    const simongan = gauges.find((each) => each.id === 'bendung-simongan');
    expect(simongan?.thresholds.map((each) => each.levelM)).toEqual([1.5, 1.7, 1.8]);
    expect(simongan?.normalLevelM).toBeLessThanOrEqual(1.1);
    expect(simongan?.upstream.map((each) => each.gauge)).toEqual(['garang-tinjomoyo', 'kreo-kalipancur']);
  });

  test('a tidal flood warns at 1.5 m and is severe at 2.05 m', () => {
    for (const { thresholds } of gauges.filter((each) => each.tidal)) {
      expect(thresholds.map((each) => [each.severity, each.levelM])).toEqual([
        ['moderate', 1.5],
        ['severe', 2.05],
      ]);
    }
  });

  test('at least sixty access points in twelve public places behind six uplinks', () => {
    expect(accessPoints.length).toBeGreaterThanOrEqual(60);
    expect(new Set(accessPoints.map((each) => each.place)).size).toBeGreaterThanOrEqual(12);
    const used = new Set(accessPoints.map((each) => each.uplink));
    expect(used.size).toBeGreaterThanOrEqual(6);
    expect([...used].sort()).toEqual(city.uplinks.map((each) => each.id).sort());
  });

  test('twelve motorcycles and eight transport ambulances, each standing at its base', () => {
    expect(ambulances.filter((each) => each.vehicle === 'motorcycle')).toHaveLength(12);
    expect(ambulances.filter((each) => each.vehicle === 'transport')).toHaveLength(8);
    expect(new Set(ambulances.map((each) => each.callSign)).size).toBe(20);
    for (const { id, base, lat, lng } of ambulances) {
      expect(
        city.bases.find((each) => each.id === base),
        id,
      ).toMatchObject({ lat, lng });
    }
  });
});

describe('the places of Semarang', () => {
  test('sixteen kecamatan and at least ten hospitals, one of them of class A', () => {
    expect(city.kecamatan).toHaveLength(16);
    expect(city.hospitals.length).toBeGreaterThanOrEqual(10);
    expect(city.hospitals.some((each) => each.class === 'A')).toBe(true);
  });

  test('says in both languages that positions are approximate', () => {
    expect(city.disclaimer.id).toContain('perkiraan');
    expect(city.disclaimer.en).toContain('approximate');
  });
});

describe('the main roads of Semarang', () => {
  const at = new Map(junctions.map((each) => [each.id, each]));

  /** Metres between two junctions a few kilometres apart, on a plane that touches the Earth at 7° S. */
  function straightM(from: string, to: string): number {
    const [a, b] = [at.get(from), at.get(to)];
    if (!a || !b) return Number.NaN;
    const metresADegree = 111_195;
    return Math.hypot((a.lat - b.lat) * metresADegree, (a.lng - b.lng) * metresADegree * 0.9925);
  }

  function reachable(start: string, nextOf: (id: string) => string[]): Set<string> {
    const seen = new Set([start]);
    const open = [start];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (const next of nextOf(id)) {
        if (!seen.has(next)) open.push(next);
        seen.add(next);
      }
    }
    return seen;
  }

  test('60 to 150 junctions, joined by roads of 200 m to 5 km', () => {
    expect(junctions.length).toBeGreaterThanOrEqual(60);
    expect(junctions.length).toBeLessThanOrEqual(150);
    const odd = roads.filter(({ from, to }) => !(straightM(from, to) > 200 && straightM(from, to) < 5000));
    expect(odd.map(({ from, to }) => `${from}–${to}`)).toEqual([]);
  });

  test('from Simpang Lima a car reaches every junction, and from every junction Simpang Lima', () => {
    const ahead = Map.groupBy(
      roads.flatMap(({ from, to, oneway }) =>
        oneway
          ? [{ from, to }]
          : [
              { from, to },
              { from: to, to: from },
            ],
      ),
      (each) => each.from,
    );
    const back = Map.groupBy([...ahead.values()].flat(), (each) => each.to);
    const out = reachable('simpang-lima', (id) => (ahead.get(id) ?? []).map((each) => each.to));
    const home = reachable('simpang-lima', (id) => (back.get(id) ?? []).map((each) => each.from));
    const missing = junctions.filter((each) => !out.has(each.id) || !home.has(each.id));
    expect(missing.map((each) => each.id)).toEqual([]);
    expect(roads.some((each) => each.oneway)).toBe(true);
  });

  test('no two junctions are joined twice', () => {
    const pairs = roads.map(({ from, to }) => [from, to].sort().join('–'));
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  test('bridges cross both flood canals more than once, and six rivers besides', () => {
    const bridges = roads.map((each) => each.bridgeOver).filter((each) => each !== undefined);
    const over = (river: string) => bridges.filter((each) => each === river).length;
    expect(over('banjir-kanal-barat')).toBeGreaterThanOrEqual(3);
    expect(over('banjir-kanal-timur')).toBeGreaterThanOrEqual(3);
    expect(new Set(bridges).size).toBeGreaterThanOrEqual(8);
  });
});

type Ring = [lng: number, lat: number][];

/** Even–odd rule: a ray to the east crosses the ring's edges an odd number of times. */
function inRing(ring: Ring, lat: number, lng: number): boolean {
  let inside = false;
  for (const [index, [lngB, latB]] of ring.entries()) {
    const [lngA, latA] = ring.at(index - 1) ?? [lngB, latB];
    if (latA > lat !== latB > lat && lng < lngB + ((lngA - lngB) * (lat - latB)) / (latA - latB)) {
      inside = !inside;
    }
  }
  return inside;
}

describe.skipIf(!existsSync(KELURAHAN))(`the land of Semarang (skipped without ${KELURAHAN})`, () => {
  interface Kelurahan {
    properties: { district: string };
    geometry: { coordinates: Ring[][] };
  }
  const load = () => (JSON.parse(readFileSync(KELURAHAN, 'utf8')) as { features: Kelurahan[] }).features;
  const land = existsSync(KELURAHAN) ? load() : [];

  function kecamatanAt({ lat, lng }: { lat: number; lng: number }): string | undefined {
    const found = land.find(({ geometry }) =>
      geometry.coordinates.some((rings) => rings[0] && inRing(rings[0], lat, lng)),
    );
    // The boundaries spell two of them in two words.
    return found?.properties.district.replace(
      /^(Gunung|Gajah) (.)/,
      (_, word, next) => word + next.toLowerCase(),
    );
  }

  test('holds every device, base, hospital and junction', () => {
    const places = [...city.devices, ...city.bases, ...city.hospitals, ...junctions];
    expect(places.filter((each) => kecamatanAt(each) === undefined).map((each) => each.id)).toEqual([]);
  });

  test('has each hospital and the centre of each kecamatan in the kecamatan that it names', () => {
    for (const hospital of city.hospitals)
      expect(kecamatanAt(hospital), hospital.id).toBe(hospital.kecamatan);
    for (const kecamatan of city.kecamatan) expect(kecamatanAt(kecamatan), kecamatan.id).toBe(kecamatan.name);
  });

  test('has a main junction in each kecamatan', () => {
    const served = new Set(junctions.map(kecamatanAt));
    expect(city.kecamatan.filter((each) => !served.has(each.name)).map((each) => each.name)).toEqual([]);
  });
});
