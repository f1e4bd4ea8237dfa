/**
 * The largest part of a network within which every place can be reached from every other.
 *
 * An import ends with it: a mapped island of road would swallow a unit or an incident that is snapped to it.
 * Strongly connected components by Kosaraju's two passes, iterative, since a city is deeper than the stack.
 */
import { compress, type EdgeList, type Rows } from './road-graph.ts';

export function keepLargestComponent(list: EdgeList): EdgeList {
  const nodeCount = list.lats.length;
  const component = findComponents(list, nodeCount);
  const sizes = new Map<number, number>();
  for (const each of component) sizes.set(each, (sizes.get(each) ?? 0) + 1);
  const [largest] = [...sizes].reduce((best, each) => (each[1] > best[1] ? each : best), [-1, 0]);

  const numbers = new Uint32Array(nodeCount);
  const nodes: number[] = [];
  for (let node = 0; node < nodeCount; node++) {
    if (component[node] === largest) numbers[node] = nodes.push(node) - 1;
  }
  const edges: number[] = [];
  for (let edge = 0; edge < list.from.length; edge++) {
    const stays =
      component[list.from[edge] as number] === largest && component[list.to[edge] as number] === largest;
    if (stays) edges.push(edge);
  }
  return {
    lats: Float64Array.from(nodes, (node) => list.lats[node] as number),
    lngs: Float64Array.from(nodes, (node) => list.lngs[node] as number),
    from: Uint32Array.from(edges, (edge) => numbers[list.from[edge] as number] as number),
    to: Uint32Array.from(edges, (edge) => numbers[list.to[edge] as number] as number),
    lengthsM: Float32Array.from(edges, (edge) => list.lengthsM[edge] as number),
    classes: Uint8Array.from(edges, (edge) => list.classes[edge] as number),
  };
}

/** The component's number of each node. */
function findComponents(list: EdgeList, nodeCount: number): Int32Array {
  const finished: number[] = [];
  const seen = new Uint8Array(nodeCount);
  const forward = compress(list.from, list.to, nodeCount);
  for (let node = 0; node < nodeCount; node++) {
    if (!seen[node]) walk(forward, node, seen, (each) => finished.push(each));
  }
  const component = new Int32Array(nodeCount).fill(-1);
  seen.fill(0);
  const reversed = compress(list.to, list.from, nodeCount);
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
