/**
 * A city as data: its rivers, devices, thresholds, hospitals and main roads, and the schema that says what
 * such a folder must hold.
 *
 * Read once at start by main and by the simulator. Invariant: every id that one entry names in another
 * (an upstream gauge, an uplink, a base, a road's junction) exists; `loadCity` reports every problem at once.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { ID_PATTERN } from '../devices/topics.ts';

const id = z.string().regex(ID_PATTERN, 'lower case letters, digits and hyphens, up to 64');
const lat = z.number().min(-90).max(90);
const lng = z.number().min(-180).max(180);
const bilingual = z.strictObject({ id: z.string().min(1), en: z.string().min(1) });
export type Bilingual = z.infer<typeof bilingual>;

/**
 * The canonical rank of a level: the agencies' numbers mean opposite things (Jakarta's Siaga 1 is the
 * highest, Bengawan Solo's the lowest), so inside there is one scale, the one of CAP 1.2.
 */
export const SEVERITIES = ['minor', 'moderate', 'severe', 'extreme'] as const;
export type Severity = (typeof SEVERITIES)[number];

const threshold = z.strictObject({
  severity: z.enum(SEVERITIES),
  /** The agency's own words: "Siaga 3", "zona kuning". */
  label: bilingual,
  levelM: z.number(),
  /** Whether the exact level counts belongs to the threshold: sources differ. */
  comparator: z.enum(['>=', '>']).default('>='),
});
export type Threshold = z.infer<typeof threshold>;

const place = { id, name: z.string().min(1), lat, lng };

const riverGauge = z.strictObject({
  ...place,
  kind: z.literal('river-gauge'),
  /** The id of its river, or of the sea for a tide gauge. */
  river: id,
  tidal: z.boolean().default(false),
  /** Height of the sensor above the gauge datum; stage = sensorHeightM − distanceM. */
  sensorHeightM: z.number().optional(),
  /** What the sensor can see, m above datum: outside it a reading is a fault, not a flood. */
  sensorRangeM: z.tuple([z.number(), z.number()]),
  /** The stage on an ordinary dry day; the simulator starts from it. */
  normalLevelM: z.number(),
  /** Ascending. */
  thresholds: z.array(threshold).min(1),
  /** A level is left only when the stage is this much below it. */
  hysteresisM: z.number().positive().default(0.1),
  /** Gauges above it and how long a wave takes from there. */
  upstream: z.array(z.strictObject({ gauge: id, lagMin: z.number().positive() })).default([]),
});

const accessPoint = z.strictObject({
  ...place,
  kind: z.literal('wifi-access-point'),
  /** The public place it serves, many access points to one. */
  place: z.string().min(1),
  uplink: id,
  /** Clients it serves well at once. */
  capacityClients: z.int().positive(),
});

const ambulance = z.strictObject({
  ...place,
  kind: z.literal('ambulance'),
  /** `motorcycle` gives first aid where a car cannot go and never transports a patient. */
  vehicle: z.enum(['motorcycle', 'transport']),
  base: id,
  callSign: z.string().min(1),
});

const device = z.discriminatedUnion('kind', [riverGauge, accessPoint, ambulance]);
export type CityDevice = z.infer<typeof device>;
export type RiverGauge = z.infer<typeof riverGauge>;
export type AccessPoint = z.infer<typeof accessPoint>;
export type AmbulanceUnit = z.infer<typeof ambulance>;

const hospital = z.strictObject({
  ...place,
  kecamatan: z.string().optional(),
  /** Indonesian class of the hospital. */
  class: z.enum(['A', 'B', 'C', 'D']),
  /** Beds in all, by class of bed; how many are free is reported, not configured. */
  beds: z.strictObject({ emergency: z.int().min(0), intensive: z.int().min(0), ward: z.int().min(0) }),
});
export type Hospital = z.infer<typeof hospital>;

export const ROAD_CLASSES = [
  'trunk',
  'primary',
  'secondary',
  'tertiary',
  'residential',
  'living_street',
  'path',
  'motorway',
] as const;
const road = z.strictObject({
  from: id,
  to: id,
  name: z.string().optional(),
  class: z.enum(ROAD_CLASSES),
  oneway: z.boolean().default(false),
  /** The river that it crosses on a bridge. */
  bridgeOver: id.optional(),
  /** Where absent, the great-circle distance times the network's detour factor. */
  lengthM: z.number().positive().optional(),
});

const citySchema = z
  .strictObject({
    id,
    name: z.string().min(1),
    timeZone: z
      .string()
      .refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone), 'an IANA time zone'),
    /** Said wherever positions are shown. */
    disclaimer: bilingual,
    bounds: z.strictObject({ south: lat, west: lng, north: lat, east: lng }),
    rivers: z.array(z.strictObject({ id, name: z.string().min(1), tidal: z.boolean().default(false) })),
    devices: z.array(device),
    uplinks: z.array(z.strictObject({ id, name: z.string().min(1) })).default([]),
    bases: z.array(z.strictObject(place)).default([]),
    hospitals: z.array(hospital).default([]),
    /** Kecamatan as approximate centres, to name where an incident is. */
    kecamatan: z.array(z.strictObject(place)).default([]),
    roads: z
      .strictObject({
        junctions: z.array(z.strictObject({ id, lat, lng, name: z.string().optional() })),
        roads: z.array(road),
      })
      .optional(),
  })
  .superRefine((city, context) => {
    for (const [path, message] of crossCheck(city)) context.addIssue({ code: 'custom', path, message });
  });
export type City = z.infer<typeof citySchema>;

/** What a schema of one entry cannot see: unknown references, repeated ids, unordered ladders, far positions. */
function* crossCheck(city: {
  bounds: { south: number; west: number; north: number; east: number };
  rivers: { id: string }[];
  devices: CityDevice[];
  uplinks: { id: string }[];
  bases: { id: string; lat: number; lng: number }[];
  hospitals: Hospital[];
  kecamatan: { id: string }[];
  roads?:
    | { junctions: { id: string; lat: number; lng: number }[]; roads: z.infer<typeof road>[] }
    | undefined;
}): Generator<[(string | number)[], string]> {
  const { bounds } = city;
  if (bounds.south >= bounds.north || bounds.west >= bounds.east) {
    yield [['bounds'], 'south must be below north and west below east'];
  }
  const inside = (at: { lat: number; lng: number }) =>
    at.lat >= bounds.south && at.lat <= bounds.north && at.lng >= bounds.west && at.lng <= bounds.east;
  const lists: [string, { id: string; lat?: number; lng?: number }[]][] = [
    ['rivers', city.rivers],
    ['devices', city.devices],
    ['uplinks', city.uplinks],
    ['bases', city.bases],
    ['hospitals', city.hospitals],
    ['kecamatan', city.kecamatan],
    ['roads.junctions', city.roads?.junctions ?? []],
  ];
  for (const [list, entries] of lists) {
    const seen = new Set<string>();
    for (const [index, entry] of entries.entries()) {
      if (seen.has(entry.id)) yield [[list, index], `the id ${entry.id} is used twice`];
      seen.add(entry.id);
      if (entry.lat !== undefined && entry.lng !== undefined && !inside({ lat: entry.lat, lng: entry.lng })) {
        yield [[list, index], `${entry.id} lies outside the city's bounds; are lat and lng swapped?`];
      }
    }
  }
  const rivers = new Set(city.rivers.map((river) => river.id));
  const gauges = new Set(city.devices.filter((each) => each.kind === 'river-gauge').map((each) => each.id));
  const uplinks = new Set(city.uplinks.map((uplink) => uplink.id));
  const bases = new Set(city.bases.map((base) => base.id));
  for (const [index, entry] of city.devices.entries()) {
    const path = ['devices', index];
    if (entry.kind === 'river-gauge') {
      if (!rivers.has(entry.river)) yield [path, `${entry.id}: no river ${entry.river}`];
      for (const { gauge } of entry.upstream) {
        if (!gauges.has(gauge) || gauge === entry.id) yield [path, `${entry.id}: no upstream gauge ${gauge}`];
      }
      yield* checkLadder(entry, path);
    }
    if (entry.kind === 'wifi-access-point' && !uplinks.has(entry.uplink)) {
      yield [path, `${entry.id}: no uplink ${entry.uplink}`];
    }
    if (entry.kind === 'ambulance' && !bases.has(entry.base))
      yield [path, `${entry.id}: no base ${entry.base}`];
  }
  const junctions = new Set(city.roads?.junctions.map((junction) => junction.id));
  for (const [index, entry] of (city.roads?.roads ?? []).entries()) {
    for (const end of [entry.from, entry.to]) {
      if (!junctions.has(end)) yield [['roads', 'roads', index], `no junction ${end}`];
    }
    if (entry.bridgeOver && !rivers.has(entry.bridgeOver)) {
      yield [['roads', 'roads', index], `no river ${entry.bridgeOver}`];
    }
  }
}

function* checkLadder(
  gauge: RiverGauge,
  path: (string | number)[],
): Generator<[(string | number)[], string]> {
  const [lowest, highest] = gauge.sensorRangeM;
  if (lowest >= highest) yield [path, `${gauge.id}: sensorRangeM must be [lowest, highest]`];
  for (const [index, step] of gauge.thresholds.entries()) {
    const below = gauge.thresholds[index - 1];
    if (step.levelM > highest) yield [path, `${gauge.id}: the sensor cannot see ${step.levelM} m`];
    if (!below) continue;
    if (below.levelM >= step.levelM) yield [path, `${gauge.id}: thresholds must ascend`];
    if (SEVERITIES.indexOf(below.severity) >= SEVERITIES.indexOf(step.severity)) {
      yield [path, `${gauge.id}: severities must ascend with the levels`];
    }
  }
}

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
  const result = citySchema.safeParse(input);
  if (result.success) return result.data;
  throw new CityError(
    name,
    result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`),
  );
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
  return parseCity(name, whole);
}
