/** The fleet teaches the roads, over the real dispatch: ETA before and after, restarts, exercises. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PaceMemory } from '../../../../../dispatch/roads/pace/pace-memory.ts';
import { RoadPace } from '../../../../../dispatch/roads/pace/road-pace.ts';
import { CLASS_NUMBERS, topSpeedMps, VEHICLES } from '../../../../../dispatch/roads/road-classes.ts';
import { createRoadGraph } from '../../../../../dispatch/roads/road-graph.ts';
import { createRoadNetwork } from '../../../../../dispatch/roads/road-network.ts';
import {
  type DispatchHouse,
  KM,
  openDispatchHouse,
  SCENE,
  START_MS,
} from '../../../../support/dispatch-house.ts';
import { gridEdges } from '../small-network.ts';

/** A street of 8 km to the north of the scene. */
const roads = {
  junctions: [
    { id: 'scene', ...SCENE },
    { id: 'north', lat: SCENE.lat + 8 * KM, lng: SCENE.lng },
  ],
  roads: [{ from: 'scene', to: 'north', class: 'primary', lengthM: 8_000 }],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'siaga-pace-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (dataDir = folder, clock = { ms: START_MS }) =>
  openDispatchHouse({ units: 2, roads, clock, config: { SIAGA_DATA_DIR: dataDir } });

/** u2 drives up and down the street at 15 km/h, under way, each 15 s a fix. */
async function drive(house: DispatchHouse, minutes: number, status = 'en-route'): Promise<void> {
  const stepM = (15 / 3.6) * 15;
  for (let step = 0; step < minutes * 4; step++) {
    house.clock.ms += 15_000;
    const alongM = 500 + Math.abs(((step * stepM + 7_000) % 14_000) - 7_000);
    await house.say('u2', { lat: SCENE.lat + (alongM / 1_000) * KM, lng: SCENE.lng, speedMps: 4, status });
  }
  await house.dispatch.tick();
}

async function etaOf(house: DispatchHouse, unit: string) {
  // Only where it stands counts, and not what its crew is at.
  await house.say('u1', { lat: SCENE.lat + 5 * KM, lng: SCENE.lng, speedMps: 0, status: 'available' });
  const { candidates, etaSource } = await house.dispatch.recommend({ at: SCENE, limit: 5 });
  return { etaS: candidates.find((each) => each.unit === unit)?.etaS ?? Number.NaN, etaSource };
}

const usualS = 5_000 / (44 / 3.6);

test('a street that crews drive slowly is slow in the ETA of the same vehicle, and the answer says so', async () => {
  await using house = await open();
  expect((await etaOf(house, 'u1')).etaSource).toMatch(/main roads, 2 junctions$/);
  expect((await etaOf(house, 'u1')).etaS).toBeCloseTo(usualS, -1);
  await drive(house, 40);
  const { seconds } = await secondsOfTransport(house);
  // 15 km/h instead of 44; most of it is believed after half an hour.
  expect(seconds / usualS).toBeGreaterThan(2);
  const { etaS, etaSource } = await etaOf(house, 'u1');
  expect(etaSource).toMatch(/; times learned from \d+ stretches of the fleet$/);
  // u1 is a motorcycle: it has taught nothing of itself.
  expect(etaS).toBeCloseTo(usualS, -1);
});

/** Of a transport unit that stands 5 km to the north. */
async function secondsOfTransport(house: DispatchHouse): Promise<{ seconds: number }> {
  await house.say('u2', { lat: SCENE.lat + 5 * KM, lng: SCENE.lng, speedMps: 0, status: 'available' });
  const { candidates } = await house.dispatch.recommend({ at: SCENE, limit: 5, vehicle: 'transport' });
  return { seconds: candidates[0]?.etaS ?? Number.NaN };
}

test('what was learned outlasts a restart', async () => {
  let before: number;
  const clock = { ms: START_MS };
  {
    await using house = await open(folder, clock);
    await drive(house, 30);
    // What was learned is taken into the times each five minutes.
    clock.ms += 5 * 60_000;
    await house.dispatch.tick();
    before = (await secondsOfTransport(house)).seconds;
  }
  expect(before / usualS).toBeGreaterThan(1.5);
  await using house = await open(folder, clock);
  expect((await secondsOfTransport(house)).seconds).toBeCloseTo(before, -1);
});

test('crews that cruise or wait teach nothing, and a disk that fails costs no travel time', async () => {
  {
    await using house = await open();
    await drive(house, 30, 'available');
    expect((await secondsOfTransport(house)).seconds / usualS).toBeCloseTo(1, 1);
  }
  expect(readdirSync(folder)).toEqual([]);
  await using house = await open('/nonexistent/folder');
  await drive(house, 30);
  expect((await secondsOfTransport(house)).seconds / usualS).toBeGreaterThan(1.5);
});

test('no road becomes faster than the vehicle is, and what is closed and what keeps a timetable stays as it is', () => {
  const network = createRoadNetwork(
    createRoadGraph(
      gridEdges([
        { from: [0, 0], to: [1, 0], class: 'trunk' },
        { from: [1, 0], to: [2, 0], class: 'path' },
        { from: [2, 0], to: [3, 0], class: 'motorway' },
      ]),
      'a test',
    ),
  );
  const ferry = CLASS_NUMBERS.indexOf('ferry');
  network.graph.classes[2] = ferry;
  const before = VEHICLES.map((vehicle) => network.graph.secondsOf[vehicle].slice());
  const memory = new PaceMemory();
  for (let time = 0; time < 500; time++) {
    for (const vehicle of VEHICLES) memory.learn({ vehicle, cell: 'near', hour: 9, usualS: 60, takenS: 15 });
  }
  const dependencies = {
    network,
    memory,
    file: '/nonexistent',
    timeZone: 'Asia/Jakarta',
    isThere: () => true,
  };
  new RoadPace({ ...dependencies, now: () => START_MS, log: pino({ level: 'silent' }), count: () => {} });
  for (const [index, vehicle] of VEHICLES.entries()) {
    const seconds = network.graph.secondsOf[vehicle];
    for (const [edge, usualS] of (before[index] as Float64Array).entries()) {
      const leastS = (network.graph.lengthsM[edge] as number) / topSpeedMps(vehicle);
      if (network.graph.classes[edge] === ferry || usualS === Number.POSITIVE_INFINITY)
        expect(seconds[edge]).toBe(usualS);
      else expect(seconds[edge]).toBeCloseTo(Math.max(usualS / 2, leastS), 6);
    }
  }
});
