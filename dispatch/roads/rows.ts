/** Edges of a graph by the node at one of their ends, compressed: what every search over the roads walks. */

/** Rows of a compressed graph: edges of node n are `offsets[n]` to `offsets[n + 1]`. */
export interface Rows {
  readonly offsets: Uint32Array;
  /** The node at the other end. */
  readonly ends: Uint32Array;
  /** The number of the edge in the EdgeList. */
  readonly edges: Uint32Array;
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

/** Of coordinates: a loop, since a city's are too many for the arguments of a call. */
export function extent(values: Float64Array): [least: number, most: number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}
