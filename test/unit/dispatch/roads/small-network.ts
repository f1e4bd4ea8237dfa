/** A grid of streets and a plain Bellman-Ford search over it: what the road search is compared with. */

import { EdgeListBuilder } from '../../../../dispatch/roads/edge-list.ts';
import { CLASS_NUMBERS, type RoadClass, type Vehicle } from '../../../../dispatch/roads/road-classes.ts';
import type { RoadGraph } from '../../../../dispatch/roads/road-graph.ts';

export const SOUTH = -7;
export const WEST = 110.4;
/** 1 km a block. */
export const BLOCK_DEG = 1_000 / 111_195;

export interface GridRoad {
  readonly from: readonly [column: number, row: number];
  readonly to: readonly [column: number, row: number];
  readonly class: RoadClass;
  readonly oneway?: boolean;
}

export const gridPlace = (column: number, row: number) => ({
  lat: SOUTH + row * BLOCK_DEG,
  lng: WEST + (column * BLOCK_DEG) / Math.cos((7 * Math.PI) / 180),
});

export function gridEdges(roads: readonly GridRoad[]) {
  const builder = new EdgeListBuilder();
  const nodes = new Map<string, number>();
  const node = ([column, row]: readonly [number, number]) => {
    const key = `${column},${row}`;
    const { lat, lng } = gridPlace(column, row);
    const known = nodes.get(key) ?? builder.addNode(lat, lng);
    nodes.set(key, known);
    return known;
  };
  for (const road of roads) {
    const classNumber = CLASS_NUMBERS.indexOf(road.class);
    builder.addEdge(node(road.from), node(road.to), classNumber);
    if (!road.oneway) builder.addEdge(node(road.to), node(road.from), classNumber);
  }
  return builder.build();
}

/** Seconds from a node to all others: edges relaxed over and over until nothing changes. No heap, no rows. */
export function plainTimes(graph: RoadGraph, start: number, vehicle: Vehicle): Float64Array {
  const seconds = new Float64Array(graph.nodeCount).fill(Number.POSITIVE_INFINITY);
  seconds[start] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (let edge = 0; edge < graph.edgeCount; edge++) {
      const arrival =
        (seconds[graph.from[edge] as number] as number) + (graph.secondsOf[vehicle][edge] as number);
      if (arrival >= (seconds[graph.to[edge] as number] as number)) continue;
      seconds[graph.to[edge] as number] = arrival;
      changed = true;
    }
  }
  return seconds;
}
