/**
 * Between a place on a piece of road and the nodes at its ends: which of them it is left by, and reached by, and how
 * long that takes.
 *
 * A place is snapped to an edge of the map; what is driven to and from it may be a copy (turn-bans.ts). Invariant: who
 * leaves a place has driven the rest of its piece, so that a banned turn at the end holds; who stands exactly at a
 * junction has driven nothing, and may take any road.
 */
import type { Vehicle } from './road-classes.ts';
import type { RoadGraph } from './road-graph.ts';
import type { Snap } from './road-snap.ts';

type Way = [node: number, seconds: number];

/** Nodes from which the snapped point can be driven to, and the time from each. */
export function waysIn(graph: RoadGraph, { edge, along }: Snap, vehicle: Vehicle): Way[] {
  const ways = drivenTo(graph, edge, along, vehicle);
  const back = oppositeOf(graph, edge, vehicle);
  if (along === 0) ways.push(...atJunction(graph, graph.from[edge] as number));
  if (along === 1) ways.push(...atJunction(graph, graph.nodeOf[graph.to[edge] as number] as number));
  else if (back !== undefined) ways.push(...drivenTo(graph, back, 1 - along, vehicle));
  return ways;
}

/** Nodes that can be driven to from the snapped point, and the time to each. */
export function waysOut(graph: RoadGraph, { edge, along }: Snap, vehicle: Vehicle): Way[] {
  const { from, to, nodeOf, secondsOf } = graph;
  const seconds = secondsOf[vehicle];
  const ways: Way[] = [[to[edge] as number, (seconds[edge] as number) * (1 - along)]];
  if (along === 1) ways.push([nodeOf[to[edge] as number] as number, 0]);
  const back = along === 0 ? undefined : oppositeOf(graph, edge, vehicle);
  if (along === 0) ways.push([from[edge] as number, 0]);
  else if (back !== undefined) ways.push([to[back] as number, (seconds[back] as number) * along]);
  return ways;
}

/**
 * Seconds from one place to another without leaving the piece of road that both are on; Infinity where they are not.
 */
export function alongOnePiece(graph: RoadGraph, start: Snap, end: Snap, vehicle: Vehicle): number {
  const { from, to, nodeOf, secondsOf } = graph;
  const endOf = (edge: number) => nodeOf[to[edge] as number];
  let startAlong: number | undefined;
  if (start.edge === end.edge) startAlong = start.along;
  else if (from[start.edge] === endOf(end.edge) && endOf(start.edge) === from[end.edge]) {
    startAlong = 1 - start.along;
  }
  if (startAlong === undefined) return Number.POSITIVE_INFINITY;
  const ahead = end.along - startAlong;
  if (ahead >= 0) return (secondsOf[vehicle][end.edge] as number) * ahead;
  const back = oppositeOf(graph, end.edge, vehicle);
  return back === undefined ? Number.POSITIVE_INFINITY : (secondsOf[vehicle][back] as number) * -ahead;
}

/** The quickest edge of the map that goes the other way; undefined where the road is one-way for the vehicle. */
function oppositeOf(graph: RoadGraph, edge: number, vehicle: Vehicle): number | undefined {
  const { from, to, nodeOf, forward, secondsOf } = graph;
  const start = nodeOf[to[edge] as number] as number;
  let quickest: number | undefined;
  let seconds = Number.POSITIVE_INFINITY;
  const end = forward.offsets[start + 1] as number;
  for (let place = forward.offsets[start] as number; place < end; place++) {
    if (nodeOf[forward.ends[place] as number] !== from[edge]) continue;
    const each = forward.edges[place] as number;
    if ((secondsOf[vehicle][each] as number) >= seconds) continue;
    quickest = each;
    seconds = secondsOf[vehicle][each] as number;
  }
  return quickest;
}

/** Along an edge of the map or any copy of it that the vehicle may take. */
function drivenTo(
  { from, edgeCopies, secondsOf }: RoadGraph,
  edge: number,
  along: number,
  vehicle: Vehicle,
): Way[] {
  const ways: Way[] = [];
  for (const each of [edge, ...(edgeCopies.get(edge) ?? [])]) {
    const seconds = secondsOf[vehicle][each] as number;
    if (seconds !== Number.POSITIVE_INFINITY) ways.push([from[each] as number, seconds * along]);
  }
  return ways;
}

/** However it was come to. */
function atJunction({ nodeCopies }: RoadGraph, node: number): Way[] {
  return [node, ...(nodeCopies.get(node) ?? [])].map((each) => [each, 0]);
}
