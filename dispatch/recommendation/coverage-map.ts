/**
 * Which cells of the city a free unit reaches in time, now and once one of them is sent.
 *
 * Asked by the desk's map. The roads are sampled every 250 m, a sample belongs to the junction that is nearer, and a
 * cell is as covered as the share of its samples. Invariants: the shares of all cells together are those of
 * coverage-now.ts; measured at most once in KEPT_MS unless a unit was taken or freed, one at a time, in turns that
 * leave the event loop to others; not at all beyond MAX_UNITS.
 */
import { latLngToCell } from 'h3-js';
import { FERRY_CLASS, NOBODY, type Quickest, reachedBy, searchOutwards } from '../roads/coverage.ts';
import { VEHICLES } from '../roads/road-classes.ts';
import type { RoadGraph } from '../roads/road-graph.ts';
import type { RoadNetwork } from '../roads/road-network.ts';
import type { Point } from '../roads/road-route.ts';
import type { UnitBoard } from '../units/unit-board.ts';
import { LIMIT_S, MAX_UNITS, placeReady } from './coverage-now.ts';
import { atResolution, createTurns, FINEST_RESOLUTION, fitResolution, ringOf } from './map-cells.ts';

export interface CoverageMap {
  readonly asOfMs: number;
  /** Share of the roads; null without roads, and where the fleet is too large. */
  readonly now: number | null;
  /** Once `without` is sent; null where nobody was named. */
  readonly after: number | null;
  readonly cells: readonly {
    readonly ring: readonly Point[];
    readonly now: number;
    readonly after: number;
  }[];
}

const KEPT_MS = 5_000;
const SAMPLE_M = 250;
/** A piece of road of 50 km: longer ones are sampled further apart. */
const MAX_SAMPLES_OF_EDGE = 200;
/** Steps between two looks at the time. */
const PART = 256;

/** Where the roads are, once for all. */
interface Samples {
  readonly rings: readonly Point[][];
  /** Of each sample: its cell, its junction, the metres that it stands for. */
  readonly cells: Uint32Array;
  readonly nodes: Uint32Array;
  readonly metres: Float64Array;
}

interface Measured {
  readonly atMs: number;
  readonly version: number;
  /** Metres of each cell: all, reached, reached by one unit alone. */
  readonly all: Float64Array;
  readonly reached: Float64Array;
  readonly alone: ReadonlyMap<string, ReadonlyMap<number, number>>;
}

export type AskCoverageMap = (without: string | undefined) => Promise<CoverageMap>;

export function createCoverageMap(
  board: UnitBoard,
  roads: RoadNetwork | undefined,
  now: () => number,
): AskCoverageMap {
  let sampling: Promise<Samples> | undefined;
  let kept: { atMs: number; version: number; measured: Promise<Measured> } | undefined;
  const measureNow = (network: RoadNetwork, samples: Samples): Promise<Measured> => {
    const atMs = now();
    const { version } = board;
    if (kept?.version === version && Math.abs(atMs - kept.atMs) < KEPT_MS) return kept.measured;
    // One at a time: who asks while the one before runs waits for it first.
    const before = kept?.measured.catch(() => undefined);
    const measured = Promise.resolve(before).then(() => measure(board, network, samples, atMs));
    kept = { atMs, version, measured };
    measured.catch(() => {
      kept = undefined;
    });
    return measured;
  };
  return async (without) => {
    if (!roads || board.index.size > MAX_UNITS) return { asOfMs: now(), now: null, after: null, cells: [] };
    sampling ??= takeSamples(roads.graph);
    const samples = await sampling;
    return describe(samples, await measureNow(roads, samples), without);
  };
}

function describe({ rings }: Samples, measured: Measured, without: string | undefined): CoverageMap {
  const { all, reached, alone, atMs } = measured;
  const lost = (without !== undefined && alone.get(without)) || new Map<number, number>();
  const total = sum(all);
  const share = (metres: number, of: number) => (of === 0 ? 0 : Math.round((metres / of) * 1e3) / 1e3);
  const lostM = [...lost.values()].reduce((before, metres) => before + metres, 0);
  return {
    asOfMs: atMs,
    now: share(sum(reached), total),
    after: without === undefined ? null : share(sum(reached) - lostM, total),
    cells: rings.map((ring, cell) => {
      const [of, metres] = [all[cell] as number, reached[cell] as number];
      return { ring, now: share(metres, of), after: share(metres - (lost.get(cell) ?? 0), of) };
    }),
  };
}

function sum(values: Float64Array): number {
  return values.reduce((before, value) => before + value, 0);
}

async function measure(
  board: UnitBoard,
  network: RoadNetwork,
  { rings, cells, nodes, metres }: Samples,
  atMs: number,
): Promise<Measured> {
  const { version } = board;
  const { ids, places } = placeReady(board, atMs);
  const turn = createTurns();
  const byVehicle: Quickest[] = [];
  for (const vehicle of VEHICLES) {
    const search = searchOutwards(network, places, vehicle, LIMIT_S);
    let step = search.next();
    while (!step.done) {
      await turn();
      step = search.next();
    }
    byVehicle.push(step.value);
  }
  const all = new Float64Array(rings.length);
  const reached = new Float64Array(rings.length);
  const alone = new Map<string, Map<number, number>>();
  for (const [sample, node] of nodes.entries()) {
    if (sample % PART === 0) await turn();
    const [cell, length] = [cells[sample] as number, metres[sample] as number];
    all[cell] = (all[cell] as number) + length;
    const units = reachedBy(network.graph, byVehicle, node);
    if (units.size === 0) continue;
    reached[cell] = (reached[cell] as number) + length;
    const [only] = units;
    if (units.size > 1 || only === undefined || only === NOBODY) continue;
    const id = ids[only] as string;
    const own = alone.get(id) ?? new Map<number, number>();
    own.set(cell, (own.get(cell) ?? 0) + length);
    alone.set(id, own);
  }
  return { atMs, version, all, reached, alone };
}

async function takeSamples(graph: RoadGraph): Promise<Samples> {
  const turn = createTurns();
  const [names, nodes, metres]: [string[], number[], number[]] = [[], [], []];
  for (let edge = 0; edge < graph.baseEdgeCount; edge++) {
    if (edge % PART === 0) await turn();
    if (graph.classes[edge] === FERRY_CLASS) continue;
    for (const { lat, lng, node, length } of sampleEdge(graph, edge)) {
      names.push(latLngToCell(lat, lng, FINEST_RESOLUTION));
      nodes.push(node);
      metres.push(length);
    }
  }
  const resolution = fitResolution(names);
  const numbers = new Map<string, number>();
  const cells = new Uint32Array(names.length);
  for (const [sample, name] of names.entries()) {
    if (sample % PART === 0) await turn();
    const cell = atResolution(name, resolution);
    const number = numbers.get(cell) ?? numbers.size;
    numbers.set(cell, number);
    cells[sample] = number;
  }
  const rings = [...numbers.keys()].map(ringOf);
  return { rings, cells, nodes: Uint32Array.from(nodes), metres: Float64Array.from(metres) };
}

function sampleEdge(graph: RoadGraph, edge: number) {
  const { from, to, lats, lngs, lengthsM, nodeOf } = graph;
  const [a, b] = [from[edge] as number, nodeOf[to[edge] as number] as number];
  const lengthM = lengthsM[edge] as number;
  // An even number: half of the piece belongs to each end.
  const pairs = Math.ceil(Math.min(lengthM / SAMPLE_M, MAX_SAMPLES_OF_EDGE) / 2);
  const count = pairs * 2;
  return Array.from({ length: count }, (_, index) => {
    const along = (index + 0.5) / count;
    const between = (values: ArrayLike<number>) =>
      (values[a] as number) + along * ((values[b] as number) - (values[a] as number));
    return {
      ...{ lat: between(lats), lng: between(lngs), length: lengthM / count },
      node: along < 0.5 ? a : b,
    };
  });
}
