/**
 * OpenStreetMap ways → edges: what its tags mean to an ambulance.
 *
 * Reads an Overpass answer (nodes and ways, or ways with `geometry`) or GeoJSON lines with OSM's tags as
 * properties. Every node of a way becomes a node, so that a position is snapped to the true bend of a road.
 * Invariant: lat and lng are never swapped (Overpass names them, GeoJSON has lng first), and a way that is
 * left out is counted by its reason.
 */
import { z } from 'zod';
import { CLASS_NUMBERS, type RoadClass } from './road-classes.ts';
import { type EdgeList, EdgeListBuilder } from './road-graph.ts';

type Tags = Readonly<Record<string, unknown>>;
type Point = readonly [lat: number, lng: number];

interface Way {
  readonly tags: Tags;
  /** A key that is the same where two ways meet, and the position. */
  readonly points: readonly { readonly key: number | string; readonly at: Point }[];
}

export interface OsmImport {
  readonly list: EdgeList;
  readonly ways: number;
  /** Ways that are no road for an ambulance, by `highway` or by why. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** A file that is neither, or has no roads in it. */
export class OsmError extends Error {
  readonly code = 'ROADS_NOT_UNDERSTOOD';
}

/** OSM's words for our classes. A link is as fast as what it leads to; what is not here is no road. */
const CLASS_OF: Readonly<Record<string, RoadClass>> = {
  motorway: 'motorway',
  motorway_link: 'motorway',
  trunk: 'trunk',
  trunk_link: 'trunk',
  primary: 'primary',
  primary_link: 'primary',
  secondary: 'secondary',
  secondary_link: 'secondary',
  tertiary: 'tertiary',
  tertiary_link: 'tertiary',
  unclassified: 'residential',
  residential: 'residential',
  road: 'residential',
  service: 'living_street',
  living_street: 'living_street',
  // The gang: too narrow for a car, ridden by every motorcycle.
  path: 'path',
  track: 'path',
  footway: 'path',
  pedestrian: 'path',
};
/** Ridden only where the map says so: a footway is more often a pavement than a gang. */
const ONLY_IF_ALLOWED = new Set(['footway', 'pedestrian', 'track']);
const YES = new Set(['yes', 'designated', 'permissive', 'destination']);
const NO = new Set(['no']);

const position = z.object({ lat: z.number().min(-90).max(90), lon: z.number().min(-180).max(180) });
const overpassSchema = z.object({
  elements: z.array(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('node'), id: z.number(), ...position.shape }),
      z.object({
        type: z.literal('way'),
        id: z.number(),
        nodes: z.array(z.number()).optional(),
        geometry: z.array(position.nullable()).optional(),
        tags: z.record(z.string(), z.unknown()).default({}),
      }),
      z.object({ type: z.literal('relation') }),
    ]),
  ),
});
const geoJsonPoint = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)], z.unknown());
const geoJsonSchema = z.object({
  type: z.literal('FeatureCollection'),
  features: z.array(
    z.object({
      properties: z.record(z.string(), z.unknown()).nullable().default({}),
      geometry: z
        .union([
          z.object({ type: z.literal('LineString'), coordinates: z.array(geoJsonPoint) }),
          z.object({ type: z.literal('MultiLineString'), coordinates: z.array(z.array(geoJsonPoint)) }),
          z.object({ type: z.string() }),
        ])
        .nullable(),
    }),
  ),
});

/** Reads the content of a file. Throws OsmError with a sentence. */
export function parseOsm(content: unknown): OsmImport {
  const isGeoJson = (content as { type?: unknown } | null)?.type === 'FeatureCollection';
  const result = isGeoJson ? geoJsonSchema.safeParse(content) : overpassSchema.safeParse(content);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new OsmError(
      `neither an Overpass answer nor GeoJSON lines: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`,
    );
  }
  const { data } = result;
  const ways = 'elements' in data ? overpassWays(data.elements) : geoJsonWays(data.features);
  return buildEdges(ways);
}

function* overpassWays(elements: z.infer<typeof overpassSchema>['elements']): Generator<Way> {
  const positions = new Map<number, Point>();
  for (const element of elements) {
    if (element.type === 'node') positions.set(element.id, [element.lat, element.lon]);
  }
  for (const element of elements) {
    if (element.type !== 'way') continue;
    const { tags, nodes, geometry } = element;
    const points = (nodes ?? geometry ?? []).map((_, index) => {
      const inline = geometry?.[index];
      const key = nodes?.[index];
      const known = key === undefined ? undefined : positions.get(key);
      const at: Point | undefined = known ?? (inline ? [inline.lat, inline.lon] : undefined);
      return at && { key: key ?? formatKey(at), at };
    });
    // A node that the answer does not hold lies outside the area that was asked for.
    yield { tags, points: points.filter((point) => point !== undefined) };
  }
}

function* geoJsonWays(features: z.infer<typeof geoJsonSchema>['features']): Generator<Way> {
  for (const { properties, geometry } of features) {
    if (!geometry || !('coordinates' in geometry)) continue;
    const lines = geometry.type === 'LineString' ? [geometry.coordinates] : geometry.coordinates;
    for (const line of lines as z.infer<typeof geoJsonPoint>[][]) {
      const points = line.map(([lng, lat]) => ({ key: formatKey([lat, lng]), at: [lat, lng] as const }));
      yield { tags: properties ?? {}, points };
    }
  }
}

/** OSM's own resolution, 1 cm: where two lines share a point, they meet. */
function formatKey([lat, lng]: Point): string {
  return `${lat.toFixed(7)},${lng.toFixed(7)}`;
}

function buildEdges(ways: Iterable<Way>): OsmImport {
  const builder = new EdgeListBuilder();
  const nodes = new Map<number | string, number>();
  const leftOut = new Map<string, number>();
  let count = 0;
  for (const { tags, points } of ways) {
    const roadClass = classify(tags);
    if (typeof roadClass !== 'string' || !(CLASS_NUMBERS as readonly string[]).includes(roadClass)) {
      leftOut.set(String(roadClass), (leftOut.get(String(roadClass)) ?? 0) + 1);
      continue;
    }
    count++;
    const classNumber = CLASS_NUMBERS.indexOf(roadClass as RoadClass);
    const directions = directionsOf(tags);
    let before: number | undefined;
    for (const { key, at } of points) {
      const node = nodes.get(key) ?? builder.addNode(at[0], at[1]);
      nodes.set(key, node);
      if (before !== undefined && before !== node) {
        if (directions.forward) builder.addEdge(before, node, classNumber);
        if (directions.backward) builder.addEdge(node, before, classNumber);
      }
      before = node;
    }
  }
  if (builder.edgeCount === 0) throw new OsmError('there is no road in it: no way has a known highway tag');
  return { list: builder.build(), ways: count, leftOut };
}

/** Our class, or the words under which the way is counted as left out. */
function classify(tags: Tags): string {
  const highway = String(tags['highway'] ?? 'no highway tag');
  const roadClass = CLASS_OF[highway];
  if (!roadClass) return highway === 'no highway tag' ? highway : `highway=${highway}`;
  const emergency = String(tags['emergency'] ?? '');
  const motorcycle = String(tags['motorcycle'] ?? tags['motor_vehicle'] ?? '');
  // Private roads are driven by ambulances; what is closed to all is closed unless it says emergency.
  if (NO.has(String(tags['access'])) && !YES.has(emergency) && !YES.has(motorcycle)) return 'access=no';
  if (ONLY_IF_ALLOWED.has(highway) && !YES.has(motorcycle)) return `highway=${highway}`;
  if (NO.has(motorcycle) && roadClass === 'path') return 'motorcycle=no';
  // No motorcycle may use a toll road in Indonesia, whatever its class.
  return tags['toll'] === 'yes' ? 'motorway' : roadClass;
}

function directionsOf(tags: Tags): { forward: boolean; backward: boolean } {
  const oneway = String(tags['oneway'] ?? '');
  if (oneway === '-1' || oneway === 'reverse') return { forward: false, backward: true };
  const isImplied = tags['junction'] === 'roundabout' || tags['highway'] === 'motorway';
  const isOneway = ['yes', 'true', '1'].includes(oneway) || (isImplied && oneway !== 'no');
  return { forward: true, backward: !isOneway };
}
