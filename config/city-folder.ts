/**
 * Where a city lives: the folders that hold cities, in the order in which they are asked, and the folder of one city.
 *
 * Asked by config.ts before the start and by cities/city.ts when it loads. Invariant: the first place that has the
 * city wins, so that an operator's own Semarang goes before the shipped one; a city that is nowhere is answered
 * with every place that was asked and what it holds.
 */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The part of the environment that says where cities are. An empty variable counts as absent. */
export interface CityPlaces {
  readonly SIAGA_CITIES_DIR?: string | undefined;
  readonly SIAGA_DATA_DIR?: string | undefined;
}

export interface CityPlace {
  readonly folder: string;
  /** Folders in it, by name; undefined where there is no such folder. */
  readonly cities: readonly string[] | undefined;
}

/** The city that is shown unless SIAGA_CITY says otherwise. */
export const DEFAULT_CITY = 'semarang';
/** Where data lies unless SIAGA_DATA_DIR says otherwise. */
export const DEFAULT_DATA_DIR = './data';
/** Those that come with Siaga. */
export const SHIPPED_CITIES = resolve(import.meta.dirname, '../cities');

/** What the places hold, in the order in which they are asked. Throws where one cannot be read. */
export function listCityPlaces(places: CityPlaces): CityPlace[] {
  const folders = [
    ...(places.SIAGA_CITIES_DIR ? [resolve(places.SIAGA_CITIES_DIR)] : []),
    ...(places.SIAGA_DATA_DIR ? [resolve(places.SIAGA_DATA_DIR, 'cities')] : []),
    SHIPPED_CITIES,
  ];
  return [...new Set(folders)].map((folder) => ({ folder, cities: listFolders(folder) }));
}

/** The folder of a city; undefined where no place has it. The name is compared and never joined unseen. */
export function findCityFolder(city: string, places: readonly CityPlace[]): string | undefined {
  const place = places.find(({ cities }) => cities?.includes(city));
  return place && join(place.folder, city);
}

/** `no such city; looked in /srv/cities (kota-baru), /siaga/cities (jakarta, semarang)`. */
export function describeUnknownCity(places: readonly CityPlace[]): string {
  const looked = places.map(
    ({ folder, cities }) => `${folder} (${cities ? cities.join(', ') || 'empty' : 'no such folder'})`,
  );
  return `no such city; looked in ${looked.join(', ')}`;
}

/** A link to a folder is one: volumes and releases are often linked. */
function listFolders(folder: string): string[] | undefined {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  return readdirSync(folder)
    .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory())
    .filter((name) => !name.startsWith('.') && name !== 'lost+found')
    .sort();
}
