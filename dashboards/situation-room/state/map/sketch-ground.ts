/**
 * The city's own sketch as a map's ground: its main roads, its rivers between gauges and bridges, its districts.
 *
 * Used where nobody gave a map. Invariant: every position is one that the API gave, or lies on the smooth line through
 * them.
 */
import type { City, LngLat } from '../api/api-shapes.ts';
import type { GroundFeature, GroundFeatures } from './ground-shapes.ts';

/** Of a river's line, between two of its points. */
const STEPS = 8;

export function sketchGround(city: Pick<City, 'rivers' | 'roads' | 'places'>): GroundFeatures {
  const rivers = city.rivers.flatMap(({ name, line }): GroundFeature[] =>
    line.length > 1 ? [feature({ layer: 'river', class: 'river', name }, smoothLine(line))] : [],
  );
  const roads = city.roads.flatMap(({ class: roadClass, line }) =>
    line.length > 1 ? [feature({ layer: 'road', class: roadClass }, line)] : [],
  );
  const places = city.places.map(
    ({ name, lng, lat }): GroundFeature => ({
      type: 'Feature',
      properties: { layer: 'place', class: 'suburb', name },
      geometry: { type: 'Point', coordinates: [lng, lat] },
    }),
  );
  return { type: 'FeatureCollection', features: [...rivers, ...roads, ...places] };
}

function feature(properties: GroundFeature['properties'], coordinates: readonly LngLat[]): GroundFeature {
  return { type: 'Feature', properties, geometry: { type: 'LineString', coordinates } };
}

/** Through all points, bent like a river (Catmull-Rom: each tangent is half the way between the neighbours). */
export function smoothLine(line: readonly LngLat[]): LngLat[] {
  const at = (index: number) => line[Math.min(line.length - 1, Math.max(0, index))] as LngLat;
  const smooth: LngLat[] = [];
  for (let index = 0; index < line.length - 1; index++) {
    const points = [at(index - 1), at(index), at(index + 1), at(index + 2)] as const;
    for (let step = 0; step < STEPS; step++) smooth.push(between(points, step / STEPS));
  }
  return [...smooth, at(line.length - 1)];
}

/** Hermite's form with half of Catmull-Rom's tension, which keeps sharp bends from swinging out. */
function between(points: readonly [LngLat, LngLat, LngLat, LngLat], t: number): LngLat {
  const [before, from, to, after] = points;
  const along = (axis: 0 | 1) => {
    const [out, into] = [(to[axis] - before[axis]) / 4, (after[axis] - from[axis]) / 4];
    const [t2, t3] = [t * t, t * t * t];
    return (
      (2 * t3 - 3 * t2 + 1) * from[axis] +
      (t3 - 2 * t2 + t) * out +
      (3 * t2 - 2 * t3) * to[axis] +
      (t3 - t2) * into
    );
  };
  return [along(0), along(1)];
}
