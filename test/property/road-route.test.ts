/**
 * The way that is drawn against a plain search: random streets, one-way and of several classes, with every edge relaxed
 * until nothing changes. The line itself is driven again, block by block, on the map alone.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLASS_NUMBERS, VEHICLES, type Vehicle } from '../../dispatch/roads/road-classes.ts';
import { createRoadGraph, type RoadGraph } from '../../dispatch/roads/road-graph.ts';
import { MAX_ROUTE_POINTS, type Point, thinLine, traceRoute } from '../../dispatch/roads/road-route.ts';
import { RoadSearch } from '../../dispatch/roads/road-search.ts';
import type { Snap } from '../../dispatch/roads/road-snap.ts';
import { countRuns } from '../support/property-runs.ts';
import {
  BLOCK_DEG,
  gridEdges,
  gridPlace,
  plainTimes,
  SOUTH,
  WEST,
} from '../unit/dispatch/roads/small-network.ts';

const road = fc
  .record({
    from: fc.tuple(fc.nat(4), fc.nat(4)),
    step: fc.constantFrom([1, 0] as const, [0, 1] as const, [-1, 0] as const, [0, -1] as const),
    class: fc.constantFrom(...CLASS_NUMBERS.filter((each) => each !== 'ferry')),
    oneway: fc.boolean(),
  })
  .map(({ from, step, ...more }) => ({ ...more, from, to: [from[0] + step[0], from[1] + step[1]] as const }));

/** Exactly at a junction that the vehicle can leave. */
function atNode(graph: RoadGraph, node: number, vehicle: Vehicle): Snap | undefined {
  const { offsets, edges } = graph.forward;
  for (let place = offsets[node] as number; place < (offsets[node + 1] as number); place++) {
    const edge = edges[place] as number;
    if (graph.secondsOf[vehicle][edge] !== Number.POSITIVE_INFINITY) return { edge, along: 0, offRoadM: 0 };
  }
  return undefined;
}

const blockOf = ([lng, lat]: Point): [number, number] => [
  Math.round((lng - WEST) / (BLOCK_DEG / Math.cos((7 * Math.PI) / 180))),
  Math.round((lat - SOUTH) / BLOCK_DEG),
];

/** Block by block along the line, each by the quickest street between its ends. */
function driveLine(graph: RoadGraph, line: readonly Point[], vehicle: Vehicle): number {
  const blockOfNode = (node: number) =>
    blockOf([graph.lngs[node] as number, graph.lats[node] as number]).join();
  const quickest = new Map<string, number>();
  for (let edge = 0; edge < graph.baseEdgeCount; edge++) {
    const key = `${blockOfNode(graph.from[edge] as number)} ${blockOfNode(graph.to[edge] as number)}`;
    const seconds = graph.secondsOf[vehicle][edge] as number;
    quickest.set(key, Math.min(seconds, quickest.get(key) ?? Number.POSITIVE_INFINITY));
  }
  const blocks = line.map(blockOf);
  let seconds = 0;
  for (const [index, to] of blocks.entries()) {
    const from = [...(blocks[index - 1] ?? to)] as [number, number];
    while (from.join() !== to.join()) {
      const next = from.map((each, axis) => each + Math.sign((to[axis] as number) - each)) as [
        number,
        number,
      ];
      seconds += quickest.get(`${from.join()} ${next.join()}`) ?? Number.POSITIVE_INFINITY;
      [from[0], from[1]] = next;
    }
  }
  return seconds;
}

describe('the way of each unit', () => {
  test('takes the seconds of a plain search, and the line that is drawn can be driven in them', () => {
    let driven = 0;
    fc.assert(
      fc.property(
        fc.array(road, { minLength: 8, maxLength: 40, size: 'max' }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.constantFrom(...VEHICLES),
        (roads, unitNodes, sceneNode, vehicle) => {
          const graph = createRoadGraph(gridEdges(roads), 'random');
          const scene = atNode(graph, sceneNode % graph.nodeCount, vehicle);
          const units = unitNodes
            .map((node) => atNode(graph, node % graph.nodeCount, vehicle))
            .filter((each) => each !== undefined);
          fc.pre(scene !== undefined && units.length > 0);
          if (!scene) return;
          const placeOf = ({ edge }: Snap) => {
            const node = graph.from[edge] as number;
            return { lat: graph.lats[node] as number, lng: graph.lngs[node] as number };
          };
          const search = new RoadSearch(graph);
          search.toPlace(
            [scene],
            units.map((unit) => [unit]),
            vehicle,
            units.length,
          );
          for (const unit of units) {
            const expected = plainTimes(graph, graph.from[unit.edge] as number, vehicle)[
              graph.from[scene.edge] as number
            ] as number;
            const route = traceRoute(graph, search, {
              ...{ vehicle, unit: placeOf(unit), unitSnaps: [unit] },
              ...{ scene: placeOf(scene), sceneSnaps: [scene] },
            });
            if (expected === Number.POSITIVE_INFINITY) {
              expect(route).toBeUndefined();
              continue;
            }
            expect(route?.seconds).toBeCloseTo(expected, 6);
            expect(driveLine(graph, route?.line ?? [], vehicle)).toBeCloseTo(expected, 6);
            if (expected > 0) driven++;
          }
        },
      ),
      { numRuns: 300 },
    );
    // Ways of no length would prove nothing.
    expect(driven).toBeGreaterThan(100);
  });

  test('of a thousand bends keeps no more than it may, and none that is left out is further away than it says', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { minLength: 1_000, maxLength: 1_500 }), (offsets) => {
        const line = offsets.map((offset, index): Point => {
          const { lng, lat } = gridPlace(index / 50, offset / 1_000);
          return [lng, lat];
        });
        const { line: thin, withinM } = thinLine(line, MAX_ROUTE_POINTS);
        expect(thin.length).toBeLessThanOrEqual(MAX_ROUTE_POINTS);
        expect(thin[0]).toEqual(line[0]);
        expect(thin.at(-1)).toEqual(line.at(-1));
        for (const [lng, lat] of line) {
          // Its longitude lies between two kept bends, which the line passes it at.
          const after = Math.max(
            1,
            thin.findIndex(([east]) => east >= lng),
          );
          const [[aLng, aLat], [bLng, bLat]] = [thin[after - 1], thin[after]] as [Point, Point];
          const share = bLng === aLng ? 0 : (lng - aLng) / (bLng - aLng);
          const steepness = Math.hypot(1, (bLat - aLat) / (bLng - aLng));
          const offM = (Math.abs(lat - (aLat + share * (bLat - aLat))) * 111_195) / steepness;
          expect(offM).toBeLessThanOrEqual(withinM * 1.02);
        }
      }),
      { numRuns: countRuns(20) },
    );
  });
});
