/**
 * Who is fastest by road: one Dijkstra over the reversed graph from the incident, which stops when the
 * wanted number of units is certain. Exact within the network.
 *
 * A unit and the incident each stand somewhere on a piece of road and not at a node: the incident seeds the
 * ends from which it can be reached, a unit hangs on the ends it can drive to. Invariant: a unit's time is
 * final once the queue's least is not below it; scratch arrays are reused, so a search allocates little and
 * never runs beside another.
 */
import FlatQueue from 'flatqueue';
import { OFF_ROAD_MPS, type Vehicle } from './road-classes.ts';
import type { RoadGraph } from './road-graph.ts';
import { alongOnePiece, waysIn, waysOut } from './road-pieces.ts';
import type { Snap } from './road-snap.ts';

export interface RoadTime {
  /** Index in the list of units asked for. */
  readonly index: number;
  /** From the unit to the road, and on it to the point nearest to the incident. */
  readonly seconds: number;
}

export class RoadSearch {
  readonly #graph: RoadGraph;
  /** Nodes by their seconds. One that became nearer stands in it twice; the search skips the older entry. */
  readonly #queue = new FlatQueue();
  readonly #seconds: Float64Array;
  /** The search in which a node's seconds were written. */
  readonly #stamps: Uint32Array;
  #stamp = 0;
  /** Of every node that units hang on: their indices and the time from unit to node. Emptied after a search. */
  readonly #hanging = new Map<number, { index: number; seconds: number }[]>();

  constructor(graph: RoadGraph) {
    this.#graph = graph;
    this.#seconds = new Float64Array(graph.nodeCount);
    this.#stamps = new Uint32Array(graph.nodeCount);
  }

  /**
   * Travel times of one vehicle type to the incident: at least the `wanted` fastest (all where there are
   * fewer that can reach it), ascending, ties by index.
   */
  toIncident(incident: Snap, units: readonly Snap[], vehicle: Vehicle, wanted: number): RoadTime[] {
    const ways = units.map((unit) => [unit]);
    return this.toPlace([{ ...incident, offRoadM: 0 }], ways, vehicle, wanted);
  }

  /**
   * The same where the incident, and each unit, stands beside several roads and takes the best; with the way from the
   * road to the incident.
   */
  toPlace(
    incident: readonly Snap[],
    units: readonly (readonly Snap[])[],
    vehicle: Vehicle,
    wanted: number,
  ): RoadTime[] {
    const best = new Float64Array(units.length).fill(Number.POSITIVE_INFINITY);
    for (const [index, snaps] of units.entries()) {
      for (const snap of snaps) {
        best[index] = Math.min(best[index] as number, this.#withoutJunction(snap, incident, vehicle));
        this.#hang(index, snap, vehicle);
      }
    }
    const seeds = incident.flatMap((snap) =>
      waysIn(this.#graph, snap, vehicle).map(([node, onRoadS]): [number, number] => [
        node,
        onRoadS + snap.offRoadM / OFF_ROAD_MPS,
      ]),
    );
    // The wanted-th best time so far: nothing that the queue still holds can better what is below it.
    let bound = nthLeast(best, wanted);
    this.#search(seeds, vehicle, (node, seconds) => {
      if (seconds >= bound) return false;
      const there = this.#hanging.get(node);
      if (!there) return true;
      let improved = false;
      for (const each of there) {
        if (seconds + each.seconds >= (best[each.index] as number)) continue;
        best[each.index] = seconds + each.seconds;
        improved = true;
      }
      if (improved) bound = nthLeast(best, wanted);
      return true;
    });
    this.#hanging.clear();
    return [...best]
      .map((seconds, index) => ({ index, seconds }))
      .filter(({ seconds }) => seconds <= bound && seconds < Number.POSITIVE_INFINITY)
      .sort((a, b) => a.seconds - b.seconds || a.index - b.index);
  }

  /**
   * Seconds from a node to the place of the last search; Infinity where it did not look, final on the ways of what it
   * found.
   */
  secondsFrom(node: number): number {
    return this.#stamps[node] === this.#stamp ? (this.#seconds[node] as number) : Number.POSITIVE_INFINITY;
  }

  /** Lets a unit be found at the nodes that it can drive to. */
  #hang(index: number, snap: Snap, vehicle: Vehicle): void {
    const toRoadS = snap.offRoadM / OFF_ROAD_MPS;
    for (const [node, onRoadS] of waysOut(this.#graph, snap, vehicle)) {
      const there = this.#hanging.get(node);
      if (there) there.push({ index, seconds: toRoadS + onRoadS });
      else this.#hanging.set(node, [{ index, seconds: toRoadS + onRoadS }]);
    }
  }

  #withoutJunction(unit: Snap, incident: readonly Snap[], vehicle: Vehicle): number {
    const ways = incident.map(
      (snap) =>
        alongOnePiece(this.#graph, unit, snap, vehicle) + (unit.offRoadM + snap.offRoadM) / OFF_ROAD_MPS,
    );
    return Math.min(...ways);
  }

  /** Calls `settle` with each node and its final seconds to the seeds, until it returns false. */
  #search(
    seeds: readonly [node: number, seconds: number][],
    vehicle: Vehicle,
    settle: (node: number, seconds: number) => boolean,
  ): void {
    const { offsets, ends, edges } = this.#graph.reversed;
    const secondsOf = this.#graph.secondsOf[vehicle];
    this.#stamp++;
    this.#queue.clear();
    for (const [node, seconds] of seeds) this.#reach(node, seconds);
    while (this.#queue.length > 0) {
      const seconds = this.#queue.peekValue() as number;
      const node = this.#queue.pop() as number;
      if (seconds > (this.#seconds[node] as number)) continue;
      if (!settle(node, seconds)) return;
      for (let place = offsets[node] as number; place < (offsets[node + 1] as number); place++) {
        const edgeSeconds = secondsOf[edges[place] as number] as number;
        if (edgeSeconds !== Number.POSITIVE_INFINITY)
          this.#reach(ends[place] as number, seconds + edgeSeconds);
      }
    }
  }

  #reach(node: number, seconds: number): void {
    if (this.#stamps[node] === this.#stamp && (this.#seconds[node] as number) <= seconds) return;
    this.#stamps[node] = this.#stamp;
    this.#seconds[node] = seconds;
    this.#queue.push(node, seconds);
  }
}

/** The n-th least of the values, Infinity when there are fewer that are finite. */
function nthLeast(values: Float64Array, n: number): number {
  if (n > values.length) return Number.POSITIVE_INFINITY;
  return (values.toSorted()[n - 1] as number | undefined) ?? Number.POSITIVE_INFINITY;
}
