/** In which order the places of cities are asked, and what an unknown city is told. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  describeUnknownCity,
  findCityFolder,
  listCityPlaces,
  SHIPPED_CITIES,
} from '../../../config/city-folder.ts';
import { ConfigError, parseConfig } from '../../../config/config.ts';

let root: string;
let places: { SIAGA_CITIES_DIR: string; SIAGA_DATA_DIR: string };
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'siaga-places-'));
  places = { SIAGA_CITIES_DIR: join(root, 'own'), SIAGA_DATA_DIR: join(root, 'data') };
  mkdirSync(places.SIAGA_CITIES_DIR);
  mkdirSync(places.SIAGA_DATA_DIR);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const find = (city: string) => findCityFolder(city, listCityPlaces(places));

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    parseConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the folder of a city', () => {
  test('is sought in SIAGA_CITIES_DIR, then in the data folder, then among the shipped ones', () => {
    expect(find('semarang')).toBe(join(SHIPPED_CITIES, 'semarang'));
    mkdirSync(join(root, 'data/cities/semarang'), { recursive: true });
    expect(find('semarang')).toBe(join(root, 'data/cities/semarang'));
    mkdirSync(join(root, 'own/semarang'));
    expect(find('semarang')).toBe(join(root, 'own/semarang'));
    expect(find('jakarta')).toBe(join(SHIPPED_CITIES, 'jakarta'));
  });

  test('may be a link, as volumes and releases have them', () => {
    mkdirSync(join(root, 'elsewhere'));
    symlinkSync(join(root, 'elsewhere'), join(root, 'own/kota-baru'));
    symlinkSync(join(root, 'gone'), join(root, 'own/kota-lama'));
    expect(find('kota-baru')).toBe(join(root, 'own/kota-baru'));
    expect(find('kota-lama')).toBeUndefined();
  });

  test.each(['..', '.', '', 'semarang/..', '../own', 'city.ts', '.git', 'lost+found'])(
    'is never %j',
    (name) => {
      mkdirSync(join(root, 'own/.git'));
      mkdirSync(join(root, 'own/lost+found'));
      expect(find(name)).toBeUndefined();
    },
  );

  test('an empty variable counts as absent', () => {
    expect(listCityPlaces({ SIAGA_CITIES_DIR: '', SIAGA_DATA_DIR: '' }).map(({ folder }) => folder)).toEqual([
      SHIPPED_CITIES,
    ]);
  });
});

describe('an unknown city', () => {
  test('is told every place that was asked, and what it holds', () => {
    mkdirSync(join(root, 'own/kota-baru'));
    writeFileSync(join(root, 'own/notes.txt'), '');
    expect(describeUnknownCity(listCityPlaces(places))).toBe(
      `no such city; looked in ${root}/own (kota-baru), ${root}/data/cities (no such folder), ` +
        `${SHIPPED_CITIES} (banjarmasin, batang, jakarta, kotawaringin-barat, magelang, musi-banyuasin, semarang)`,
    );
  });

  test('is a problem of the environment, and so is a folder of cities that is not there', () => {
    expect(problemsOf({ ...places, SIAGA_CITY: 'atlantis' })).toEqual([
      expect.stringMatching(/^SIAGA_CITY: no such city; looked in .*own \(empty\)/),
    ]);
    const absent = join(root, 'not-mounted');
    expect(problemsOf({ SIAGA_CITIES_DIR: absent })).toEqual([
      `SIAGA_CITIES_DIR: there is no folder ${absent}`,
    ]);
  });
});
