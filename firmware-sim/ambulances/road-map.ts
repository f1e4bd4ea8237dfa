/**
 * The city's main roads as an ambulance drives them: the nearest point on a road, and the fastest way.
 *
 * Small on purpose (some hundred junctions, plain Dijkstra): the simulator may not borrow the server's
 * router, or it would prove the router with itself. Invariant: a way follows roads in their direction,
 * except its first and last stretch, between a place and the road nearest to it.
 */
import FlatQueue from 'flatqueue';
import type { City } from '../../cities/city.ts';
import { distanceM, type Position } from '../../cities/great-circle.ts';
import { offsetM, pointBetween } from './position.ts';

export type Vehicle = 'motorcycle' | 'transport';
type RoadClass = NonNullable<City['roads']>['roads'][number]['class'];

/** A stretch of a way: straight to `to` at `speedMps`. */
export interface Stretch {
  readonly to: Position;
  readonly speedMps: number;
}

export interface RoadMap {
  /** The nearest point on a road that the vehicle may use. */
  nearest(at: Position, vehicle: Vehicle): { position: Position; distanceM: number };
  /** The fastest way; straight and slowly where no road leads. */
  findWay(from: Position, to: Position, vehicle: Vehicle): Stretch[];
  readonly junctions: readonly Position[];
}

/** With blue light through the traffic of a large Javanese city, km/h: [motorcycle, transport]. */
const SPEED_KMPH: Readonly<Record<RoadClass, readonly [number, number]>> = {
  motorway: [0, 70],
  trunk: [50, 48],
  primary: [46, 42],
  secondary: [42, 36],
  tertiary: [36, 30],
  residential: [28, 22],
  living_street: [18, 12],
  path: [12, 0],
};
/** Between a main road and a place lie streets and gang that the map does not hold: 22 and 16 km/h. */
const OFF_ROAD_MPS = { motorcycle: 6, transport: 4.5 } as const;

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly speedMps: Readonly<Record<Vehicle, number>>;
  readonly lengthM: number;
}

interface Access {
  readonly edge: Edge;
  /** Along the edge, 0–1. */
  readonly share: number;
  readonly position: Position;
  readonly distanceM: number;
}

export function createRoadMap(roads: NonNullable<City['roads']>): RoadMap {
  const junctions: Position[] = roads.junctions.map(({ lat, lng }) => ({ lat, lng }));
  const edges = readEdges(roads, junctions);
  const leaving = Map.groupBy(edges, (edge) => edge.from);
  const usable = {
    motorcycle: edges.filter((edge) => edge.speedMps.motorcycle > 0),
    transport: edges.filter((edge) => edge.speedMps.transport > 0),
  };
  const accesses = (at: Position, vehicle: Vehicle): Access[] => {
    const all = usable[vehicle].map((edge) => project(at, edge, junctions));
    const nearestM = Math.min(...all.map((each) => each.distanceM));
    // A two-way road is two edges at the same distance: both are ways to begin and to end.
    return all.filter((each) => each.distanceM <= nearestM + 0.01);
  };
  return {
    junctions,
    nearest(at, vehicle) {
      const { position, distanceM: awayM } = accesses(at, vehicle)[0] as Access;
      return { position, distanceM: awayM };
    },
    findWay(from, to, vehicle) {
      const straight = [{ to, speedMps: OFF_ROAD_MPS[vehicle] }];
      const starts = accesses(from, vehicle);
      const ends = accesses(to, vehicle);
      if (starts.length === 0 || ends.length === 0) return straight;
      const onRoad = fastest(starts, ends, vehicle, leaving, junctions);
      if (!onRoad) return straight;
      const speedMps = OFF_ROAD_MPS[vehicle];
      return [{ to: (starts[0] as Access).position, speedMps }, ...onRoad, { to, speedMps }];
    },
  };
}

function readEdges(roads: NonNullable<City['roads']>, junctions: readonly Position[]): Edge[] {
  const indexOf = new Map(roads.junctions.map((junction, index) => [junction.id, index]));
  return roads.roads.flatMap((road): Edge[] => {
    const from = indexOf.get(road.from) as number;
    const to = indexOf.get(road.to) as number;
    const [motorcycle, transport] = SPEED_KMPH[road.class];
    const speedMps = { motorcycle: motorcycle / 3.6, transport: transport / 3.6 };
    const lengthM = distanceM(junctions[from] as Position, junctions[to] as Position);
    const there = { from, to, speedMps, lengthM };
    return road.oneway ? [there] : [there, { ...there, from: to, to: from }];
  });
}

/** The point of an edge nearest to `at`. */
function project(at: Position, edge: Edge, junctions: readonly Position[]): Access {
  const start = junctions[edge.from] as Position;
  const end = junctions[edge.to] as Position;
  const along = offsetM(start, end);
  const aside = offsetM(start, at);
  const lengthSquared = along.northM ** 2 + along.eastM ** 2;
  const dot = aside.northM * along.northM + aside.eastM * along.eastM;
  const share = lengthSquared === 0 ? 0 : Math.min(1, Math.max(0, dot / lengthSquared));
  const position = pointBetween(start, end, share);
  return { edge, share, position, distanceM: distanceM(at, position) };
}

/** How a junction was reached: over an edge, from a junction or from somewhere along the edge itself. */
interface Arrival {
  readonly seconds: number;
  readonly edge: Edge;
  readonly previous: number | undefined;
}

/** Dijkstra over travel time from any start to any end; both lie somewhere along an edge. */
function fastest(
  starts: readonly Access[],
  ends: readonly Access[],
  vehicle: Vehicle,
  leaving: ReadonlyMap<number, readonly Edge[]>,
  junctions: readonly Position[],
): Stretch[] | undefined {
  const secondsOf = (edge: Edge, share: number) => (edge.lengthM * share) / edge.speedMps[vehicle];
  let best: { seconds: number; last: number | undefined; end: Access } | undefined;
  const offer = (seconds: number, last: number | undefined, end: Access) => {
    if (!best || seconds < best.seconds) best = { seconds, last, end };
  };
  const arrivals = new Map<number, Arrival>();
  const open = new FlatQueue();
  const reach = (seconds: number, edge: Edge, previous: number | undefined) => {
    if (seconds >= (arrivals.get(edge.to)?.seconds ?? Number.POSITIVE_INFINITY)) return;
    arrivals.set(edge.to, { seconds, edge, previous });
    open.push(edge.to, seconds);
  };
  for (const start of starts) {
    for (const end of ends) {
      const ahead = end.share - start.share;
      if (end.edge === start.edge && ahead >= 0) offer(secondsOf(start.edge, ahead), undefined, end);
    }
    reach(secondsOf(start.edge, 1 - start.share), start.edge, undefined);
  }
  while (open.length > 0) {
    const reached = open.peekValue() as number;
    const at = open.pop() as number;
    // A junction that became nearer stands in the queue twice.
    if (reached > (arrivals.get(at) as Arrival).seconds) continue;
    if (best && reached >= best.seconds) break;
    for (const end of ends) {
      if (end.edge.from === at) offer(reached + secondsOf(end.edge, end.share), at, end);
    }
    for (const edge of leaving.get(at) ?? []) {
      if (edge.speedMps[vehicle] > 0) reach(reached + secondsOf(edge, 1), edge, at);
    }
  }
  if (!best) return undefined;
  const way: Stretch[] = [{ to: best.end.position, speedMps: best.end.edge.speedMps[vehicle] }];
  for (let at = best.last; at !== undefined; ) {
    const arrival: Arrival = arrivals.get(at) as Arrival;
    way.unshift({ to: junctions[at] as Position, speedMps: arrival.edge.speedMps[vehicle] });
    at = arrival.previous;
  }
  return way;
}
