/**
 * A city as data: its rivers, devices, thresholds, hospitals and main roads, loaded from its folder.
 *
 * Read once at start by main and by the simulator. Invariant: every id that one entry names in another
 * (an upstream gauge, an uplink, a base, a road's junction) exists; `loadCity` reports every problem at once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import { isRiverGauge } from '../devices/kinds/river-gauge.ts';
import { crossCheck, type JudgedCity } from './cross-check.ts';
import { type City, cityShape, deviceSchema, junctionSchema, roadSchema } from './entries.ts';

export { type City, ROAD_CLASSES } from './entries.ts';

const { shape } = cityShape;

/** A city file that cannot be used; `problems` holds every one of them, `path: sentence`. */
export class CityError extends Error {
  readonly code = 'CITY_INVALID';
  readonly problems: readonly string[];
  constructor(city: string, problems: readonly string[]) {
    super(
      `cities/${city}: ${problems.length} problem(s):\n${problems.map((each) => `  - ${each}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

/** Parses a whole city. Throws CityError with every problem. */
export function parseCity(name: string, input: unknown): City {
  const parsed = cityShape.safeParse(input);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${formatPath(input, issue.path)}: ${issue.message}`);
  problems.push(...crossCheck(judgedEntries(input)));
  if (parsed.success && problems.length === 0) return parsed.data;
  throw new CityError(name, problems);
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
function formatPath(input: unknown, path: readonly PropertyKey[]): string {
  let value = input;
  const words = path.map((key) => {
    value = fieldsOf(value)[String(key)];
    const id = fieldsOf(value)['id'];
    return typeof key === 'number' && typeof id === 'string' ? id : String(key);
  });
  return words.join('.') || 'city';
}

/**
 * Loads `cities/<name>/`: `city.json` and beside it one JSON file a list, named after it (`devices.json` or
 * several `devices.<kind>.json`, `hospitals.json`, `roads.json` …). Throws CityError.
 */
export function loadCity(name: string): City {
  const known = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  if (!known.includes(name)) throw new CityError(name, [`no such city; there are: ${known.join(', ')}`]);
  const folder = `${import.meta.dirname}/${name}`;
  const whole: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const file of readdirSync(folder)
    .filter((each) => each.endsWith('.json'))
    .sort()) {
    try {
      const content: unknown = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8'));
      const key = file.split('.')[0] as string;
      if (file === 'city.json') Object.assign(whole, content);
      else if (Array.isArray(content)) whole[key] = [...((whole[key] as unknown[]) ?? []), ...content];
      else whole[key] = content;
    } catch (error) {
      problems.push(`${file}: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0) throw new CityError(name, problems);
  const city = parseCity(name, whole);
  // The id is in every topic; were it not the folder's name, SIAGA_CITY and the devices would disagree.
  if (city.id !== name) throw new CityError(name, [`id: it is ${city.id}, and must be the folder's name`]);
  return city;
}
