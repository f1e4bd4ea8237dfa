/**
 * Coverage: the share of the city's roads that an available unit reaches in time, now and without each unit.
 *
 * From all units at once, outwards, to the time limit; every node keeps its two quickest units of each
 * vehicle, so that one search answers for every unit that might be sent. The vehicles are searched apart,
 * since they differ in speed from road to road, and compared at the end. Invariant: shares are of road
 * length, 0–1, and `withoutUnit` of a unit is never more than `now`.
 */
import FlatQueue from 'flatqueue';
import { OFF_ROAD_MPS, VEHICLES, type Vehicle } from './road-classes.ts';
import type { RoadNetwork, UnitPlace } from './road-network.ts';

export interface Coverage {
  readonly now: number;
  /** One a unit, in their order. */
  readonly withoutUnit: readonly number[];
}

const NOBODY = -1;

/** Of one vehicle: the quickest and second quickest unit at each node, NOBODY beyond the limit. */
interface Quickest {
  readonly first: Int32Array;
  readonly second: Int32Array;
}

export function measureCoverage(network: RoadNetwork, units: readonly UnitPlace[], limitS: number): Coverage {
  const byVehicle = VEHICLES.map((vehicle) => searchOutwards(network, units, vehicle, limitS));
  const { nodeCount } = network.graph;
  const weights = nodeWeights(network);
  let total = 0;
  let covered = 0;
  const onlyBy = new Float64Array(units.length);
  for (let node = 0; node < nodeCount; node++) {
    const weight = weights[node] as number;
    total += weight;
    const reachedBy = byVehicle.flatMap(({ first, second }) =>
      [first[node] as number, second[node] as number].filter((unit) => unit !== NOBODY),
    );
    if (reachedBy.length === 0) continue;
    covered += weight;
    if (reachedBy.length > 1) continue;
    const unit = reachedBy[0] as number;
    onlyBy[unit] = (onlyBy[unit] as number) + weight;
  }
  const share = (weight: number) => (total === 0 ? 0 : weight / total);
  return { now: share(covered), withoutUnit: [...onlyBy].map((weight) => share(covered - weight)) };
}

/** Half of every edge belongs to each of its ends. */
function nodeWeights({ graph }: RoadNetwork): Float64Array {
  const weights = new Float64Array(graph.nodeCount);
  for (let edge = 0; edge < graph.edgeCount; edge++) {
    for (const node of [graph.from[edge] as number, graph.to[edge] as number]) {
      weights[node] = (weights[node] as number) + (graph.lengthsM[edge] as number) / 2;
    }
  }
  return weights;
}

function searchOutwards(
  { graph, snap }: RoadNetwork,
  units: readonly UnitPlace[],
  vehicle: Vehicle,
  limitS: number,
): Quickest {
  const first = new Int32Array(graph.nodeCount).fill(NOBODY);
  const second = new Int32Array(graph.nodeCount).fill(NOBODY);
  const secondsOf = graph.secondsOf[vehicle];
  const { offsets, ends, edges } = graph.forward;
  // The queue carries one number: node and unit in one.
  const queue = new FlatQueue();
  const reach = (seconds: number, node: number, unit: number) => {
    if (seconds > limitS || first[node] === unit || second[node] !== NOBODY) return;
    queue.push(node * units.length + unit, seconds);
  };
  for (const [unit, place] of units.entries()) {
    const at = place.vehicle === vehicle ? snap(place, vehicle) : undefined;
    if (!at) continue;
    const toRoadS = at.offRoadM / OFF_ROAD_MPS;
    const wholeS = secondsOf[at.edge] as number;
    reach(toRoadS + wholeS * (1 - at.along), graph.to[at.edge] as number, unit);
    // Towards the start of a one-way piece it may not turn back.
    if (at.along === 0 || hasEdge(graph.to[at.edge] as number, graph.from[at.edge] as number)) {
      reach(toRoadS + wholeS * at.along, graph.from[at.edge] as number, unit);
    }
  }
  while (queue.length > 0) {
    const seconds = queue.peekValue() as number;
    const reached = queue.pop() as number;
    const unit = reached % units.length;
    const node = (reached - unit) / units.length;
    if (first[node] === unit || second[node] !== NOBODY) continue;
    if (first[node] === NOBODY) first[node] = unit;
    else second[node] = unit;
    for (let place = offsets[node] as number; place < (offsets[node + 1] as number); place++) {
      const edgeSeconds = secondsOf[edges[place] as number] as number;
      reach(seconds + edgeSeconds, ends[place] as number, unit);
    }
  }
  return { first, second };

  function hasEdge(from: number, to: number): boolean {
    for (let place = offsets[from] as number; place < (offsets[from + 1] as number); place++) {
      if (ends[place] === to) return true;
    }
    return false;
  }
}
