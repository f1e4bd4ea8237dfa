/**
 * The entries of a city folder, one schema each: gauge, access point, ambulance, hospital, road; and the
 * lists that they stand in.
 *
 * Read by city.ts, which loads and checks a folder, and by cross-check.ts. Invariant: what one entry can
 * know of itself is checked here; what takes two entries is checked in cross-check.ts.
 */
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

export const deviceSchema = z.discriminatedUnion('kind', [riverGauge, accessPoint, ambulance]);
export type CityDevice = z.infer<typeof deviceSchema>;
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
export const roadSchema = z.strictObject({
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

export const junctionSchema = z.strictObject({ id, lat, lng, name: z.string().optional() });

/** A whole city, each entry on its own; `crossCheck` judges them together. */
export const cityShape = z.strictObject({
  id,
  name: z.string().min(1),
  timeZone: z
    .string()
    .refine((zone) => Intl.supportedValuesOf('timeZone').includes(zone), 'an IANA time zone'),
  /** Said wherever positions are shown. */
  disclaimer: bilingual,
  bounds: z.strictObject({ south: lat, west: lng, north: lat, east: lng }),
  rivers: z.array(z.strictObject({ id, name: z.string().min(1), tidal: z.boolean().default(false) })),
  devices: z.array(deviceSchema),
  uplinks: z.array(z.strictObject({ id, name: z.string().min(1) })).default([]),
  /** Parameters of alert rules that differ here: for all, a group (river, uplink, base) or a device. */
  alertRules: z
    .array(
      z.strictObject({
        rule: z.string().min(1),
        group: id.optional(),
        device: id.optional(),
        enabled: z.boolean().optional(),
        parameters: z.record(z.string(), z.union([z.number(), z.boolean(), z.string()])).optional(),
      }),
    )
    .default([]),
  bases: z.array(z.strictObject(place)).default([]),
  hospitals: z.array(hospital).default([]),
  /** Kecamatan as approximate centres, to name where an incident is. */
  kecamatan: z.array(z.strictObject(place)).default([]),
  roads: z
    .strictObject({
      junctions: z.array(junctionSchema),
      roads: z.array(roadSchema),
    })
    .optional(),
});
export type City = z.infer<typeof cityShape>;
