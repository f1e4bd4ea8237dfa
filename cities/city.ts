/**
 * A city as data: its rivers, devices, thresholds, hospitals and main roads, loaded from its folder.
 *
 * Read at start by main, by the simulator and by the command lines, from whichever place has it; what was changed
 * while it ran is laid over it by city-state.ts
 * (config/city-folder.ts). Invariant: every id that one entry names in another
 * (an upstream gauge, an uplink, a base, a road's junction) exists; `loadCity` reports every problem at once.
 */
import { basename, resolve } from 'node:path';
import type { z } from 'zod';
import {
  type CityPlaces,
  DEFAULT_CITY,
  DEFAULT_DATA_DIR,
  describeUnknownCity,
  findCityFolder,
  listCityPlaces,
} from '../config/city-folder.ts';
import { isRiverGauge } from '../devices/kinds/river-gauge.ts';
import { readCityFolder } from './city-files.ts';
import { crossCheck, type JudgedCity } from './cross-check.ts';
import { type City, cityShape, deviceSchema, junctionSchema, roadSchema } from './entries.ts';

export { type City, ROAD_CLASSES } from './entries.ts';

/** What a change at run time never touches; see city-book.ts. Whoever needs more asks for the city of this moment. */
export type CityFrame = Pick<City, 'id' | 'name' | 'timeZone' | 'disclaimer' | 'bounds' | 'roads'>;

const { shape } = cityShape;

/** A city file that cannot be used; `problems` holds every one of them, `path: sentence`. */
export class CityError extends Error {
  readonly code = 'CITY_INVALID';
  readonly problems: readonly string[];
  /** `where` is the folder, or the name of a city that has none. */
  constructor(where: string, problems: readonly string[]) {
    super(`${where}: ${problems.length} problem(s):\n${problems.map((each) => `  - ${each}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Parses a whole city. Throws CityError with every problem. */
export function parseCity(where: string, input: unknown): City {
  const parsed = cityShape.safeParse(input);
  const problems = [...findShapeProblems(input), ...crossCheck(judgedEntries(input))];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new CityError(where, problems);
}

/** What is wrong with entries by themselves, `path: sentence`. */
export function findShapeProblems(input: unknown): string[] {
  const { error } = cityShape.safeParse(input);
  return (error?.issues ?? []).map((issue) => `${formatPath(input, issue.path)}: ${issue.message}`);
}

/** What can be judged of a city together, even where some of its entries are broken. */
function judgedEntries(input: unknown): JudgedCity {
  const raw = fieldsOf(input);
  const rawRoads = fieldsOf(raw['roads']);
  const bounds = shape.bounds.safeParse(raw['bounds']);
  return {
    bounds: bounds.success ? bounds.data : undefined,
    entries: {
      rivers: validOf(shape.rivers.element, raw['rivers']),
      devices: validOf(deviceSchema, raw['devices']),
      uplinks: validOf(shape.uplinks.unwrap().element, raw['uplinks']),
      channels: validOf(shape.channels.unwrap().element, raw['channels']),
      bases: validOf(shape.bases.unwrap().element, raw['bases']),
      hospitals: validOf(shape.hospitals.unwrap().element, raw['hospitals']),
      kecamatan: validOf(shape.kecamatan.unwrap().element, raw['kecamatan']),
      junctions: validOf(junctionSchema, rawRoads['junctions']),
    },
    roads: validOf(roadSchema, rawRoads['roads']),
    ids: {
      rivers: idsOf(raw['rivers']),
      devices: idsOf(raw['devices']),
      gauges: idsOf(raw['devices'], (fields) => isRiverGauge(fields as { kind: string })),
      uplinks: idsOf(raw['uplinks']),
      channels: idsOf(raw['channels']),
      bases: idsOf(raw['bases']),
      hospitals: idsOf(raw['hospitals']),
      kecamatan: idsOf(raw['kecamatan']),
      junctions: idsOf(rawRoads['junctions']),
    },
  };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function validOf<T>(schema: z.ZodType<T>, list: unknown): T[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry) => {
    const parsed = schema.safeParse(entry);
    return parsed.success ? [parsed.data] : [];
  });
}

function idsOf(
  list: unknown,
  wanted: (fields: Record<string, unknown>) => boolean = () => true,
): Set<string> {
  const entries = Array.isArray(list) ? list.map(fieldsOf).filter(wanted) : [];
  return new Set(entries.map((fields) => fields['id']).filter((id) => typeof id === 'string'));
}

/** `devices.bendung-simongan.lat`: an entry is named by its id where it has one, else by its place. */
export function formatPath(input: unknown, path: readonly PropertyKey[]): string {
  let value = input;
  const words = path.map((key) => {
    value = fieldsOf(value)[String(key)];
    const id = fieldsOf(value)['id'];
    return typeof key === 'number' && typeof id === 'string' ? id : String(key);
  });
  return words.join('.') || 'city';
}

/**
 * Loads a city by its name, from the first of the places that has it; without places, one that is shipped. Throws
 * CityError.
 */
export function loadCity(name: string, places: CityPlaces = {}): City {
  const listed = listCityPlaces(places);
  const folder = findCityFolder(name, listed);
  if (!folder) throw new CityError(name, [describeUnknownCity(listed)]);
  return loadCityFolder(folder);
}

/** The city of a program that reads no other configuration, such as a back-test of a file. */
export function nameCity(environment: Readonly<Record<string, string | undefined>>): string {
  return environment['SIAGA_CITY'] || DEFAULT_CITY;
}

/** Where its cities are. */
export function cityPlacesOf(environment: Readonly<Record<string, string | undefined>>): CityPlaces {
  const { SIAGA_CITIES_DIR, SIAGA_DATA_DIR } = environment;
  return { SIAGA_CITIES_DIR, SIAGA_DATA_DIR: SIAGA_DATA_DIR || DEFAULT_DATA_DIR };
}

/** Loads the city of a folder, wherever it is. Throws CityError. */
export function loadCityFolder(folder: string): City {
  const { whole, broken } = readCityFolder(folder);
  if (broken.length > 0) throw new CityError(folder, broken);
  const city = parseCity(folder, whole);
  const wrong = findForeignId(city.id, folder);
  if (wrong) throw new CityError(folder, [wrong]);
  return city;
}

/** The id is in every topic; were it not the folder's name, SIAGA_CITY and the devices would disagree. */
export function findForeignId(id: unknown, folder: string): string | undefined {
  return id === basename(resolve(folder)) ? undefined : `id: it is ${id}, and must be the folder's name`;
}
