/**
 * The lists of a city folder and their entries: devices and hospitals as their kinds say, rivers, roads and the rest.
 *
 * Read by city.ts, which loads and checks a folder, and by cross-check.ts. Invariant: what one entry can
 * know of itself is checked here; what takes two entries is checked in cross-check.ts.
 */
import { z } from 'zod';
import { hospitalSite } from '../devices/kinds/hospital.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import { bilingual, type DeviceSite, id, lat, lng, place } from '../devices/site.ts';

/** One schema a kind, as the kind says it. */
const deviceSites = [...deviceKinds.values()].flatMap((kind) => (kind.site ? [kind.site] : []));
export const deviceSchema = z.discriminatedUnion(
  'kind',
  deviceSites as unknown as [z.ZodObject, ...z.ZodObject[]],
) as unknown as z.ZodType<DeviceSite>;

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

/** Where people are told of alerts; what sends it is the environment's. */
const channel = { id, name: z.string().min(1) };
const channelSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...channel,
    kind: z.literal('mail'),
    /** One address, of a person or of a list. */
    to: z.email().max(200),
  }),
  z.strictObject({
    ...channel,
    kind: z.literal('telegram'),
    /** `-1001234567890` of a group, `@name` of a channel. */
    chatId: z.string().regex(/^(-?\d{1,20}|@\w{4,40})$/, 'the number of a chat, or @name of a channel'),
  }),
]);

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
  channels: z.array(channelSchema).default([]),
  bases: z.array(z.strictObject(place)).default([]),
  hospitals: z.array(hospitalSite).default([]),
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
