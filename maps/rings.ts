/**
 * Ways joined where their ends meet: the rings of a multipolygon, the chains of a coast.
 *
 * OpenStreetMap cuts a river's bank or a coast into many ways. Invariants: a way is used once; what does not close is
 * no ring; with `isDirected` a way is never turned round, for a coast has its water on the right.
 */
import type { OsmPoint, Position } from '../openstreetmap/osm-content.ts';

export type Chain = readonly OsmPoint[];

export function joinWays(runs: readonly Chain[], { isDirected = false } = {}): Chain[] {
  const left = new Set(runs.filter((run) => run.length > 1));
  const chains: Chain[] = [];
  for (const first of left) {
    left.delete(first);
    let chain: OsmPoint[] = [...first];
    // On from the last point, then back from the first one.
    for (let next = takeNext(chain, left, isDirected); next; next = takeNext(chain, left, isDirected)) {
      chain = chain.concat(next);
    }
    for (let before = takeBefore(chain, left); before; before = takeBefore(chain, left)) {
      chain = [...before, ...chain];
    }
    chains.push(chain);
  }
  return chains;
}

export function isClosed(chain: Chain): boolean {
  return chain.length > 3 && chain[0]?.key === chain.at(-1)?.key;
}

function takeNext(chain: Chain, left: Set<Chain>, isDirected: boolean): Chain | undefined {
  if (isClosed(chain)) return undefined;
  const end = chain.at(-1)?.key;
  for (const run of left) {
    const isTurned = !isDirected && run.at(-1)?.key === end;
    if (run[0]?.key !== end && !isTurned) continue;
    left.delete(run);
    return (isTurned ? run.toReversed() : run).slice(1);
  }
  return undefined;
}

function takeBefore(chain: Chain, left: Set<Chain>): Chain | undefined {
  if (isClosed(chain)) return undefined;
  for (const run of left) {
    if (run.at(-1)?.key !== chain[0]?.key) continue;
    left.delete(run);
    return run.slice(0, -1);
  }
  return undefined;
}

/** By the number of sides that a ray to the east crosses. */
export function isWithin({ lat, lng }: Position, ring: readonly Position[]): boolean {
  let isIn = false;
  for (const [index, to] of ring.entries()) {
    const from = ring[index - 1];
    if (!from || from.lat > lat === to.lat > lat) continue;
    if (lng < from.lng + ((lat - from.lat) / (to.lat - from.lat)) * (to.lng - from.lng)) isIn = !isIn;
  }
  return isIn;
}
