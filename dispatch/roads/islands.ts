/**
 * Closes to each vehicle what it cannot both reach and leave: a street behind bollards, a yard off the map's edge, a
 * one-way road into nowhere.
 *
 * An import ends with it: such a piece of road would swallow a unit or an incident that is snapped to it. Judged for
 * each vehicle on its own network, with its turns and barriers. A large island within the map stays, since a place
 * beyond a river is truly not reached; one that touches the map's edge may be reached from outside. Strongly connected
 * components by Kosaraju's two passes, iterative, since a city is deeper than the stack.
 */
import { METRES_PER_DEGREE } from '../../cities/great-circle.ts';
import type { EdgeList, TurnBan } from './edge-list.ts';
import { VEHICLES, type Vehicle } from './road-classes.ts';
import { createRoadGraph, type RoadGraph } from './road-graph.ts';
import { compress, extent, type Rows } from './rows.ts';

export interface WithoutIslands {
  readonly list: EdgeList;
  readonly of: Readonly<Record<Vehicle, IslandCount>>;
}

export interface IslandCount {
  /** Metres of lanes that were closed to the vehicle, though the map opens them. */
  readonly closedM: number;
  /** Islands beside the main part that stay. */
  readonly kept: number;
}

/** Lanes of an island that is a place of its own and no slip of the pen: some 10 km of streets both ways. */
const KEPT_ISLAND_M = 20_000;
/** This near to the edge of the map, a road may go on beyond it; 200 m. */
const EDGE_DEG = 200 / METRES_PER_DEGREE;

export function closeIslands(base: EdgeList): WithoutIslands {
  const graph = createRoadGraph(base, 'an import');
  const [motorcycle, transport] = VEHICLES.map((vehicle) => findOpen(graph, vehicle)) as [Open, Open];
  const speeds = {
    motorcycle: base.speeds.motorcycle.map((speed, edge) => (motorcycle.isOpen[edge] ? speed : 0)),
    transport: base.speeds.transport.map((speed, edge) => (transport.isOpen[edge] ? speed : 0)),
  };
  return {
    list: dropClosed({ ...base, speeds }),
    of: { motorcycle: motorcycle.count, transport: transport.count },
  };
}

interface Open {
  readonly isOpen: Uint8Array;
  readonly count: IslandCount;
}

/** Edges of the map that lie within the largest part or a large island, or between two of them. */
function findOpen(graph: RoadGraph, vehicle: Vehicle): Open {
  const seconds = graph.secondsOf[vehicle];
  const usable = [...seconds.keys()].filter((edge) => seconds[edge] !== Number.POSITIVE_INFINITY);
  const from = Uint32Array.from(usable, (edge) => graph.from[edge] as number);
  const to = Uint32Array.from(usable, (edge) => graph.to[edge] as number);
  const component = findComponents({ from, to, nodeCount: graph.nodeCount });
  const metresOf = new Map<number, number>();
  for (const [index, edge] of usable.entries()) {
    const within = component[from[index] as number] as number;
    if (edge >= graph.baseEdgeCount || within !== component[to[index] as number]) continue;
    metresOf.set(within, (metresOf.get(within) ?? 0) + (graph.lengthsM[edge] as number));
  }
  const bySize = [...metresOf].sort((a, b) => b[1] - a[1]);
  const cut = new Set([...nodesAtEdge(graph)].map((node) => component[node] as number));
  const isWhole = ([number, metres]: [number, number]) => metres >= KEPT_ISLAND_M && !cut.has(number);
  const stays = new Set(bySize.filter((each, rank) => rank === 0 || isWhole(each)).map(([number]) => number));
  const isOpen = new Uint8Array(graph.baseEdgeCount);
  for (const [index, edge] of usable.entries()) {
    const ends = [component[from[index] as number] as number, component[to[index] as number] as number];
    // What a banned turn leads away from is open by any of its copies.
    if (ends.every((end) => stays.has(end))) isOpen[graph.edgeOf[edge] as number] = 1;
  }
  let closedM = 0;
  for (const edge of usable) {
    if (edge < graph.baseEdgeCount && !isOpen[edge]) closedM += graph.lengthsM[edge] as number;
  }
  return { isOpen, count: { closedM, kept: Math.max(0, stays.size - 1) } };
}

function* nodesAtEdge({ lats, lngs }: RoadGraph): Generator<number> {
  const [south, north] = extent(lats);
  const [west, east] = extent(lngs);
  for (const [node, lat] of lats.entries()) {
    const lng = lngs[node] as number;
    const depthDeg = Math.min(lat - south, north - lat, lng - west, east - lng);
    if (depthDeg < EDGE_DEG) yield node;
  }
}

/** Without the edges that no vehicle may use, and the nodes and bans that only they had. */
function dropClosed(list: EdgeList): EdgeList {
  const edges = [...list.from.keys()].filter((edge) =>
    VEHICLES.some((vehicle) => list.speeds[vehicle][edge] !== 0),
  );
  const edgeNumbers = new Map(edges.map((edge, number) => [edge, number]));
  const isUsed = new Uint8Array(list.lats.length);
  for (const edge of edges) {
    isUsed[list.from[edge] as number] = 1;
    isUsed[list.to[edge] as number] = 1;
  }
  const nodes = [...isUsed.keys()].filter((node) => isUsed[node]);
  const nodeNumbers = new Uint32Array(list.lats.length);
  for (const [number, node] of nodes.entries()) nodeNumbers[node] = number;
  const bans: TurnBan[] = [];
  for (const { edges: banned, vehicles } of list.bans) {
    const numbers = banned.map((edge) => edgeNumbers.get(edge)).filter((edge) => edge !== undefined);
    if (numbers.length === banned.length) bans.push({ edges: numbers, vehicles });
  }
  const speeds = (vehicle: Vehicle) =>
    Uint16Array.from(edges, (edge) => list.speeds[vehicle][edge] as number);
  return {
    lats: Float64Array.from(nodes, (node) => list.lats[node] as number),
    lngs: Float64Array.from(nodes, (node) => list.lngs[node] as number),
    from: Uint32Array.from(edges, (edge) => nodeNumbers[list.from[edge] as number] as number),
    to: Uint32Array.from(edges, (edge) => nodeNumbers[list.to[edge] as number] as number),
    lengthsM: Float32Array.from(edges, (edge) => list.lengthsM[edge] as number),
    classes: Uint8Array.from(edges, (edge) => list.classes[edge] as number),
    speeds: { motorcycle: speeds('motorcycle'), transport: speeds('transport') },
    bans,
  };
}

/** The component's number of each node. */
function findComponents({ from, to, nodeCount }: Pick<RoadGraph, 'from' | 'to' | 'nodeCount'>): Int32Array {
  const finished: number[] = [];
  const seen = new Uint8Array(nodeCount);
  const forward = compress(from, to, nodeCount);
  for (let node = 0; node < nodeCount; node++) {
    if (!seen[node]) walk(forward, node, seen, (each) => finished.push(each));
  }
  const component = new Int32Array(nodeCount).fill(-1);
  seen.fill(0);
  const reversed = compress(to, from, nodeCount);
  for (const node of finished.reverse()) {
    if (seen[node]) continue;
    walk(reversed, node, seen, (each) => {
      component[each] = node;
    });
  }
  return component;
}

/** Depth first; calls `leave` with each node when all that lies behind it is done. */
function walk(rows: Rows, start: number, seen: Uint8Array, leave: (node: number) => void): void {
  const stack = [start];
  const places = [rows.offsets[start] as number];
  seen[start] = 1;
  while (stack.length > 0) {
    const node = stack.at(-1) as number;
    const place = places.at(-1) as number;
    if (place === rows.offsets[node + 1]) {
      leave(node);
      stack.pop();
      places.pop();
      continue;
    }
    places[places.length - 1] = place + 1;
    const next = rows.ends[place] as number;
    if (seen[next]) continue;
    seen[next] = 1;
    stack.push(next);
    places.push(rows.offsets[next] as number);
  }
}
