/**
 * The way that a unit's time is of: along the roads, from where it stands to the incident, for a map to draw.
 *
 * Read out of the search that ranks (road-search.ts), just after it ran: from a node the way goes on by the edge whose
 * seconds and those of its end are the node's own, so that the search remembers nothing for it. Invariants: a route
 * takes the seconds that the ranking says; it has at most MAX_ROUTE_POINTS points, and what is left out lies within
 * the metres that it says.
 */
import { METRES_PER_DEGREE, type Position } from '../../cities/great-circle.ts';
import { OFF_ROAD_MPS, type Vehicle } from './road-classes.ts';
import type { RoadGraph } from './road-graph.ts';
import { alongOnePiece, waysIn, waysOut } from './road-pieces.ts';
import type { RoadSearch } from './road-search.ts';
import type { Snap } from './road-snap.ts';

export type Point = readonly [lng: number, lat: number];

export interface RoadRoute {
  readonly seconds: number;
  readonly line: readonly Point[];
  /** How far the line may be from the road. */
  readonly withinM: number;
}

/** Some 4 KB as JSON: enough for a bend each 100 m over 20 km. */
export const MAX_ROUTE_POINTS = 200;
/** Less is not seen on a map of streets. */
const LEAST_TOLERANCE_M = 3;
/** Seconds that are sums of the same numbers in another order. */
const ROUNDING_S = 1e-6;

export interface RouteEnds {
  readonly vehicle: Vehicle;
  readonly unit: Position;
  readonly unitSnaps: readonly Snap[];
  readonly scene: Position;
  readonly sceneSnaps: readonly Snap[];
}

/** After `search.toPlace` of these ends, for a unit that it found; undefined for one that it did not. */
export function traceRoute(graph: RoadGraph, search: RoadSearch, ends: RouteEnds): RoadRoute | undefined {
  const best = bestOf([...onOnePiece(graph, ends), ...byJunctions(graph, search, ends)]);
  if (!best) return undefined;
  const { start, node, seconds } = best;
  const way = node === undefined ? { nodes: [], end: best.end } : follow(graph, search, ends, node);
  if (!way?.end) return undefined;
  const placeOf = (each: number): Point => [graph.lngs[each] as number, graph.lats[each] as number];
  const line = [
    pointOf(ends.unit),
    placeOn(graph, start),
    ...way.nodes.map(placeOf),
    placeOn(graph, way.end),
    pointOf(ends.scene),
  ];
  return { seconds, ...thinLine(line, MAX_ROUTE_POINTS) };
}

/** A beginning of the way, and what the whole of it takes. */
interface Beginning {
  readonly start: Snap;
  /** Undefined where it leaves its piece of road at no junction. */
  readonly node?: number;
  readonly end?: Snap;
  readonly seconds: number;
}

function bestOf(ways: readonly Beginning[]): Beginning | undefined {
  const finite = ways.filter(({ seconds }) => seconds < Number.POSITIVE_INFINITY);
  return finite.toSorted((a, b) => a.seconds - b.seconds)[0];
}

function onOnePiece(graph: RoadGraph, { unitSnaps, sceneSnaps, vehicle }: RouteEnds): Beginning[] {
  return unitSnaps.flatMap((start) =>
    sceneSnaps.map((end) => {
      const offRoadS = (start.offRoadM + end.offRoadM) / OFF_ROAD_MPS;
      return { start, end, seconds: alongOnePiece(graph, start, end, vehicle) + offRoadS };
    }),
  );
}

function byJunctions(graph: RoadGraph, search: RoadSearch, { unitSnaps, vehicle }: RouteEnds): Beginning[] {
  return unitSnaps.flatMap((start) =>
    waysOut(graph, start, vehicle).map(([node, onRoadS]) => ({
      ...{ start, node },
      seconds: start.offRoadM / OFF_ROAD_MPS + onRoadS + search.secondsFrom(node),
    })),
  );
}

function follow(
  graph: RoadGraph,
  search: RoadSearch,
  { sceneSnaps, vehicle }: RouteEnds,
  first: number,
): { nodes: number[]; end: Snap } | undefined {
  const arrivals = new Map<number, { seconds: number; end: Snap }>();
  for (const end of sceneSnaps) {
    for (const [node, onRoadS] of waysIn(graph, end, vehicle)) {
      const seconds = onRoadS + end.offRoadM / OFF_ROAD_MPS;
      if (seconds < (arrivals.get(node)?.seconds ?? Number.POSITIVE_INFINITY)) {
        arrivals.set(node, { seconds, end });
      }
    }
  }
  const nodes = [first];
  for (let node = first; nodes.length <= graph.nodeCount; ) {
    const arrival = arrivals.get(node);
    const seconds = search.secondsFrom(node);
    if (arrival && arrival.seconds <= seconds + ROUNDING_S) return { nodes, end: arrival.end };
    const next = stepOn(graph, search, vehicle, node);
    if (next === undefined) return undefined;
    nodes.push(next);
    node = next;
  }
  return undefined;
}

function stepOn(graph: RoadGraph, search: RoadSearch, vehicle: Vehicle, node: number): number | undefined {
  const { offsets, ends, edges } = graph.forward;
  const secondsOf = graph.secondsOf[vehicle];
  let next: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let place = offsets[node] as number; place < (offsets[node + 1] as number); place++) {
    const end = ends[place] as number;
    const seconds = (secondsOf[edges[place] as number] as number) + search.secondsFrom(end);
    if (seconds >= least) continue;
    least = seconds;
    next = end;
  }
  return next;
}

function pointOf({ lat, lng }: Position): Point {
  return [lng, lat];
}

function placeOn({ lats, lngs, from, to }: RoadGraph, { edge, along }: Snap): Point {
  const [a, b] = [from[edge] as number, to[edge] as number];
  const between = (values: ArrayLike<number>) =>
    (values[a] as number) + along * ((values[b] as number) - (values[a] as number));
  return [between(lngs), between(lats)];
}

/** Douglas and Peucker's, with twice the tolerance until it is few enough. */
export function thinLine(line: readonly Point[], most: number): { line: readonly Point[]; withinM: number } {
  for (let withinM = LEAST_TOLERANCE_M; ; withinM *= 2) {
    const thin = keepBends(line, withinM);
    if (thin.length <= most) return { line: thin, withinM };
  }
}

function keepBends(line: readonly Point[], toleranceM: number): readonly Point[] {
  const isKept = new Uint8Array(line.length);
  isKept[0] = 1;
  isKept[line.length - 1] = 1;
  const open: [first: number, last: number][] = [[0, line.length - 1]];
  for (let span = open.pop(); span; span = open.pop()) {
    const [first, last] = span;
    let furthest = -1;
    let furthestM = toleranceM;
    for (let index = first + 1; index < last; index++) {
      const offM = distanceToM(line[index] as Point, line[first] as Point, line[last] as Point);
      if (offM <= furthestM) continue;
      furthestM = offM;
      furthest = index;
    }
    if (furthest < 0) continue;
    isKept[furthest] = 1;
    open.push([first, furthest], [furthest, last]);
  }
  return line.filter((_, index) => isKept[index] === 1);
}

/** From a point to a piece of a line, on a plane around the point. */
function distanceToM([lng, lat]: Point, [aLng, aLat]: Point, [bLng, bLat]: Point): number {
  const mPerDegLng = METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180);
  const ax = (aLng - lng) * mPerDegLng;
  const ay = (aLat - lat) * METRES_PER_DEGREE;
  const dx = (bLng - lng) * mPerDegLng - ax;
  const dy = (bLat - lat) * METRES_PER_DEGREE - ay;
  const squared = dx * dx + dy * dy;
  const along = squared === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / squared));
  return Math.hypot(ax + along * dx, ay + along * dy);
}
