/**
 * Banned turns and closed barriers as a graph without them, so that a plain search over nodes keeps to them.
 *
 * A ban is a sequence of edges; all of them form a trie with the links of Aho and Corasick (1975). Whoever has driven
 * the beginning of a ban stands at a copy of the junction, which has the same roads but for the banned one, and leaves
 * the copy for the longest beginning that still holds. Invariant: the paths of the graph, for each vehicle, are those
 * paths of the map that hold no ban of that vehicle; without bans the list is given back as it is.
 */
import type { EdgeList, TurnBan } from './edge-list.ts';
import { VEHICLES, type Vehicle } from './road-classes.ts';
import { compress, type Rows } from './rows.ts';

export interface BannedTurns {
  readonly list: EdgeList;
  /** Of each node and edge: the one of the map. */
  readonly nodeOf: Uint32Array;
  readonly edgeOf: Uint32Array;
}

/** What has been driven: the beginning of at least one ban. */
interface State {
  readonly next: Map<number, State>;
  /** The longest other beginning that ends with the same edges. */
  shorter: State | undefined;
  /** Vehicles for which the last edge completes a ban. */
  readonly banned: Set<Vehicle>;
  /** The junction that it stands at, and its copy; the root has none. */
  readonly node: number;
  copy: number;
}

const NONE = -1;

export function banTurns(base: EdgeList): BannedTurns {
  const own = (length: number) => Uint32Array.from({ length }, (_, index) => index);
  if (base.bans.length === 0) {
    return { list: base, nodeOf: own(base.lats.length), edgeOf: own(base.from.length) };
  }
  const root = createState(NONE);
  for (const ban of base.bans) addBan(root, ban, base);
  const states = linkStates(root);
  const nodeOf = [...own(base.lats.length)];
  for (const state of states) {
    // Nothing more can come of a ban that is complete: it goes on as its shorter one.
    if (state.next.size > 0) state.copy = nodeOf.push(state.node) - 1;
  }
  const from = [...base.from];
  const to = Array.from(base.to, (node, edge) => nodeAfter(root.next.get(edge), node));
  const edgeOf = [...own(base.from.length)];
  const speeds = { motorcycle: [...base.speeds.motorcycle], transport: [...base.speeds.transport] };
  const rows = compress(base.from, base.to, base.lats.length);
  for (const state of states) {
    if (state.copy === NONE) continue;
    for (const edge of edgesFrom(rows, state.node)) {
      const after = advance(root, state, edge);
      const open = VEHICLES.filter(
        (vehicle) => !after?.banned.has(vehicle) && base.speeds[vehicle][edge] !== 0,
      );
      if (open.length === 0) continue;
      from.push(state.copy);
      to.push(nodeAfter(after, base.to[edge] as number));
      edgeOf.push(edge);
      for (const vehicle of VEHICLES) {
        speeds[vehicle].push(open.includes(vehicle) ? (base.speeds[vehicle][edge] as number) : 0);
      }
    }
  }
  const list: EdgeList = {
    lats: Float64Array.from(nodeOf, (node) => base.lats[node] as number),
    lngs: Float64Array.from(nodeOf, (node) => base.lngs[node] as number),
    from: Uint32Array.from(from),
    to: Uint32Array.from(to),
    lengthsM: Float32Array.from(edgeOf, (edge) => base.lengthsM[edge] as number),
    classes: Uint8Array.from(edgeOf, (edge) => base.classes[edge] as number),
    speeds: {
      motorcycle: Uint16Array.from(speeds.motorcycle),
      transport: Uint16Array.from(speeds.transport),
    },
    bans: base.bans,
  };
  return { list, nodeOf: Uint32Array.from(nodeOf), edgeOf: Uint32Array.from(edgeOf) };
}

function createState(node: number): State {
  return { next: new Map(), shorter: undefined, banned: new Set(), node, copy: NONE };
}

function addBan(root: State, { edges, vehicles }: TurnBan, base: EdgeList): void {
  let state = root;
  for (const edge of edges) {
    let next = state.next.get(edge);
    if (!next) {
      next = createState(base.to[edge] as number);
      state.next.set(edge, next);
    }
    state = next;
  }
  for (const vehicle of vehicles) state.banned.add(vehicle);
}

/** Breadth first, so that what is shorter is linked before. All states but the root. */
function linkStates(root: State): State[] {
  const states: State[] = [...root.next.values()];
  for (const state of states) {
    for (const [edge, next] of state.next) {
      next.shorter = advance(root, state.shorter, edge);
      for (const vehicle of next.shorter?.banned ?? []) next.banned.add(vehicle);
      states.push(next);
    }
  }
  return states;
}

/** The longest beginning of a ban that ends with `edge` after `state`; undefined where there is none. */
function advance(root: State, state: State | undefined, edge: number): State | undefined {
  for (let each = state; each; each = each.shorter) {
    const next = each.next.get(edge);
    if (next) return next;
  }
  return root.next.get(edge);
}

/** The copy that stands for what was driven, else the junction of the map. */
function nodeAfter(state: State | undefined, node: number): number {
  for (let each = state; each; each = each.shorter) {
    if (each.copy !== NONE) return each.copy;
  }
  return node;
}

function* edgesFrom({ offsets, edges }: Rows, node: number): Generator<number> {
  for (let place = offsets[node] as number; place < (offsets[node + 1] as number); place++) {
    yield edges[place] as number;
  }
}
