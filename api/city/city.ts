/**
 * `GET /v1/city`: the city as a map needs it, and who the API takes the caller for.
 *
 * Made of the city as it stands; the situation room's page and other maps draw from it, without any tiles
 * from elsewhere. Invariant: it is for everybody, so it holds nothing of ambulances but how their kind
 * reports; and what is drawn is bounded: the important roads first.
 */

import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type City, ROAD_CLASSES } from '../../cities/city.ts';
import type { DeviceKind } from '../../devices/device-kind.ts';
import { deviceKinds } from '../../devices/kinds/index.ts';
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import { isAccessPoint } from '../../devices/kinds/wifi-access-point.ts';
import { SEVERITIES } from '../../devices/site.ts';
import { ROLES } from '../access/access.ts';
import { bilingualSchema } from '../border/bilingual-json.ts';
import { formatTime, timeOutput } from '../border/time.ts';
import { drawRivers } from './river-lines.ts';

/** Some 60 bytes a road: 240 KB. An imported network has ten times that, mostly alleys. */
export const MAX_ROADS = 4_000;
/** Some 120 bytes a crossing: 240 KB. */
export const MAX_CROSSINGS = 2_000;
const ROAD_ORDER: readonly (typeof ROAD_CLASSES)[number][] = [
  'motorway',
  'trunk',
  'primary',
  'secondary',
  'tertiary',
  'residential',
  'living_street',
  'path',
];

const position = z.tuple([z.number(), z.number()]).describe('Longitude, latitude, as in GeoJSON.');
const place = { id: z.string(), name: z.string(), lat: z.number(), lng: z.number() };

const citySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    timeZone: z.string().describe('IANA.'),
    disclaimer: bilingualSchema.describe('To be shown wherever positions are.'),
    bounds: z.object({ south: z.number(), west: z.number(), north: z.number(), east: z.number() }),
    kinds: z.array(
      z.object({
        name: z.string(),
        label: bilingualSchema,
        reportIntervalS: z.number(),
        silentAfterS: z.number().describe('Without a word for longer, a device is silent.'),
        isPublic: z.boolean(),
        panel: z.enum(['rivers', 'wifi', 'units', 'others']).describe('Where the pages show its devices.'),
        shows: z
          .array(z.object({ name: z.string(), unit: z.string(), label: bilingualSchema }))
          .describe('Its quantities, the most telling first.'),
      }),
    ),
    rivers: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        tidal: z.boolean(),
        line: z.array(position).describe('A sketch through its gauges and bridges, not a survey.'),
      }),
    ),
    gauges: z.array(
      z.object({
        ...place,
        river: z.string(),
        tidal: z.boolean(),
        normalLevelM: z.number(),
        thresholds: z
          .array(
            z.object({
              severity: z.enum(SEVERITIES),
              label: bilingualSchema,
              levelM: z.number(),
              comparator: z.enum(['>=', '>']).meta({ 'x-enum-varnames': ['atLeast', 'above'] }),
            }),
          )
          .describe('Ascending.'),
        upstream: z.array(z.object({ gauge: z.string(), lagMin: z.number() })),
      }),
    ),
    accessPoints: z.array(z.object({ id: z.string(), place: z.string(), capacityClients: z.int() })),
    roads: z.array(z.object({ class: z.enum(ROAD_CLASSES), line: z.array(position) })),
    crossings: z
      .array(z.object({ ...place, streets: z.array(z.string()) }))
      .describe(`Crossings with a name, and the streets that meet there; the first ${MAX_CROSSINGS}.`),
    roadsLeftOut: z.int().describe(`Beyond the first ${MAX_ROADS}, the small ones.`),
    hospitals: z.array(z.object({ ...place, class: z.string() })),
    places: z.array(z.object(place)).describe('Kecamatan, as approximate centres.'),
  })
  .meta({ id: 'City' });
type CityJson = z.infer<typeof citySchema>;

const answer = z.object({
  city: citySchema,
  you: z
    .object({
      name: z.string(),
      role: z.enum(ROLES),
      sessionEndsAt: timeOutput
        .describe('Of a browser that is signed in: when it will not be any more.')
        .optional(),
    })
    .describe('Whom the API takes you for: `anonymous` without a token or a session.'),
});

/** The route below /v1. */
export const cityRoutes =
  (cityNow: () => City): FastifyPluginAsyncZod =>
  async (app) => {
    // 240 KB that hardly change: judged and written once for each value of the city.
    let written: { city: City; json: string } | undefined;
    const writeOnce = (city: City): string => {
      if (written?.city !== city)
        written = { city, json: JSON.stringify(citySchema.parse(formatCity(city))) };
      return written.json;
    };
    writeOnce(cityNow());
    app.get(
      '/city',
      {
        config: { access: 'public' },
        schema: {
          operationId: 'getCity',
          tags: ['devices'],
          summary:
            'The city for a map: rivers, gauges with thresholds, main roads, hospitals; and who you are',
          response: { 200: answer },
        },
      },
      async ({ user: { name, role, session } }, reply) => {
        const you = { name, role, ...(session ? { sessionEndsAt: formatTime(session.expiresAt) } : {}) };
        const json = `{"city":${writeOnce(cityNow())},"you":${JSON.stringify(you)}}`;
        return reply.type('application/json; charset=utf-8').send(Buffer.from(json) as never);
      },
    );
  };

function formatCity(city: City): CityJson {
  const { id, name, timeZone, disclaimer, bounds, hospitals, kecamatan } = city;
  const gauges = city.devices.filter(isRiverGauge);
  const accessPoints = city.devices.filter(isAccessPoint);
  const roads = formatRoads(city);
  return {
    id,
    name,
    timeZone,
    disclaimer,
    bounds,
    kinds: [...deviceKinds.values()].map((kind) => ({
      name: kind.name,
      label: { id: kind.label.id, en: kind.label.en },
      reportIntervalS: kind.reportIntervalS,
      silentAfterS: kind.silentAfterS,
      isPublic: kind.audience === 'public',
      panel: kind.panel ?? 'others',
      shows: shownQuantities(kind),
    })),
    rivers: drawRivers(city),
    gauges: gauges.map(({ id, name, lat, lng, river, tidal, normalLevelM, thresholds, upstream }) => ({
      ...{ id, name, lat, lng, river, tidal, normalLevelM, thresholds, upstream },
    })),
    accessPoints: accessPoints.map(({ id, place, capacityClients }) => ({ id, place, capacityClients })),
    crossings: formatCrossings(city),
    roads: roads.slice(0, MAX_ROADS),
    roadsLeftOut: Math.max(0, roads.length - MAX_ROADS),
    hospitals: hospitals.map(({ id, name, lat, lng, class: level }) => ({
      id,
      name,
      lat,
      lng,
      class: level,
    })),
    places: kecamatan,
  };
}

/** For finding a place by its name. */
function formatCrossings({ roads: network }: City): CityJson['crossings'] {
  const { junctions = [], roads = [] } = network ?? {};
  const streets = new Map<string, Set<string>>(junctions.map(({ id }) => [id, new Set()]));
  for (const { from, to, name } of roads) {
    if (name === undefined) continue;
    for (const end of [from, to]) streets.get(end)?.add(name);
  }
  return junctions
    .flatMap(({ id, name, lat, lng }) =>
      name === undefined ? [] : [{ id, name, lat, lng, streets: [...(streets.get(id) ?? [])] }],
    )
    .slice(0, MAX_CROSSINGS);
}

/** Each road once, the important classes first. */
function formatRoads({ roads: network }: City): CityJson['roads'] {
  if (!network) return [];
  const junctions = new Map(
    network.junctions.map(({ id, lat, lng }) => [id, [lng, lat] as [number, number]]),
  );
  return network.roads
    .map(({ class: roadClass, from, to }) => ({
      class: roadClass,
      line: [from, to].flatMap((id) => {
        const at = junctions.get(id);
        return at ? [at] : [];
      }),
    }))
    .sort((a, b) => ROAD_ORDER.indexOf(a.class) - ROAD_ORDER.indexOf(b.class));
}

function shownQuantities({ quantities, shows = Object.keys(quantities) }: DeviceKind) {
  return shows.map((name) => {
    const quantity = quantities[name];
    const unit = quantity && 'unit' in quantity && quantity.unit !== '1' ? quantity.unit : '';
    return { name, unit, label: quantity?.label ?? { en: name, id: name } };
  });
}
