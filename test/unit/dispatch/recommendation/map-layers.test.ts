/** What dispatch gives a map to draw: ways of candidates, where calls came from, what the city is left with. */
import { cellToLatLng, latLngToCell } from 'h3-js';
import { expect, test } from 'vitest';
import { distanceM } from '../../../../cities/great-circle.ts';
import { HEAT_DAYS } from '../../../../dispatch/recommendation/call-heat.ts';
import {
  FINEST_RESOLUTION,
  fitResolution,
  MAX_LAYER_CELLS,
} from '../../../../dispatch/recommendation/map-cells.ts';
import { type DispatchHouse, KM, openDispatchHouse, SCENE } from '../../../support/dispatch-house.ts';

const junction = (id: string, north: number, east: number) => ({
  id,
  lat: SCENE.lat + north * KM,
  lng: SCENE.lng + east * KM,
});
/** A street with a bend from the scene to the north, one across a river without a bridge, and one that is far away. */
const roads = {
  junctions: [
    junction('scene', 0, 0),
    junction('bend', 0, 3),
    junction('north', 3, 3),
    junction('island-west', 1, -1),
    junction('island-east', 1, 0.5),
    junction('far-west', 9, 0),
    junction('far-east', 9, 4),
  ],
  roads: [
    { from: 'scene', to: 'bend', class: 'primary' },
    { from: 'bend', to: 'north', class: 'primary' },
    { from: 'island-west', to: 'island-east', class: 'primary' },
    { from: 'far-west', to: 'far-east', class: 'primary' },
  ],
};

/** u3 at the end of the bent street, u1 beyond the river. */
async function openHouse(): Promise<DispatchHouse> {
  const house = await openDispatchHouse({ units: 3, roads });
  await house.pass(1);
  await house.say('u3', { lat: SCENE.lat + 3 * KM, lng: SCENE.lng + 3 * KM });
  return house;
}

test('a candidate drives round the bend; one without a way has a straight line, and who is nowhere has none', async () => {
  await using house = await openHouse();
  const { dispatch } = house;
  const routes = dispatch.routes(SCENE, ['u3', 'u1', 'u3', 'nobody']);
  expect(routes.map(({ unit, by }) => [unit, by])).toEqual([
    ['u3', 'road'],
    ['u1', 'straight'],
  ]);
  const [byRoad, straight] = routes;
  const places = byRoad?.line.map(([lng, lat]) => ({ lat, lng })) ?? [];
  const bend = { lat: SCENE.lat, lng: SCENE.lng + 3 * KM };
  expect(places.some((each) => distanceM(each, bend) < 5)).toBe(true);
  expect(distanceM(places.at(-1) as (typeof places)[number], SCENE)).toBeLessThan(1);
  const { candidates } = await dispatch.recommend({ at: SCENE, limit: 5, vehicle: 'motorcycle' });
  const ranked = candidates.find(({ unit }) => unit === 'u3');
  expect(byRoad?.seconds).toBeCloseTo(ranked?.etaS as number, 0);
  expect(straight?.seconds).toBeNull();
  expect(straight?.line).toHaveLength(2);
});

test('the cells of coverage add up to the figure, now and once a unit is sent', async () => {
  await using house = await openHouse();
  const { dispatch } = house;
  const figure = dispatch.coverage();
  const map = await dispatch.coverageMap('u3');
  expect(map.now).toBeCloseTo(figure?.now as number, 3);
  expect(map.after).toBeCloseTo(figure?.without.get('u3') as number, 3);
  expect(map.after as number).toBeLessThan(map.now as number);
  // Nobody reaches the street in the far north in time.
  const far = map.cells.filter(({ ring }) => (ring[0]?.[1] as number) > SCENE.lat + 7 * KM);
  expect(far.length).toBeGreaterThan(3);
  expect(far.every(({ now }) => now === 0)).toBe(true);
  expect(map.cells.some(({ now, after }) => now === 1 && after === 0)).toBe(true);
  const all = await dispatch.coverageMap(undefined);
  expect(all.after).toBeNull();
  expect(all.cells.every(({ now, after }) => now === after)).toBe(true);
});

test('coverage follows a unit that is taken at once, and two who ask together have one answer', async () => {
  await using house = await openHouse();
  const { dispatch } = house;
  const [one, other] = await Promise.all([dispatch.coverageMap(undefined), dispatch.coverageMap(undefined)]);
  expect(one).toEqual(other);
  await house.assign(await house.report(), 'u3');
  const after = await dispatch.coverageMap(undefined);
  expect(after.now as number).toBeLessThan(one.now as number);
});

test('without roads nothing is said of coverage', async () => {
  await using house = await openDispatchHouse({ units: 1 });
  expect(await house.dispatch.coverageMap(undefined)).toMatchObject({ now: null, after: null, cells: [] });
});

test('real calls of the last 30 days are counted where they came from, pranks and what is older are not', async () => {
  await using house = await openDispatchHouse({ units: 1 });
  await house.report();
  house.clock.ms += (HEAT_DAYS + 1) * 86_400_000;
  await house.report();
  await house.report({ lat: SCENE.lat + 0.0001 });
  await house.report({ lat: SCENE.lat + 9 * KM });
  await house.report({ classification: 'prank' });
  const duplicate = await house.report();
  await house.dispatch.incidents.close(duplicate, 'duplicate', 'a test');
  await house.report({ simulated: true });
  const heat = await house.dispatch.callHeat();
  expect(heat.calls).toBe(3);
  expect(heat.isCut).toBe(false);
  expect(heat.cells.map(({ calls }) => calls).sort()).toEqual([1, 2]);
  const [lat, lng] = cellToLatLng(latLngToCell(SCENE.lat, SCENE.lng, FINEST_RESOLUTION));
  const most = heat.cells.find(({ calls }) => calls === 2);
  for (const [east, north] of most?.ring ?? []) {
    expect(distanceM({ lat, lng }, { lat: north, lng: east })).toBeLessThan(700);
  }
  // Kept for a minute, then counted again.
  await house.report();
  expect((await house.dispatch.callHeat()).calls).toBe(3);
  house.clock.ms += 61_000;
  expect((await house.dispatch.callHeat()).calls).toBe(4);
});

test('more cells than a map is sent become larger ones', () => {
  const cells = Array.from({ length: 5_000 }, (_, index) =>
    latLngToCell(-7 + (index % 100) * 0.01, 110 + Math.floor(index / 100) * 0.01, FINEST_RESOLUTION),
  );
  expect(new Set(cells).size).toBeGreaterThan(MAX_LAYER_CELLS);
  expect(fitResolution(cells)).toBeLessThan(FINEST_RESOLUTION);
  expect(fitResolution(cells.slice(0, 10))).toBe(FINEST_RESOLUTION);
});
