import { describe, expect, test } from 'vitest';
import { measureCoverage } from '../../../../dispatch/roads/coverage.ts';
import { OFF_ROAD_MPS, speedMps } from '../../../../dispatch/roads/road-classes.ts';
import { createRoadGraph } from '../../../../dispatch/roads/road-graph.ts';
import { createRoadNetwork } from '../../../../dispatch/roads/road-network.ts';
import { type GridRoad, gridEdges, gridPlace } from './small-network.ts';

const network = (roads: readonly GridRoad[]) =>
  createRoadNetwork(createRoadGraph(gridEdges(roads), 'a test'));
const straight: GridRoad[] = [
  { from: [0, 0], to: [1, 0], class: 'primary' },
  { from: [1, 0], to: [2, 0], class: 'primary' },
  { from: [2, 0], to: [3, 0], class: 'primary' },
];
const primaryS = (km: number) => (km * 1000) / speedMps('transport', 'primary');

test('positions between junctions count the part of the road that is driven', () => {
  const unit = { ...gridPlace(0.25, 0), vehicle: 'transport' as const };
  const [seconds] = network(straight).travelTimes(gridPlace(2.5, 0), [unit], 1);
  expect(seconds).toBeCloseTo(primaryS(2.25), 0);
});

test('a unit on the same piece of road drives straight there, and round the block when it is one-way', () => {
  const loop: GridRoad[] = [
    { from: [0, 0], to: [1, 0], class: 'primary', oneway: true },
    { from: [1, 0], to: [1, 1], class: 'primary' },
    { from: [1, 1], to: [0, 1], class: 'primary' },
    { from: [0, 1], to: [0, 0], class: 'primary' },
  ];
  const behind = { ...gridPlace(0.2, 0), vehicle: 'transport' as const };
  const ahead = { ...gridPlace(0.6, 0), vehicle: 'transport' as const };
  const [fromBehind, fromAhead] = network(loop).travelTimes(gridPlace(0.4, 0), [behind, ahead], 2);
  expect(fromBehind).toBeCloseTo(primaryS(0.2), 0);
  expect(fromAhead).toBeCloseTo(primaryS(3.8), 0);
});

test('a motorcycle takes the gang and not the toll road, a car the other way round', () => {
  const roads: GridRoad[] = [
    ...straight,
    { from: [0, 0], to: [0, 1], class: 'path' },
    { from: [0, 1], to: [0, 2], class: 'path' },
    { from: [3, 0], to: [3, 1], class: 'motorway' },
  ];
  const both = [
    { ...gridPlace(3, 0), vehicle: 'motorcycle' as const },
    { ...gridPlace(3, 0), vehicle: 'transport' as const },
  ];
  // For the car the gang is 1 km of carrying; the motorcycle rides it.
  const [motorcycleS, transportS] = network(roads).travelTimes(gridPlace(0, 1), both, 2);
  expect(motorcycleS).toBeCloseTo(
    3000 / speedMps('motorcycle', 'primary') + 1000 / speedMps('motorcycle', 'path'),
    0,
  );
  expect(transportS).toBeCloseTo(primaryS(3) + 1000 / OFF_ROAD_MPS, 0);
  const atToll = network(roads).travelTimes(gridPlace(3, 1), both, 2);
  expect(atToll[0]).toBeCloseTo(1000 / OFF_ROAD_MPS, 0);
  expect(atToll[1]).toBeCloseTo(1000 / speedMps('transport', 'motorway'), 0);
});

describe('a place beside an elevated toll road', () => {
  /** The toll road passes ten metres from the place, the street thirty metres; they meet 6 km further on. */
  const M = 0.001;
  const roads: GridRoad[] = [
    { from: [0, 10 * M], to: [6, 10 * M], class: 'motorway' },
    { from: [0, -30 * M], to: [2, -30 * M], class: 'primary' },
    { from: [2, -30 * M], to: [6, -30 * M], class: 'primary' },
    { from: [6, -30 * M], to: [6, 10 * M], class: 'primary' },
  ];
  const place = gridPlace(1, 0);

  test('is reached by the street below it', () => {
    const unit = { ...gridPlace(2, -30 * M), vehicle: 'transport' as const };
    const [seconds] = network(roads).travelTimes(place, [unit], 1);
    expect(seconds).toBeCloseTo(primaryS(1) + 30 / OFF_ROAD_MPS, 0);
  });

  test('and a unit that is parked beside it leaves by the street', () => {
    const unit = { ...place, vehicle: 'transport' as const };
    const [seconds] = network(roads).travelTimes(gridPlace(2, -30 * M), [unit], 1);
    expect(seconds).toBeCloseTo(primaryS(1) + 30 / OFF_ROAD_MPS, 0);
  });

  test('and is reached by the toll road where that is quicker', () => {
    const unit = { ...gridPlace(0, 10 * M), vehicle: 'transport' as const };
    const [seconds] = network(roads).travelTimes(place, [unit], 1);
    expect(seconds).toBeCloseTo(1000 / speedMps('transport', 'motorway') + 10 / OFF_ROAD_MPS, 0);
  });

  test('a motorcycle, which may not use it, is as before', () => {
    const unit = { ...gridPlace(2, -30 * M), vehicle: 'motorcycle' as const };
    const [seconds] = network(roads).travelTimes(place, [unit], 1);
    expect(seconds).toBeCloseTo(1000 / speedMps('motorcycle', 'primary') + 30 / OFF_ROAD_MPS, 0);
  });
});

test('a unit that no road leads from has no time, and neither has an incident far from any road', () => {
  const island: GridRoad[] = [...straight, { from: [0, 9], to: [1, 9], class: 'primary' }];
  const units = [{ ...gridPlace(0, 9), vehicle: 'transport' as const }];
  expect(network(island).travelTimes(gridPlace(0, 0), units, 1)).toEqual([undefined]);
  expect(network(island).travelTimes(gridPlace(0, 30), units, 1)).toEqual([undefined]);
});

test('coverage falls by what only the sent unit covers', () => {
  const units = [
    { ...gridPlace(0, 0), vehicle: 'transport' as const },
    { ...gridPlace(3, 0), vehicle: 'motorcycle' as const },
  ];
  // A little more than 1 km of primary road: each covers its own end and the next junction.
  const coverage = measureCoverage(network(straight), units, primaryS(1.05));
  expect(coverage.now).toBeCloseTo(1, 6);
  expect(coverage.withoutUnit).toEqual([expect.closeTo(0.5, 2), expect.closeTo(0.5, 2)]);
  const both = measureCoverage(network(straight), units, primaryS(4));
  expect(both.withoutUnit).toEqual([expect.closeTo(1, 6), expect.closeTo(1, 6)]);
  expect(measureCoverage(network(straight), [], 900)).toEqual({ now: 0, withoutUnit: [] });
});
