/**
 * The road network in memory: nodes and directed edges in typed arrays, compressed by row both ways.
 *
 * Built from a city's main roads or from a road file, then never changed. Invariants: edge e of the forward
 * rows and its number in the reversed rows name the same piece of road; every edge is at least 1 cm long;
 * the travel time of a vehicle over an edge is its length over the vehicle's speed, Infinity where it may
 * not go.
 */
import { distanceM } from '../../cities/great-circle.ts';
import { CLASS_NUMBERS, speedMps, VEHICLES, type Vehicle } from './road-classes.ts';

/** Edges as a list: what importers make and the road file holds. */
export interface EdgeList {
  readonly lats: Float64Array;
  readonly lngs: Float64Array;
  /** Of each directed edge: node numbers, metres, number of the class. */
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly lengthsM: Float32Array;
  readonly classes: Uint8Array;
}

/** Rows of a compressed graph: edges of node n are `offsets[n]` to `offsets[n + 1]`. */
export interface Rows {
  readonly offsets: Uint32Array;
  /** The node at the other end. */
  readonly ends: Uint32Array;
  /** The number of the edge in the EdgeList. */
  readonly edges: Uint32Array;
}

export interface RoadGraph extends EdgeList {
  readonly nodeCount: number;
  readonly edgeCount: number;
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

export function createRoadGraph(list: EdgeList, source: string): RoadGraph {
  const nodeCount = list.lats.length;
  const edgeCount = list.from.length;
  const lengthsM = list.lengthsM.map((lengthM) => Math.max(MIN_LENGTH_M, lengthM));
  const seconds = (vehicle: Vehicle) => {
    const bySpeed = CLASS_NUMBERS.map((roadClass) => speedMps(vehicle, roadClass));
    return Float64Array.from(lengthsM, (lengthM, edge) => {
      const speed = bySpeed[list.classes[edge] as number] as number;
      return speed === 0 ? Number.POSITIVE_INFINITY : lengthM / speed;
    });
  };
  const [motorcycle, transport] = VEHICLES.map(seconds) as [Float64Array, Float64Array];
  return {
    ...list,
    lengthsM,
    nodeCount,
    edgeCount,
    forward: compress(list.from, list.to, nodeCount),
    reversed: compress(list.to, list.from, nodeCount),
    secondsOf: { motorcycle, transport },
    source,
  };
}

/** Counting sort of the edges by one of their ends. */
export function compress(by: Uint32Array, other: Uint32Array, nodeCount: number): Rows {
  const offsets = new Uint32Array(nodeCount + 1);
  for (const node of by) offsets[node + 1] = (offsets[node + 1] as number) + 1;
  for (let node = 0; node < nodeCount; node++) {
    offsets[node + 1] = (offsets[node + 1] as number) + (offsets[node] as number);
  }
  const next = offsets.slice();
  const ends = new Uint32Array(by.length);
  const edges = new Uint32Array(by.length);
  for (let edge = 0; edge < by.length; edge++) {
    const node = by[edge] as number;
    const place = next[node] as number;
    next[node] = place + 1;
    ends[place] = other[edge] as number;
    edges[place] = edge;
  }
  return { offsets, ends, edges };
}

/** Edges that arrive one by one, grown by doubling. */
export class EdgeListBuilder {
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #lengthsM: number[] = [];
  readonly #classes: number[] = [];
  readonly #lats: number[] = [];
  readonly #lngs: number[] = [];

  get edgeCount(): number {
    return this.#from.length;
  }

  addNode(lat: number, lng: number): number {
    this.#lngs.push(lng);
    return this.#lats.push(lat) - 1;
  }

  /** One direction. The length is the great circle's where none is given. */
  addEdge(from: number, to: number, classNumber: number, lengthM?: number): void {
    this.#from.push(from);
    this.#to.push(to);
    this.#classes.push(classNumber);
    this.#lengthsM.push(lengthM ?? distanceM(this.#at(from), this.#at(to)));
  }

  build(): EdgeList {
    return {
      lats: Float64Array.from(this.#lats),
      lngs: Float64Array.from(this.#lngs),
      from: Uint32Array.from(this.#from),
      to: Uint32Array.from(this.#to),
      lengthsM: Float32Array.from(this.#lengthsM),
      classes: Uint8Array.from(this.#classes),
    };
  }

  #at(node: number): { lat: number; lng: number } {
    return { lat: this.#lats[node] as number, lng: this.#lngs[node] as number };
  }
}
