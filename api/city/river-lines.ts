/**
 * The rivers as lines, sketched from what the city folder knows: gauges, bridges, which gauge is upstream.
 *
 * Used by city.ts for maps. A folder holds no survey of the rivers, so a line runs from point to nearest
 * point, and on to the gauge of another river that lies downstream. Invariant: every position is one that
 * the folder states (a gauge, or the middle of a road with a bridge); nothing is invented between.
 */

import type { City } from '../../cities/city.ts';
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';

type Position = [lng: number, lat: number];

export interface RiverLine {
  readonly id: string;
  readonly name: string;
  readonly tidal: boolean;
  readonly line: Position[];
}

/**
 * One line a river; the sea, and a river of which fewer than two points are known, has an empty one. What follows the
 * tide is the sea unless a road crosses it.
 */
export function drawRivers(city: City): RiverLine[] {
  const points = collectPoints(city);
  const bridged = new Set(city.roads?.roads.map(({ bridgeOver }) => bridgeOver));
  return city.rivers.map(({ id, name, tidal }) => {
    const line = tidal && !bridged.has(id) ? [] : orderAlong(points.get(id) ?? []);
    return { id, name, tidal, line: joinDownstream(city, id, line) };
  });
}

function collectPoints(city: City): Map<string, Position[]> {
  const points = new Map<string, Position[]>(city.rivers.map(({ id }) => [id, []]));
  for (const device of city.devices) {
    if (isRiverGauge(device)) points.get(device.river)?.push([device.lng, device.lat]);
  }
  const junctions = new Map(city.roads?.junctions.map((junction) => [junction.id, junction]));
  for (const { from, to, bridgeOver } of city.roads?.roads ?? []) {
    const [a, b] = [junctions.get(from), junctions.get(to)];
    if (bridgeOver && a && b) points.get(bridgeOver)?.push([(a.lng + b.lng) / 2, (a.lat + b.lat) / 2]);
  }
  return points;
}

/** From one of the two points that lie farthest apart, always on to the nearest that is left. */
function orderAlong(points: readonly Position[]): Position[] {
  const left = [...points];
  let here = left.splice(indexOfFarthestEnd(left), 1)[0];
  const line: Position[] = [];
  while (here) {
    line.push(here);
    const from = here;
    const order = left.map((point, index) => ({ index, distance: squaredDistance(from, point) }));
    const nearest = order.reduce<(typeof order)[number] | undefined>(
      (best, each) => (best && best.distance <= each.distance ? best : each),
      undefined,
    );
    here = nearest ? left.splice(nearest.index, 1)[0] : undefined;
  }
  return line;
}

function indexOfFarthestEnd(points: readonly Position[]): number {
  let best = { index: 0, distance: -1 };
  points.forEach((a, index) => {
    for (const b of points) {
      const distance = squaredDistance(a, b);
      if (distance > best.distance) best = { index, distance };
    }
  });
  return best.index;
}

/** A river whose gauge stands upstream of another river's reaches that one: the line goes on to there. */
function joinDownstream(city: City, river: string, line: Position[]): Position[] {
  const gauges = city.devices.filter(isRiverGauge);
  const own = new Set(gauges.filter((gauge) => gauge.river === river).map(({ id }) => id));
  const mouth = gauges.find(
    (gauge) => gauge.river !== river && gauge.upstream.some((each) => own.has(each.gauge)),
  );
  const [first, last] = [line[0], line.at(-1)];
  if (!mouth || !first || !last) return line;
  const end: Position = [mouth.lng, mouth.lat];
  return squaredDistance(first, end) < squaredDistance(last, end) ? [end, ...line] : [...line, end];
}

/** In degrees of latitude squared, good enough to compare within a city. */
function squaredDistance([aLng, aLat]: Position, [bLng, bLat]: Position): number {
  const x = (aLng - bLng) * Math.cos((((aLat + bLat) / 2) * Math.PI) / 180);
  return x * x + (aLat - bLat) ** 2;
}
