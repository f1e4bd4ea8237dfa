/**
 * The fastest by road against plain searches: random networks with one-way streets, speeds of each vehicle's own and
 * banned sequences of edges, and the real roads of Kediri (skipped where the data are absent), with every edge relaxed
 * until nothing changes.
 */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceM } from '../../cities/great-circle.ts';
import type { EdgeList } from '../../dispatch/roads/edge-list.ts';
import { closeIslands } from '../../dispatch/roads/islands.ts';
import { parseOsm } from '../../dispatch/roads/osm/parse-osm.ts';
import { CLASS_NUMBERS, VEHICLES, type Vehicle } from '../../dispatch/roads/road-classes.ts';
import { createRoadGraph, type RoadGraph } from '../../dispatch/roads/road-graph.ts';
import { RoadSearch } from '../../dispatch/roads/road-search.ts';
import { RoadSnap, type Snap } from '../../dispatch/roads/road-snap.ts';
import { gridEdges, gridPlace, plainTimes } from '../unit/dispatch/roads/small-network.ts';

const folder = process.env['SIAGA_TEST_DATA_DIR'] ?? `${import.meta.dirname}/../../../shared/data`;
const kediriFile = `${folder}/kediri-roads-overpass.json`;
const hasKediri = existsSync(kediriFile);
if (!hasKediri) console.warn(`skipped: ${kediriFile} is absent (set SIAGA_TEST_DATA_DIR)`);

/** A unit or an incident that stands exactly at a node. */
function atNode(graph: RoadGraph, node: number, vehicle: (typeof VEHICLES)[number]): Snap | undefined {
  const { offsets, edges } = graph.forward;
  for (let place = offsets[node] as number; place < (offsets[node + 1] as number); place++) {
    const edge = edges[place] as number;
    if (graph.secondsOf[vehicle][edge] !== Number.POSITIVE_INFINITY) return { edge, along: 0, offRoadM: 0 };
  }
  return undefined;
}

const road = fc.record({
  from: fc.tuple(fc.nat(4), fc.nat(4)),
  step: fc.constantFrom([1, 0] as const, [0, 1] as const),
  class: fc.constantFrom(...CLASS_NUMBERS),
  oneway: fc.boolean(),
});
/** The same on nine junctions: everything meets. */
const denseRoad = fc.record({
  from: fc.tuple(fc.nat(2), fc.nat(2)),
  step: fc.constantFrom([1, 0] as const, [0, 1] as const),
  class: fc.constantFrom(...CLASS_NUMBERS),
  oneway: fc.boolean(),
});
type Road = typeof road extends fc.Arbitrary<infer Value> ? Value : never;
/** Each vehicle's own speed on an edge, hundredths of a km/h; often closed to one of them. */
const speed = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 8, arbitrary: fc.integer({ min: 300, max: 6_000 }) },
);
const speeds = fc.array(fc.tuple(speed, speed), { minLength: 1, maxLength: 30 });
/** A walk over two to four edges from any of them: what is banned. */
const ban = fc.record({
  start: fc.nat(),
  turns: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  vehicles: fc.subarray([...VEHICLES], { minLength: 1 }),
});
type Ban = typeof ban extends fc.Arbitrary<infer Value> ? Value : never;
const share = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));

function buildEdges(
  roads: readonly Road[],
  speedsOf: readonly [number, number][],
  bans: readonly Ban[],
): EdgeList {
  const list = gridEdges(
    roads.map((each) => ({
      ...each,
      to: [each.from[0] + each.step[0], each.from[1] + each.step[1]] as const,
    })),
  );
  const ofVehicle = (index: 0 | 1) =>
    list.speeds.motorcycle.map((_, edge) => (speedsOf[edge % speedsOf.length] as [number, number])[index]);
  const walks = bans.map(({ start, turns, vehicles }) => {
    const edges = [start % list.from.length];
    for (const turn of turns) {
      const at = list.to[edges.at(-1) as number];
      const onwards = [...list.from.keys()].filter((edge) => list.from[edge] === at);
      if (onwards.length > 0) edges.push(onwards[turn % onwards.length] as number);
    }
    return { edges, vehicles };
  });
  return {
    ...list,
    speeds: { motorcycle: ofVehicle(0), transport: ofVehicle(1) },
    bans: walks.filter(({ edges }) => edges.length > 1),
  };
}

test('the wanted fastest of each vehicle equal a plain search that remembers every edge, with turns that are banned', () => {
  let detours = 0;
  fc.assert(
    fc.property(
      fc.uniqueArray(denseRoad, {
        minLength: 6,
        maxLength: 18,
        size: 'max',
        selector: ({ from, step }) => `${from} ${step}`,
      }),
      speeds,
      fc.array(ban, { maxLength: 30, size: 'max' }),
      fc.array(fc.tuple(fc.nat(), share), { minLength: 1, maxLength: 12 }),
      fc.tuple(fc.nat(), share),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(...VEHICLES),
      (roads, speedsOf, bans, unitPlaces, [scenePiece, sceneAlong], wanted, vehicle) => {
        const list = buildEdges(roads, speedsOf, bans);
        const graph = createRoadGraph(list, 'random');
        const usable = [...list.from.keys()].filter((edge) => list.speeds[vehicle][edge] !== 0);
        fc.pre(usable.length > 0);
        const snapAt = (piece: number, along: number): Snap => ({
          edge: usable[piece % usable.length] as number,
          along,
          offRoadM: 0,
        });
        const scene = snapAt(scenePiece, sceneAlong);
        const units = unitPlaces.map(([piece, along]) => snapAt(piece, along));
        const each = units.map((unit) => plainSeconds(list, unit, scene, vehicle));
        const expected = each
          .toSorted((a, b) => a - b)
          .filter((seconds) => seconds !== Number.POSITIVE_INFINITY);
        const answer = new RoadSearch(graph).toIncident(scene, units, vehicle, wanted);
        expect(answer.length).toBeGreaterThanOrEqual(Math.min(wanted, expected.length));
        for (const [rank, { index, seconds }] of answer.entries()) {
          expect(seconds).toBeCloseTo(expected[rank] as number, 6);
          expect(seconds).toBeCloseTo(each[index] as number, 6);
        }
        const free = units.map((unit) => plainSeconds({ ...list, bans: [] }, unit, scene, vehicle));
        if (free.some((seconds, index) => seconds < (each[index] as number))) detours++;
      },
    ),
    { numRuns: 500 },
  );
  // A ban that changed nothing would prove nothing.
  expect(detours).toBeGreaterThan(25);
});

/**
 * From one snapped point to another over the list as it is: no copies, no heap, every edge that was driven
 * remembered.
 */
function plainSeconds(list: EdgeList, unit: Snap, scene: Snap, vehicle: Vehicle): number {
  const { from, to, bans } = list;
  const seconds = Array.from(list.speeds[vehicle], (each, edge) =>
    each === 0 ? Number.POSITIVE_INFINITY : ((list.lengthsM[edge] as number) * 360) / each,
  );
  const opposite = (edge: number) =>
    [...from.keys()]
      .filter((each) => from[each] === to[edge] && to[each] === from[edge])
      .sort((a, b) => (seconds[a] as number) - (seconds[b] as number))
      .find((each) => seconds[each] !== Number.POSITIVE_INFINITY);
  const isBanned = (driven: readonly number[]) =>
    bans.some(
      ({ edges, vehicles }) =>
        vehicles.includes(vehicle) &&
        edges.length <= driven.length &&
        edges.every((edge, index) => edge === driven[driven.length - edges.length + index]),
    );
  const back = { unit: opposite(unit.edge), scene: opposite(scene.edge) };
  let best = onOnePiece(list, seconds, unit, scene, back.scene);
  const reached = new Map<string, number>();
  const open: { node: number; driven: readonly number[]; at: number }[] = [];
  const arrive = (node: number, driven: readonly number[], at: number) => {
    // No ban is longer than four edges.
    const last = driven.slice(-3);
    const key = `${node}: ${last}`;
    if (at >= (reached.get(key) ?? Number.POSITIVE_INFINITY)) return;
    reached.set(key, at);
    open.push({ node, driven: last, at });
    if (scene.along === 0 && node === from[scene.edge]) best = Math.min(best, at);
    if (scene.along === 1 && node === to[scene.edge]) best = Math.min(best, at);
  };
  arrive(to[unit.edge] as number, [unit.edge], (seconds[unit.edge] as number) * (1 - unit.along));
  if (back.unit !== undefined) {
    arrive(from[unit.edge] as number, [back.unit], (seconds[back.unit] as number) * unit.along);
  }
  // At a junction exactly nothing has been driven.
  if (unit.along === 0) arrive(from[unit.edge] as number, [], 0);
  if (unit.along === 1) arrive(to[unit.edge] as number, [], 0);
  for (let state = open.shift(); state; state = open.shift()) {
    for (const [edge, start] of from.entries()) {
      if (start !== state.node || seconds[edge] === Number.POSITIVE_INFINITY) continue;
      if (isBanned([...state.driven, edge])) continue;
      const wholeS = seconds[edge] as number;
      if (edge === scene.edge) best = Math.min(best, state.at + wholeS * scene.along);
      if (edge === back.scene) best = Math.min(best, state.at + wholeS * (1 - scene.along));
      arrive(to[edge] as number, [...state.driven, edge], state.at + wholeS);
    }
  }
  return best;
}

function onOnePiece(
  { from, to }: EdgeList,
  seconds: readonly number[],
  unit: Snap,
  scene: Snap,
  back: number | undefined,
): number {
  const samePiece = unit.edge === scene.edge;
  const mirrored = from[unit.edge] === to[scene.edge] && to[unit.edge] === from[scene.edge];
  if (!samePiece && !mirrored) return Number.POSITIVE_INFINITY;
  const ahead = scene.along - (samePiece ? unit.along : 1 - unit.along);
  if (ahead >= 0) return ahead * (seconds[scene.edge] as number);
  return back === undefined ? Number.POSITIVE_INFINITY : -ahead * (seconds[back] as number);
}

test('the snapped piece of road is the one that a scan over all pieces finds', () => {
  fc.assert(
    fc.property(
      fc.array(road, { minLength: 1, maxLength: 25 }),
      fc.tuple(fc.double({ min: -1, max: 6, noNaN: true }), fc.double({ min: -1, max: 6, noNaN: true })),
      (roads, [column, row]) => {
        const graph = createRoadGraph(
          gridEdges(
            roads.map((each) => ({
              ...each,
              to: [each.from[0] + each.step[0], each.from[1] + each.step[1]] as const,
            })),
          ),
          'random',
        );
        const at = gridPlace(column, row);
        const snap = new RoadSnap(graph).snap(at, 'transport');
        let nearestM = Number.POSITIVE_INFINITY;
        for (const [edge, from] of graph.from.entries()) {
          if (graph.secondsOf.transport[edge] === Number.POSITIVE_INFINITY) continue;
          const to = graph.to[edge] as number;
          // Points along the piece, each metre or so: a scan that knows nothing of projections.
          for (let step = 0; step <= 1_000; step++) {
            const lat =
              (graph.lats[from] as number) +
              (step / 1_000) * ((graph.lats[to] as number) - (graph.lats[from] as number));
            const lng =
              (graph.lngs[from] as number) +
              (step / 1_000) * ((graph.lngs[to] as number) - (graph.lngs[from] as number));
            nearestM = Math.min(nearestM, distanceM(at, { lat, lng }));
          }
        }
        if (nearestM > 2_000) expect(snap === undefined || snap.offRoadM > 1_998).toBe(true);
        else expect(Math.abs((snap as Snap).offRoadM - nearestM)).toBeLessThan(2);
      },
    ),
    { numRuns: 100 },
  );
});

/** At a junction, whichever way it was come to. */
function plainArrival(graph: RoadGraph, times: Float64Array, node: number): number {
  return Math.min(...[node, ...(graph.nodeCopies.get(node) ?? [])].map((each) => times[each] as number));
}

describe.skipIf(!hasKediri)('on the roads of Kediri', () => {
  const graph = hasKediri
    ? createRoadGraph(
        closeIslands(parseOsm(JSON.parse(readFileSync(kediriFile, 'utf8'))).list).list,
        'Kediri',
      )
    : createRoadGraph(gridEdges([]), 'none');
  const random = (() => {
    let state = 7;
    return () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 4_294_967_296;
    };
  })();
  const somewhere = () => Math.floor(random() * graph.baseNodeCount);

  test.each(VEHICLES)('the five fastest of 24 %ss equal a plain run from every unit', (vehicle) => {
    const units = Array.from({ length: 24 }, somewhere);
    const times = units.map((unit) => plainTimes(graph, unit, vehicle));
    const search = new RoadSearch(graph);
    for (let call = 0; call < 150; call++) {
      const incident = somewhere();
      const scene = atNode(graph, incident, vehicle);
      const snaps = units.map((unit) => atNode(graph, unit, vehicle));
      if (!scene || snaps.includes(undefined)) throw new Error('every node of Kediri has a road for both');
      const reached = times.map((fromUnit) => plainArrival(graph, fromUnit, incident));
      const expected = reached.toSorted((a, b) => a - b);
      const answer = search.toIncident(scene, snaps as Snap[], vehicle, 5);
      expect(answer.length).toBeGreaterThanOrEqual(5);
      for (const [rank, { index, seconds }] of answer.entries()) {
        expect(seconds).toBeCloseTo(expected[rank] as number, 4);
        expect(seconds).toBeCloseTo(reached[index] as number, 4);
      }
    }
  });

  test('the straight-line speed that the class speeds give lies near the 21, 28 and 34 km/h of the reference', () => {
    const speedsKmh: number[] = [];
    for (let unit = 0; unit < 6; unit++) {
      const start = somewhere();
      const times = plainTimes(graph, start, 'transport');
      const from = { lat: graph.lats[start] as number, lng: graph.lngs[start] as number };
      for (let end = 0; end < graph.baseNodeCount; end += 7) {
        const metres = distanceM(from, { lat: graph.lats[end] as number, lng: graph.lngs[end] as number });
        if (metres > 1_000) speedsKmh.push((metres / (times[end] as number)) * 3.6);
      }
    }
    speedsKmh.sort((a, b) => a - b);
    const percentile = (share: number) => speedsKmh[Math.floor(share * speedsKmh.length)] as number;
    console.info(
      'Kediri, straight-line km/h p10/50/90:',
      [0.1, 0.5, 0.9].map((share) => percentile(share).toFixed(1)),
    );
    expect(percentile(0.5)).toBeGreaterThan(23);
    expect(percentile(0.5)).toBeLessThan(33);
  });
});
