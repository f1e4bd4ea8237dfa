/**
 * GeoJSON with OpenStreetMap's tags as properties: lines as ways, points for what stands at their nodes. GDAL's
 * `other_tags` and the `tags` of osmtogeojson are read; relations are in none of these, areas are drawn already.
 */
import { z } from 'zod';
import {
  keyPlaces,
  type Line,
  type OsmArea,
  OsmError,
  type OsmPlace,
  type Position,
  type ReadOsm,
  readTags,
  type Tags,
} from './osm-content.ts';

const point = z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)], z.unknown());
const collectionSchema = z.object({
  type: z.literal('FeatureCollection'),
  features: z.array(
    z.object({
      properties: z.record(z.string(), z.unknown()).nullable().default({}),
      geometry: z
        .union([
          z.object({ type: z.literal('LineString'), coordinates: z.array(point) }),
          z.object({ type: z.literal('MultiLineString'), coordinates: z.array(z.array(point)) }),
          z.object({ type: z.literal('Point'), coordinates: point }),
          z.object({ type: z.literal('Polygon'), coordinates: z.array(z.array(point)) }),
          z.object({ type: z.literal('MultiPolygon'), coordinates: z.array(z.array(z.array(point))) }),
          z.object({ type: z.string() }),
        ])
        .nullable(),
    }),
  ),
});
type Place = z.infer<typeof point>;
type Geometry = NonNullable<z.infer<typeof collectionSchema>['features'][number]['geometry']>;

export const readGeoJson: ReadOsm = (content, report) => {
  const result = collectionSchema.safeParse(content);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new OsmError(
      `neither an Overpass answer nor GeoJSON lines: ${issue?.path.join('.') || 'the file'}: ${issue?.message}`,
    );
  }
  const lines: Line[] = [];
  const nodeTags = new Map<number | string, Tags>();
  const places: OsmPlace[] = [];
  const areas: OsmArea[] = [];
  for (const { properties, geometry } of result.data.features) {
    if (!geometry || !('coordinates' in geometry)) {
      report.note('left out', `a feature that is no line: ${geometry?.type ?? 'without geometry'}`);
      continue;
    }
    const tags = readTags(properties ?? {});
    if (geometry.type === 'Point') {
      const { lat, lng } = placeOf(geometry.coordinates as Place);
      nodeTags.set(`${lat.toFixed(7)},${lng.toFixed(7)}`, tags);
      places.push({ tags, lat, lng });
      continue;
    }
    const rings = readAreas(geometry);
    if (rings.length > 0) report.note('left out', `a feature that is no line: ${geometry.type}`);
    areas.push(...rings.map((each) => ({ tags, rings: each })));
    for (const part of readLines(geometry)) lines.push({ tags, places: part.map(placeOf) });
  }
  if (nodeTags.size === 0) report.note('unknown', 'no points: gates and bollards are not known');
  report.note('unknown', 'GeoJSON has no relations: banned turns are not known');
  const ways = keyPlaces(lines, report).map((run, index) => ({
    id: index,
    tags: lines[index]?.tags ?? {},
    runs: [run],
  }));
  return { ways, nodeTags, places, areas, relations: [] };
};

function readLines(geometry: Geometry): Place[][] {
  const { type, coordinates } = geometry as { type: string; coordinates: unknown };
  if (type === 'LineString') return [coordinates as Place[]];
  return type === 'MultiLineString' ? (coordinates as Place[][]) : [];
}

/** One list of rings an area. */
function readAreas(geometry: Geometry): Position[][][] {
  const { type, coordinates } = geometry as { type: string; coordinates: unknown };
  const areas = type === 'Polygon' ? [coordinates] : type === 'MultiPolygon' ? coordinates : [];
  return (areas as Place[][][]).map((rings) => rings.map((ring) => ring.map(placeOf)));
}

function placeOf([lng, lat]: Place): Position {
  return { lat, lng };
}
