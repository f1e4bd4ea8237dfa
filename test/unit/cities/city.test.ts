/** A city's folder: what loads, and that a broken one says everything that is wrong with it at once. */

import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CityError, loadCity, parseCity } from '../../../cities/city.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';

const CITIES = readdirSync(`${import.meta.dirname}/../../../cities`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

const label = { id: 'Waspada', en: 'Watch' };

function gauge(id: string, more: Record<string, unknown> = {}) {
  return {
    kind: 'river-gauge',
    id,
    name: id,
    lat: -7,
    lng: 110.4,
    river: 'kali',
    sensorRangeM: [0, 5],
    normalLevelM: 0.5,
    thresholds: [
      { severity: 'moderate', label, levelM: 1 },
      { severity: 'severe', label, levelM: 2 },
    ],
    ...more,
  };
}

function town(more: Record<string, unknown> = {}) {
  return {
    id: 'town',
    name: 'Town',
    timeZone: 'Asia/Jakarta',
    disclaimer: { id: 'Perkiraan.', en: 'Approximate.' },
    bounds: { south: -7.1, west: 110.3, north: -6.9, east: 110.5 },
    rivers: [{ id: 'kali', name: 'Kali' }],
    devices: [gauge('upper'), gauge('lower', { upstream: [{ gauge: 'upper', lagMin: 30 }] })],
    ...more,
  };
}

function problemsOf(input: unknown): readonly string[] {
  try {
    parseCity('town', input);
  } catch (error) {
    if (error instanceof CityError) return error.problems;
    throw error;
  }
  return [];
}

describe('every city folder', () => {
  test('there are at least the two that the project shows', () => {
    expect(CITIES).toEqual(expect.arrayContaining(['semarang', 'jakarta']));
  });

  test.each(CITIES)('%s loads, and is the city that its folder names', (name) => {
    expect(loadCity(name).id).toBe(name);
  });

  test.each(CITIES)('%s: every gauge rests below its first threshold and clears on the way there', (name) => {
    const gauges = loadCity(name).devices.filter(isRiverGauge);
    expect(gauges.length).toBeGreaterThan(0);
    for (const { id, normalLevelM, thresholds, hysteresisM } of gauges) {
      expect(normalLevelM, id).toBeLessThan((thresholds[0]?.levelM ?? 0) - hysteresisM);
    }
  });

  test('a city that does not exist is answered with those that do', () => {
    expect(() => loadCity('atlantis')).toThrow(/no such city; looked in .*cities \(.*semarang/);
  });
});

describe('a sound town', () => {
  test('has no problems, and absent lists are empty', () => {
    expect(problemsOf(town())).toEqual([]);
    expect(parseCity('town', town())).toMatchObject({ uplinks: [], bases: [], hospitals: [], kecamatan: [] });
  });
});

describe('a broken town', () => {
  test('says everything at once, whether one entry shows it or two', () => {
    const problems = problemsOf(
      town({
        timeZone: 'Asia/Semarang',
        devices: [
          gauge('Bad Id'),
          gauge('far', { lat: 110.4, lng: -7 }),
          gauge('dry', { river: 'no-river', upstream: [{ gauge: 'nowhere', lagMin: 5 }] }),
          {
            kind: 'wifi-access-point',
            id: 'ap',
            name: 'AP',
            place: 'P',
            lat: -7,
            lng: 110.4,
            uplink: 'gone',
          },
          { kind: 'ambulance', id: 'car', name: 'Car', lat: -7, lng: 110.4, vehicle: 'boat', base: 'gone' },
        ],
        roads: {
          junctions: [{ id: 'a', lat: -7, lng: 110.4 }],
          roads: [{ from: 'a', to: 'b', class: 'primary', bridgeOver: 'no-river' }],
        },
      }),
    );
    expect(problems).toEqual(
      expect.arrayContaining([
        'timeZone: an IANA time zone',
        'devices.Bad Id.id: lower case letters, digits and hyphens, up to 64',
        expect.stringMatching(/^devices\.far\.lat: /),
        'devices.dry: no river no-river',
        'devices.dry: no upstream gauge nowhere',
        expect.stringMatching(/^devices\.ap\.capacityClients: /),
        expect.stringMatching(/^devices\.car\.vehicle: /),
        expect.stringMatching(/^devices\.car\.callSign: /),
        'roads.a–b: no junction b',
        'roads.a–b: no river no-river',
      ]),
    );
    expect(problems).toHaveLength(10);
  });

  test('names an uplink and a base that are not there', () => {
    const at = { lat: -7, lng: 110.4 };
    const ap = { ...at, kind: 'wifi-access-point', id: 'ap', name: 'AP', place: 'P', capacityClients: 30 };
    const car = { ...at, kind: 'ambulance', id: 'car', name: 'Car', vehicle: 'transport', callSign: 'C' };
    const devices = [
      { ...ap, uplink: 'gone' },
      { ...car, base: 'gone' },
    ];
    expect(problemsOf(town({ devices }))).toEqual([
      'devices.ap: no uplink gone',
      'devices.car: no base gone',
    ]);
  });

  test('names a hospital that has the id of a device: it reports its beds under it', () => {
    const beds = { emergency: 1, intensive: 1, ward: 1 };
    const hospitals = [{ id: 'upper', name: 'Hospital', lat: -7, lng: 110.4, class: 'C', beds }];
    expect(problemsOf(town({ hospitals }))).toEqual(['hospitals.upper: a device has this id already']);
  });

  test('does not blame a gauge for naming a neighbour that is itself broken', () => {
    const devices = [
      gauge('upper', { normalLevelM: 'half a metre' }),
      gauge('lower', { upstream: [{ gauge: 'upper', lagMin: 30 }] }),
    ];
    expect(problemsOf(town({ devices }))).toEqual([expect.stringMatching(/^devices\.upper\.normalLevelM: /)]);
  });

  test('with the same id twice says which', () => {
    const problems = problemsOf(town({ devices: [gauge('upper'), gauge('upper')] }));
    expect(problems).toEqual(['devices.upper: the id is used twice']);
  });

  test('with lat and lng swapped, where both are possible, is asked whether they are', () => {
    const bases = [{ id: 'psc', name: 'PSC', lat: 7, lng: 110.4 }];
    expect(problemsOf(town({ bases }))).toEqual([
      "bases.psc: it lies outside the city's bounds; are lat and lng swapped?",
    ]);
  });

  test('with bounds upside down says that once, and not of each entry that it lies outside', () => {
    const bounds = { south: -6.9, west: 110.3, north: -7.1, east: 110.5 };
    expect(problemsOf(town({ bounds }))).toEqual(['bounds: south must be below north and west below east']);
  });

  test('whose upstream gauges form a circle is told the circle, once', () => {
    const above = (id: string) => ({ upstream: [{ gauge: id, lagMin: 10 }] });
    const devices = [
      gauge('a', above('c')),
      gauge('b', above('a')),
      gauge('c', above('b')),
      gauge('d', above('a')),
    ];
    expect(problemsOf(town({ devices }))).toEqual([
      'devices.a: the upstream gauges form a circle: a → c → b → a',
    ]);
  });

  test('whose gauge is its own upstream neighbour is told so', () => {
    const devices = [gauge('a', { upstream: [{ gauge: 'a', lagMin: 10 }] })];
    expect(problemsOf(town({ devices }))).toEqual(['devices.a: the upstream gauges form a circle: a → a']);
  });

  test.each([
    ['a normal level within the hysteresis of the first threshold', { normalLevelM: 0.95 }, /never clears/],
    ['a normal level that the sensor cannot see', { normalLevelM: -1 }, /cannot see the normal level -1 m/],
    ['a threshold that the sensor cannot see', { sensorRangeM: [0, 1.5] }, /cannot see 2 m/],
    ['a range with its ends swapped', { sensorRangeM: [5, 0] }, /must be \[lowest, highest\]/],
    ['a sensor below the top of its own range', { sensorHeightM: 4 }, /hangs at 4 m and cannot see 5 m/],
  ])('with %s is refused', (_, more, sentence) => {
    expect(problemsOf(town({ devices: [gauge('a', more)] }))).toContainEqual(expect.stringMatching(sentence));
  });

  test('with thresholds or severities out of order is refused', () => {
    const thresholds = [
      { severity: 'severe', label, levelM: 2 },
      { severity: 'moderate', label, levelM: 1.5 },
    ];
    expect(problemsOf(town({ devices: [gauge('a', { thresholds })] }))).toEqual([
      'devices.a: thresholds must ascend',
      'devices.a: severities must ascend with the levels',
    ]);
  });

  test('with a list that no part of the city has, such as a misspelt file, is refused', () => {
    expect(problemsOf(town({ hospital: [] }))).toEqual([expect.stringMatching(/^city: .*"hospital"/)]);
  });

  test('that is no object at all is refused without a crash', () => {
    expect(problemsOf(null)).toHaveLength(1);
    expect(problemsOf({ devices: 'none', roads: [] }).length).toBeGreaterThan(3);
  });
});
