/**
 * The road network in memory: nodes and directed edges in typed arrays, compressed by row both ways.
 *
 * Built from a city's main roads or from a road file, then never changed, but for the seconds, which follow what the
 * fleet learns (pace/road-pace.ts). Each vehicle has its own speeds, 0 where it may not go, and its own turns: a turn
 * that is banned is no path of the graph, since what stands behind the ban is a copy of the junction without it
 * (turn-bans.ts). Invariants: nodes and edges below `baseNodeCount` and `baseEdgeCount` are those of the map, copies
 * come after them; edge e of the forward rows and its number in the reversed rows name the same piece of road; every
 * edge is at least 1 cm long; a travel time is length over speed, Infinity where the vehicle may not go.
 */
import type { EdgeList } from './edge-list.ts';
import { VEHICLES, type Vehicle } from './road-classes.ts';
import { compress, type Rows } from './rows.ts';
import { banTurns } from './turn-bans.ts';

export interface RoadGraph extends EdgeList {
  readonly nodeCount: number;
  readonly edgeCount: number;
  readonly baseNodeCount: number;
  readonly baseEdgeCount: number;
  /** Of each node and each edge: the one of the map that it stands for, itself where it is no copy. */
  readonly nodeOf: Uint32Array;
  readonly edgeOf: Uint32Array;
  /** Copies of a node and of an edge of the map; few have any. */
  readonly nodeCopies: ReadonlyMap<number, readonly number[]>;
  readonly edgeCopies: ReadonlyMap<number, readonly number[]>;
  /** Edges that leave a node. */
  readonly forward: Rows;
  /** Edges that arrive at a node: the graph that is searched from an incident. */
  readonly reversed: Rows;
  /** Seconds of each edge, by vehicle. */
  readonly secondsOf: Readonly<Record<Vehicle, Float64Array>>;
  /** "67 junctions of semarang's main roads": said in answers and logs. */
  readonly source: string;
}

const MIN_LENGTH_M = 0.01;
/** Hundredths of a km/h → m/s. */
const SPEED_UNITS_PER_MPS = 360;

export function createRoadGraph(base: EdgeList, source: string): RoadGraph {
  const baseNodeCount = base.lats.length;
  const baseEdgeCount = base.from.length;
  const { list, nodeOf, edgeOf } = banTurns(base);
  const nodeCount = list.lats.length;
  const lengthsM = list.lengthsM.map((lengthM) => Math.max(MIN_LENGTH_M, lengthM));
  const seconds = (vehicle: Vehicle) => {
    const speeds = list.speeds[vehicle];
    return Float64Array.from(lengthsM, (lengthM, edge) => {
      const speed = speeds[edge] as number;
      return speed === 0 ? Number.POSITIVE_INFINITY : (lengthM * SPEED_UNITS_PER_MPS) / speed;
    });
  };
  const [motorcycle, transport] = VEHICLES.map(seconds) as [Float64Array, Float64Array];
  return {
    ...list,
    lengthsM,
    nodeCount,
    edgeCount: list.from.length,
    baseNodeCount,
    baseEdgeCount,
    nodeOf,
    edgeOf,
    nodeCopies: copiesOf(nodeOf, baseNodeCount),
    edgeCopies: copiesOf(edgeOf, baseEdgeCount),
    forward: compress(list.from, list.to, nodeCount),
    reversed: compress(list.to, list.from, nodeCount),
    secondsOf: { motorcycle, transport },
    source,
  };
}

function copiesOf(originals: Uint32Array, baseCount: number): Map<number, number[]> {
  const copies = new Map<number, number[]>();
  for (let copy = baseCount; copy < originals.length; copy++) {
    const original = originals[copy] as number;
    const known = copies.get(original);
    if (known) known.push(copy);
    else copies.set(original, [copy]);
  }
  return copies;
}
