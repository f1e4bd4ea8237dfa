/** A city begun by `new`, checked by `check` and handed on by `export`; and each way to break one, with its remedy. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkCityFolder } from '../../../cities/check-city.ts';
import { loadCity, loadCityFolder } from '../../../cities/city.ts';
import { type CityFlags, CommandError, runCityCommand } from '../../../cities/city-commands.ts';
import { cityShape } from '../../../cities/entries.ts';
import { describeFolder } from '../../../cities/folder-readme.ts';
import { isRiverGauge } from '../../../devices/kinds/river-gauge.ts';

let root: string;
let printed: string[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'siaga-cities-'));
  printed = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const run = (words: readonly string[], flags: CityFlags = {}) =>
  runCityCommand(words, flags, {
    places: { SIAGA_CITIES_DIR: root },
    print: (line) => printed.push(line),
  });

function writeTown(): string {
  run(['new', 'town'], { lat: '-3.2414', lng: '116.2238', 'time-zone': 'Asia/Makassar' });
  printed = [];
  return join(root, 'town');
}

type Entry = Record<string, unknown>;

/** Changes the first entry of a list, or the fields of city.json. */
function change(file: string, fields: Entry): void {
  const path = join(root, 'town', file);
  const content = JSON.parse(readFileSync(path, 'utf8'));
  Object.assign(Array.isArray(content) ? content[0] : content, fields);
  writeFileSync(path, JSON.stringify(content));
}

describe('a new city', () => {
  test.each([
    ['near the equator', '-0.03', '109.33'],
    ['in the south', '-53.16', '-70.91'],
    ['in the far north', '69.65', '18.96'],
    ['beside the date line', '-16.8', '179.7'],
  ])('%s passes the check, loads, and has one of each', (_, lat, lng) => {
    expect(run(['new', 'kota-baru'], { name: 'Kota Baru', lat, lng, 'time-zone': 'Asia/Jakarta' })).toBe(0);
    expect(checkCityFolder(join(root, 'kota-baru'))).toEqual([]);
    const city = loadCity('kota-baru', { SIAGA_CITIES_DIR: root });
    expect(city).toMatchObject({ id: 'kota-baru', name: 'Kota Baru' });
    expect([city.rivers, city.bases, city.hospitals].map((list) => list.length)).toEqual([1, 1, 1]);
    expect(city.devices.map(({ kind }) => kind).sort()).toEqual(['ambulance', 'river-gauge']);
    for (const place of [...city.devices, ...city.hospitals]) {
      expect(Math.abs(place.lat - Number(lat))).toBeLessThan(0.02);
    }
  });

  test('says what it assumed because nobody said it, and nothing else', () => {
    run(['new', 'kota-baru'], { lat: '-3.2', lng: '116.2' });
    expect(printed.filter((line) => line.startsWith('assumed'))).toEqual([
      expect.stringContaining('time zone Asia/Jakarta'),
    ]);
    expect(loadCity('kota-baru', { SIAGA_CITIES_DIR: root }).name).toBe('Kota Baru');
  });

  test('is never written over one that is there', () => {
    const before = readFileSync(join(writeTown(), 'city.json'), 'utf8');
    expect(() => run(['new', 'town'])).toThrow(/is there already/);
    expect(readFileSync(join(root, 'town/city.json'), 'utf8')).toBe(before);
  });

  test.each<[string, string, CityFlags]>([
    ['an id that no topic can hold', 'Kota Baru', {}],
    ['an id that leads elsewhere', '../town', {}],
    ['a latitude beyond the pole', 'town', { lat: '95', lng: '0' }],
    ['a latitude that is no number', 'town', { lat: 'south', lng: '0' }],
    ['an empty longitude', 'town', { lat: '0', lng: ' ' }],
    ['half a position', 'town', { lat: '-3' }],
    ['a time zone that is none', 'town', { 'time-zone': 'WITA' }],
    ['an empty name', 'town', { name: ' ' }],
  ])('with %s is refused, and nothing is written', (_, id, flags) => {
    expect(() => run(['new', id], flags)).toThrow(CommandError);
    expect(readdirSync(root)).toEqual([]);
  });

  test('is explained: its README names every list and every field of a city', () => {
    const text = describeFolder('Kota Baru');
    for (const field of Object.keys(cityShape.shape).filter((each) => each !== 'devices')) {
      expect(text).toMatch(new RegExp(`\\b${field}\\b`));
    }
    const [gauge] = loadCityFolder(writeTown()).devices.filter(isRiverGauge);
    for (const field of Object.keys(gauge as object)) expect(text).toContain(`\`${field}\``);
  });
});

describe('check', () => {
  test.each<[string, string, Entry, string, RegExp, RegExp]>([
    ['a wrong type', 'bases.json', { lat: 'south' }, 'bases.base-1.lat', /expected number/, /without quotes/],
    ['a missing field', 'bases.json', { name: undefined }, 'bases.base-1.name', /undefined/, /add the field/],
    ['an unknown field', 'bases.json', { nmae: 'x' }, 'bases.base-1', /"nmae"/, /correct its name/],
    [
      'a wrong word',
      'hospitals.json',
      { class: 'E' },
      'hospitals.hospital-1.class',
      /"A"/,
      /one of the words/,
    ],
    ['a bad id', 'bases.json', { id: 'Base 1' }, 'bases.Base 1.id', /lower case/, /another id/],
    ['a time zone', 'city.json', { timeZone: 'WIB' }, 'timeZone', /IANA/, /Asia\/Makassar/],
    ['a far place', 'bases.json', { lat: 3 }, 'bases.base-1', /outside the city/, /widen `bounds`/],
    ['bounds', 'city.json', { bounds: { south: 1, north: 0, west: 0, east: 1 } }, 'bounds', /below/, /swap/],
    ['a river', 'devices.river-gauge.json', { river: 'no' }, 'devices.gauge-1', /no river/, /add that entry/],
    ['a base', 'devices.ambulance.json', { base: 'no' }, 'devices.ambulance-1', /no base/, /add that entry/],
    ['a kecamatan', 'hospitals.json', { kecamatan: 'X' }, 'hospitals.hospital-1', /no kec/, /add that entry/],
    ['an id of two', 'hospitals.json', { id: 'gauge-1' }, 'hospitals.gauge-1', /already/, /another id/],
    [
      'a gauge above',
      'devices.river-gauge.json',
      { upstream: [{ gauge: 'no', lagMin: 5 }] },
      'devices.gauge-1',
      /no upstream/,
      /add that gauge/,
    ],
    [
      'a circle',
      'devices.river-gauge.json',
      { upstream: [{ gauge: 'gauge-1', lagMin: 5 }] },
      'devices.gauge-1',
      /circle/,
      /downstream/,
    ],
    ['a range', 'devices.river-gauge.json', { sensorRangeM: [6, 0] }, 'devices.gauge-1', /must be/, /swap/],
    ['a low sensor', 'devices.river-gauge.json', { sensorHeightM: 5 }, 'devices.gauge-1', /hangs/, /lower/],
    ['a high level', 'devices.river-gauge.json', { normalLevelM: 1.45 }, 'devices.gauge-1', /never/, /raise/],
    [
      'a narrow range',
      'devices.river-gauge.json',
      { sensorRangeM: [0, 3] },
      'devices.gauge-1',
      /see/,
      /widen/,
    ],
    ['another id', 'city.json', { id: 'village' }, 'id', /folder's name/, /rename the folder/],
  ])('names file, entry, reason and remedy of %s', (_, file, fields, entry, reason, remedy) => {
    const folder = writeTown();
    change(file, fields);
    const problems = checkCityFolder(folder);
    expect(problems).toContainEqual({
      file,
      entry,
      reason: expect.stringMatching(reason),
      remedy: expect.stringMatching(remedy),
    });
    expect(run(['check', 'town'])).toBe(1);
    expect(printed.join('\n')).toContain(`${file}: ${entry}: `);
  });

  test('names all problems at once, and a file that cannot be read hides none of the others', () => {
    const folder = writeTown();
    change('hospitals.json', { class: 'E' });
    change('devices.ambulance.json', { vehicle: 'boat' });
    writeFileSync(join(folder, 'bases.json'), '[{ "id": "base-1", }]');
    writeFileSync(join(folder, 'hospital.json'), '[]');
    expect(checkCityFolder(folder).map(({ file }) => file)).toEqual([
      'bases.json',
      'devices.ambulance.json',
      'hospitals.json',
      'hospital.json',
    ]);
  });

  test('finds the file of an entry where several files add up to one list', () => {
    const folder = writeTown();
    const [gauge] = JSON.parse(readFileSync(join(folder, 'devices.river-gauge.json'), 'utf8'));
    writeFileSync(
      join(folder, 'devices.south.json'),
      JSON.stringify([
        { ...gauge, id: 'gauge-10' },
        { ...gauge, id: undefined },
      ]),
    );
    expect(checkCityFolder(folder).map(({ file, entry }) => [file, entry])).toEqual([
      ['devices.south.json', 'devices.3.id'],
    ]);
    writeFileSync(join(folder, 'devices.south.json'), JSON.stringify([gauge]));
    expect(checkCityFolder(folder).map(({ file, reason }) => [file, reason])).toEqual([
      ['devices.south.json', 'the id is used twice'],
    ]);
  });

  test.each([
    ['no city.json', undefined],
    ['a city.json that is empty', ''],
    ['a city.json that is a list', '[]'],
    ['a city.json that is null', 'null'],
  ])('of a folder with %s says so without a crash', (_, text) => {
    const file = join(writeTown(), 'city.json');
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text);
    expect(checkCityFolder(join(root, 'town'))[0]?.file).toBe('city.json');
    expect(run(['check', join(root, 'town')])).toBe(1);
  });

  test('of a city that is nowhere says where was looked', () => {
    expect(() => run(['check', 'atlantis'])).toThrow(/no such city; looked in .*semarang/);
  });
});

describe('export', () => {
  test('copies the whole city into a folder of its id, which loads there', () => {
    expect(run(['export', 'banjarmasin', join(root, 'out')])).toBe(0);
    const copy = join(root, 'out/banjarmasin');
    expect(loadCityFolder(copy)).toEqual(loadCity('banjarmasin'));
    expect(readFileSync(join(copy, 'README.md'), 'utf8')).toContain('## city.json');
    expect(run(['export', 'banjarmasin', join(root, 'two/banjarmasin')])).toBe(0);
    expect(existsSync(join(root, 'two/banjarmasin/city.json'))).toBe(true);
  });

  test('overwrites nothing, and never copies a city into itself', () => {
    const town = writeTown();
    run(['export', 'town', join(root, 'out')]);
    expect(() => run(['export', 'town', join(root, 'out')])).toThrow(/is there already/);
    expect(() => run(['export', 'town', join(town, 'copy')])).toThrow(/own folder/);
    expect(readdirSync(town)).not.toContain('copy');
  });
});

test.each([[['nwe', 'town']], [['new']], [['check']], [['check', 'a', 'b']], [['export', 'town']], [[]]])(
  '%j is no command',
  (words) => {
    expect(() => run(words)).toThrow(CommandError);
  },
);
