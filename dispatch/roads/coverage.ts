/**
 * Coverage: the share of the city's roads that an available unit reaches in time, now and without each unit.
 *
 * From all units at once, outwards, to the time limit; every node keeps its two quickest units of each
 * vehicle, so that one search answers for every unit that might be sent. The vehicles are searched apart,
 * since they differ in speed from road to road, and compared at the end. Invariant: shares are of road
 * length, 0–1, and `withoutUnit` of a unit is never more than `now`.
 */
import FlatQueue from 'flatqueue';
import { CLASS_NUMBERS, OFF_ROAD_MPS, VEHICLES, type Vehicle } from './road-classes.ts';
import type { RoadGraph } from './road-graph.ts';
import type { RoadNetwork, UnitPlace } from './road-network.ts';
import { waysOut } from './road-pieces.ts';

export interface Coverage {
  readonly now: number;
  /** One a unit, in their order. */
  readonly withoutUnit: readonly number[];
}

export const NOBODY = -1;
export const FERRY_CLASS = CLASS_NUMBERS.indexOf('ferry');

/** A unit is snapped in some 20 µs, a step takes less than one. */
const PART_UNITS = 16;
const PART_STEPS = 512;

/** Of one vehicle: the quickest and second quickest unit at each node, NOBODY beyond the limit. */
export interface Quickest {
  readonly first: Int32Array;
  readonly second: Int32Array;
}

export function measureCoverage(network: RoadNetwork, units: readonly UnitPlace[], limitS: number): Coverage {
  const byVehicle = VEHICLES.map((vehicle) => searchAtOnce(network, units, vehicle, limitS));
  const { baseNodeCount } = network.graph;
  const weights = nodeWeights(network.graph);
  let total = 0;
  let covered = 0;
  const onlyBy = new Float64Array(units.length);
  for (let node = 0; node < baseNodeCount; node++) {
    const weight = weights[node] as number;
    total += weight;
    const units = reachedBy(network.graph, byVehicle, node);
    if (units.size === 0) continue;
    covered += weight;
    if (units.size > 1) continue;
    for (const unit of units) onlyBy[unit] = (onlyBy[unit] as number) + weight;
  }
  const share = (weight: number) => (total === 0 ? 0 : weight / total);
  return { now: share(covered), withoutUnit: [...onlyBy].map((weight) => share(covered - weight)) };
}

/** Whoever is among the two quickest of a vehicle at this junction of the map, however it is come to. */
export function reachedBy(
  { nodeCopies }: Pick<RoadGraph, 'nodeCopies'>,
  byVehicle: readonly Quickest[],
  node: number,
): Set<number> {
  const units = new Set<number>();
  for (const { first, second } of byVehicle) {
    for (const each of [node, ...(nodeCopies.get(node) ?? [])]) {
      units.add(first[each] as number).add(second[each] as number);
    }
  }
  units.delete(NOBODY);
  return units;
}

function searchAtOnce(...args: Parameters<typeof searchOutwards>): Quickest {
  const search = searchOutwards(...args);
  let step = search.next();
  while (!step.done) step = search.next();
  return step.value;
}

/** Half of every edge of the map belongs to each of its ends. */
function nodeWeights(graph: RoadGraph): Float64Array {
  const weights = new Float64Array(graph.baseNodeCount);
  for (let edge = 0; edge < graph.baseEdgeCount; edge++) {
    if (graph.classes[edge] === FERRY_CLASS) continue;
    for (const node of [graph.from[edge] as number, graph.nodeOf[graph.to[edge] as number] as number]) {
      weights[node] = (weights[node] as number) + (graph.lengthsM[edge] as number) / 2;
    }
  }
  return weights;
}

/** In parts, between which others may have their turn. */
export function* searchOutwards(
  { graph, snap }: RoadNetwork,
  units: readonly UnitPlace[],
  vehicle: Vehicle,
  limitS: number,
): Generator<void, Quickest> {
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
    if (unit % PART_UNITS === 0) yield;
    const at = place.vehicle === vehicle ? snap(place, vehicle) : undefined;
    if (!at) continue;
    const toRoadS = at.offRoadM / OFF_ROAD_MPS;
    for (const [node, onRoadS] of waysOut(graph, at, vehicle)) reach(toRoadS + onRoadS, node, unit);
  }
  for (let steps = 1; queue.length > 0; steps++) {
    if (steps % PART_STEPS === 0) yield;
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
}
