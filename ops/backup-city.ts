/**
 * The city's own folder in a backup: without it the state of another machine would lie over the city that comes with
 * Siaga, or over none.
 *
 * Used by backup-cli.ts and restore-cli.ts. Invariants: a city that comes with Siaga is not copied, it comes again;
 * what is there already is neither overwritten nor taken away.
 */
import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { checkCityFolder } from '../cities/check-city.ts';
import { type CityPlaces, findCityFolder, listCityPlaces, SHIPPED_CITIES } from '../config/city-folder.ts';

/** `/backups/monday.city` of `/backups/monday.db`: a folder that holds the city's folder. */
export function cityBesideOf(file: string): string {
  return `${file.replace(/\.[^./]+$/, '')}.city`;
}

/** Copies the folder of `city`. Returns what to say. Throws where one is there, and where it cannot be written. */
export function backupCity(city: string, places: CityPlaces, file: string): string {
  const folder = findCityFolder(city, listCityPlaces(places));
  if (!folder || folder === join(SHIPPED_CITIES, city)) return `city: ${city} comes with Siaga`;
  const copy = join(cityBesideOf(file), city);
  copyFolder(folder, copy);
  return `city: ${copy}, ${readdirSync(copy).length} files of ${folder}`;
}

/** Why a backup of the city cannot begin. */
export function findCityObstacle(file: string): string | undefined {
  const to = cityBesideOf(file);
  return existsSync(to) ? `${to} is there already and stays as it is` : undefined;
}

/** Puts the city of a backup where `npm run city -- new` would write it. Returns what to say. */
export function restoreCity(file: string, { SIAGA_CITIES_DIR, SIAGA_DATA_DIR }: CityPlaces): string[] {
  const into = SIAGA_CITIES_DIR ?? join(SIAGA_DATA_DIR as string, 'cities');
  return listCities(file).map((city) => {
    const to = join(into, city);
    if (existsSync(to)) return `city: ${to} is there already and stays as it is`;
    copyFolder(join(cityBesideOf(file), city), to);
    return `city: ${to}`;
  });
}

/** What is in the backup, judged as `npm run city -- check` does. */
export function describeCities(file: string): string[] {
  return listCities(file).map((city) => {
    const folder = join(cityBesideOf(file), city);
    const problems = checkCityFolder(folder).length;
    return `city: ${folder}, ${problems === 0 ? 'checked' : `${problems} problem(s); npm run city -- check says them`}`;
  });
}

function listCities(file: string): string[] {
  const folder = cityBesideOf(file);
  return existsSync(folder) ? readdirSync(folder) : [];
}

function copyFolder(from: string, to: string): void {
  mkdirSync(join(to, '..'), { recursive: true });
  cpSync(from, to, { recursive: true, dereference: true, errorOnExist: true, force: false });
}
