/**
 * The fastest by road against plain searches that relax every edge until nothing changes: random networks with
 * one-way streets, gang and toll roads, and the real roads of Kediri (skipped where the data are absent).
 */
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distanceM } from '../../cities/great-circle.ts';
import { keepLargestComponent } from '../../dispatch/roads/largest-component.ts';
import { parseOsm } from '../../dispatch/roads/osm.ts';
import { CLASS_NUMBERS, VEHICLES } from '../../dispatch/roads/road-classes.ts';
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

test('the wanted fastest equal a plain search in random networks, between nodes and at them', () => {
  fc.assert(
    fc.property(
      fc.array(road, { minLength: 2, maxLength: 40 }),
      fc.array(fc.tuple(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true })), {
        minLength: 1,
        maxLength: 12,
      }),
      fc.tuple(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true })),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(...VEHICLES),
      (roads, unitPlaces, [scenePiece, sceneAlong], wanted, vehicle) => {
        const graph = createRoadGraph(
          gridEdges(
            roads.map((each) => ({
              ...each,
              to: [each.from[0] + each.step[0], each.from[1] + each.step[1]] as const,
            })),
          ),
          'random',
        );
        const usable = Array.from(graph.from.keys()).filter(
          (edge) => graph.secondsOf[vehicle][edge] !== Number.POSITIVE_INFINITY,
        );
        fc.pre(usable.length > 0);
        const snapAt = (piece: number, along: number): Snap => ({
          edge: usable[piece % usable.length] as number,
          along,
          offRoadM: 0,
        });
        const scene = snapAt(scenePiece, sceneAlong);
        const units = unitPlaces.map(([piece, along]) => snapAt(piece, along));
        const expected = units
          .map((unit) => plainSeconds(graph, unit, scene, vehicle))
          .sort((a, b) => a - b)
          .filter((seconds) => seconds !== Number.POSITIVE_INFINITY);
        const answer = new RoadSearch(graph).toIncident(scene, units, vehicle, wanted);
        expect(answer.length).toBeGreaterThanOrEqual(Math.min(wanted, expected.length));
        for (const [rank, { index, seconds }] of answer.entries()) {
          expect(seconds).toBeCloseTo(expected[rank] as number, 6);
          expect(seconds).toBeCloseTo(plainSeconds(graph, units[index] as Snap, scene, vehicle), 6);
        }
      },
    ),
    { numRuns: 300 },
  );
});

/** From one snapped point to another over forward edges, every way out and in tried. */
function plainSeconds(graph: RoadGraph, unit: Snap, scene: Snap, vehicle: (typeof VEHICLES)[number]): number {
  const seconds = graph.secondsOf[vehicle];
  const opposite = (edge: number) =>
    Math.min(
      ...Array.from(graph.from.keys())
        .filter((each) => graph.from[each] === graph.to[edge] && graph.to[each] === graph.from[edge])
        .map((each) => seconds[each] as number),
      Number.POSITIVE_INFINITY,
    );
  // At a junction exactly (along 0 or 1) a one-way piece hinders nobody.
  const start: [number, number][] = [
    [graph.to[unit.edge] as number, (seconds[unit.edge] as number) * (1 - unit.along)],
    [graph.from[unit.edge] as number, unit.along === 0 ? 0 : opposite(unit.edge) * unit.along],
  ];
  const end: [number, number][] = [
    [graph.from[scene.edge] as number, (seconds[scene.edge] as number) * scene.along],
    [graph.to[scene.edge] as number, scene.along === 1 ? 0 : opposite(scene.edge) * (1 - scene.along)],
  ];
  let best = Number.POSITIVE_INFINITY;
  for (const [from, out] of start) {
    const times = plainTimes(graph, from, vehicle);
    for (const [to, back] of end) best = Math.min(best, out + (times[to] as number) + back);
  }
  const samePiece = unit.edge === scene.edge;
  const mirrored =
    graph.from[unit.edge] === graph.to[scene.edge] && graph.to[unit.edge] === graph.from[scene.edge];
  if (samePiece || mirrored) {
    const ahead = scene.along - (samePiece ? unit.along : 1 - unit.along);
    best = Math.min(
      best,
      ahead >= 0 ? ahead * (seconds[scene.edge] as number) : -ahead * opposite(scene.edge),
    );
  }
  return best;
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

describe.skipIf(!hasKediri)('on the roads of Kediri', () => {
  const graph = hasKediri
    ? createRoadGraph(
        keepLargestComponent(parseOsm(JSON.parse(readFileSync(kediriFile, 'utf8'))).list),
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
  const somewhere = () => Math.floor(random() * graph.nodeCount);

  test.each(VEHICLES)('the five fastest of 24 %ss equal a plain run from every unit', (vehicle) => {
    const units = Array.from({ length: 24 }, somewhere);
    const times = units.map((unit) => plainTimes(graph, unit, vehicle));
    const search = new RoadSearch(graph);
    for (let call = 0; call < 150; call++) {
      const incident = somewhere();
      const scene = atNode(graph, incident, vehicle);
      const snaps = units.map((unit) => atNode(graph, unit, vehicle));
      if (!scene || snaps.includes(undefined)) throw new Error('every node of Kediri has a road for both');
      const expected = times.map((fromUnit) => fromUnit[incident] as number).sort((a, b) => a - b);
      const answer = search.toIncident(scene, snaps as Snap[], vehicle, 5);
      expect(answer.length).toBeGreaterThanOrEqual(5);
      for (const [rank, { index, seconds }] of answer.entries()) {
        expect(seconds).toBeCloseTo(expected[rank] as number, 4);
        expect(seconds).toBeCloseTo((times[index] as Float64Array)[incident] as number, 4);
      }
    }
  });

  test('the straight-line speed that the class speeds give lies near the 21, 28 and 34 km/h of the reference', () => {
    const speedsKmh: number[] = [];
    for (let unit = 0; unit < 6; unit++) {
      const start = somewhere();
      const times = plainTimes(graph, start, 'transport');
      const from = { lat: graph.lats[start] as number, lng: graph.lngs[start] as number };
      for (let end = 0; end < graph.nodeCount; end += 7) {
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
