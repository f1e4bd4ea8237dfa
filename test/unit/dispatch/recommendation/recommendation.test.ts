/** Who is recommended, who is not and why; and from where the travel times come. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type DispatchHouse, KM, openDispatchHouse, SCENE } from '../../../support/dispatch-house.ts';

const ask = (house: DispatchHouse, more: object = {}) =>
  house.dispatch.recommend({ at: SCENE, limit: 5, ...more });
const units = (answer: { candidates: readonly { unit: string }[] }) =>
  answer.candidates.map(({ unit }) => unit);

test('the nearest that can be sent come first, each with its reason, age and interval', async () => {
  await using house = await openDispatchHouse();
  await house.pass(10);
  await house.say('u2', {
    lat: SCENE.lat + 1.2 * KM,
    lng: SCENE.lng,
    speedMps: 10,
    accuracyM: 8,
    batteryPct: 12,
  });
  await house.pass(6);
  const answer = await ask(house);
  expect(units(answer)).toEqual(['u1', 'u2', 'u3', 'u4']);
  expect(answer).toMatchObject({
    exact: true,
    version: 0,
    asOfMs: house.clock.ms,
    excluded: [],
    etaSource: 'straight line at 28 km/h',
  });
  const [first, second] = answer.candidates;
  expect(first).toMatchObject({
    unit: 'u1',
    callSign: 'S1',
    vehicle: 'motorcycle',
    canTransport: false,
    etaS: 129,
    etaSource: 'straight',
    distanceM: 1_000,
    distanceRangeM: [1_000, 1_000],
    fixAgeS: 16,
    stale: false,
    unitVersion: 0,
    reason: 'fastest: 2 min by straight line, 1.0 km away, position 16 s old',
  });
  // It moves at 10 m/s and was heard 6 s ago: it may be 60 m nearer or further.
  expect(second).toMatchObject({
    unit: 'u2',
    distanceM: 1_200,
    distanceRangeM: [1_140, 1_260],
    accuracyM: 8,
    warnings: ['its tracker has 12 % battery'],
  });
  expect(second?.etaRangeS[0]).toBeLessThan(second?.etaS ?? 0);
  expect(second?.reason).toMatch(/^26 s behind the fastest/);
});

test('who cannot be sent is excluded with each of its reasons', async () => {
  await using house = await openDispatchHouse({ units: 6 });
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await house.dispatch.setService('u2', 'brakes', 'd');
  await house.say('u3', { status: 'off-duty' });
  await house.say('u4', { status: 'at-hospital' });
  await house.say('u5', { lat: -6.2, lng: 110.41, status: 'available' });
  const answer = await ask(house, { role: 'transport' });
  expect(units(answer)).toEqual(['u6']);
  expect(Object.fromEntries(answer.excluded.map(({ unit, reason }) => [unit, reason]))).toEqual({
    u1: `already assigned (${assignment.id}); a motorcycle does not transport`,
    u2: 'out of service: brakes',
    u3: 'off duty; a motorcycle does not transport',
    u4: 'its crew says at-hospital',
    u5: 'a motorcycle does not transport',
  });
  const byMotorcycle = await ask(house, { vehicle: 'motorcycle' });
  expect(units(byMotorcycle)).toEqual([]);
  expect(byMotorcycle.excluded.find(({ unit }) => unit === 'u5')?.reason).toBe('too far away (89 km)');
  expect(byMotorcycle.shortfall).toMatch(/^no unit can be sent: /);
});

test('a position grows stale, and too old for a unit that moved before it is for one that was parked', async () => {
  await using house = await openDispatchHouse({ units: 2 });
  await house.say('u2', { speedMps: 12 });
  const keepHeard = () => {
    for (const unit of ['u1', 'u2']) house.fleet.observePresence(unit, 'online', house.clock.ms);
  };
  await house.pass(50);
  keepHeard();
  expect((await ask(house)).candidates.map(({ unit, stale }) => [unit, stale])).toEqual([
    ['u1', true],
    ['u2', true],
  ]);
  await house.pass(200);
  keepHeard();
  const older = await ask(house);
  expect(units(older)).toEqual(['u1']);
  expect(older.excluded).toEqual([
    { unit: 'u2', callSign: 'S2', reason: 'its last position is too old (4 min)' },
  ]);
  await house.pass(700);
  keepHeard();
  expect((await ask(house)).shortfall).toBe('no unit can be sent: 2 × its last position is too old');
});

test('a parked unit with one coarse fix stays where it is, and its ranges carry the radius', async () => {
  await using house = await openDispatchHouse({ units: 2 });
  await house.say('u1', { accuracyM: 6 });
  await house.pass(20);
  await house.say('u1', { lat: SCENE.lat + 2.4 * KM, accuracyM: 1_800 });
  const first = (await ask(house)).candidates[0];
  expect(first).toMatchObject({
    unit: 'u1',
    distanceM: 1_000,
    distanceRangeM: [0, 2_800],
    accuracyM: 1_800,
    fixAgeS: 0,
  });
  expect(first?.etaRangeS[0]).toBe(0);
  expect(first?.reason).toMatch(/position 0 s old, known to 1\.8 km$/);
  await house.pass(10);
  await house.say('u1', { lat: SCENE.lat + 1.1 * KM, accuracyM: 6 });
  expect((await ask(house)).candidates[0]).toMatchObject({
    distanceM: 1_100,
    distanceRangeM: [1_100, 1_100],
  });
});

test('a unit that was never heard is excluded and not forgotten', async () => {
  await using house = await openDispatchHouse({ silent: true, units: 1 });
  const { excluded, excludedTotal, candidates } = await ask(house);
  expect(candidates).toEqual([]);
  expect(excludedTotal).toBe(1);
  expect(excluded[0]?.reason).toBe(
    'its crew has not said that it is available; its tracker is unseen; no position is known',
  );
});

test('the version changes with every assignment and its end', async () => {
  await using house = await openDispatchHouse();
  const versions = [(await ask(house)).version];
  const { assignment } = await house.assign(await house.report(), 'u1');
  versions.push((await ask(house)).version);
  await house.dispatch.advance({ assignment: assignment.id, to: 'cancelled', actor: 'd' });
  versions.push((await ask(house)).version);
  expect(versions).toEqual([0, 1, 2]);
  expect((await ask(house)).candidates[0]).toMatchObject({ unit: 'u1', unitVersion: 2 });
});

describe('by the roads of the city', () => {
  const junction = (id: string, north: number, east: number) => ({
    id,
    lat: SCENE.lat + north * KM,
    lng: SCENE.lng + east * KM,
  });
  /** A river runs between the street of the scene and the one of u1; no bridge. */
  const roads = {
    junctions: [
      junction('scene-west', 0, -1),
      junction('scene-east', 0, 1),
      junction('north', 3, 1),
      junction('island-west', 1, -1),
      junction('island-east', 1, 0.5),
    ],
    roads: [
      { from: 'scene-west', to: 'scene-east', class: 'primary' },
      { from: 'scene-east', to: 'north', class: 'primary' },
      { from: 'island-west', to: 'island-east', class: 'primary' },
    ],
  };

  test('a unit across a river without a bridge comes last, however near, and says why', async () => {
    await using house = await openDispatchHouse({ units: 3, roads });
    await house.pass(1);
    await house.say('u3', { lat: SCENE.lat + 2.5 * KM, lng: SCENE.lng + 1 * KM });
    const { candidates, exact } = await ask(house, { vehicle: 'motorcycle' });
    expect(candidates.map(({ unit, reachable, etaSource }) => [unit, reachable, etaSource])).toEqual([
      ['u3', true, 'road'],
      ['u1', false, 'straight'],
    ]);
    expect(exact).toBe(true);
    expect(candidates[0]?.reason).toMatch(/^fastest: /);
    expect(candidates[1]?.reason).toMatch(
      /^no road leads from it to the place: 1\.0 km away by straight line/,
    );
  });

  test('where the network says nothing of a unit or of the place, a straight line is a guess as before', async () => {
    await using house = await openDispatchHouse({ units: 1, roads });
    await house.pass(1);
    await house.say('u1', { lat: SCENE.lat + 9 * KM });
    expect((await ask(house)).candidates).toMatchObject([
      { unit: 'u1', reachable: true, etaSource: 'straight' },
    ]);
  });
});

/** A routing engine on a port of its own, as it speaks on the wire. */
async function withEngine(answer: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

test('OSRM is asked for a table in its order of coordinates, and its times rank', async () => {
  const asked: string[] = [];
  const answer: RequestListener = (request, response) => {
    asked.push(request.url ?? '');
    // The scene is the destination; the further unit has the better road. Nobody knows the way of the second.
    const fromUnits = request.url?.includes('sources=0;1;2') ? [[300], [null], [200]] : [];
    response.end(JSON.stringify({ code: 'Ok', durations: fromUnits }));
  };
  await withEngine(answer, async (url) => {
    const config = { ROUTING_URL: url };
    await using house = await openDispatchHouse({ units: 5, config });
    const { candidates, etaSource, etaFallback } = await ask(house, { vehicle: 'motorcycle' });
    expect(etaSource).toBe('OSRM');
    expect(etaFallback).toBeUndefined();
    expect(candidates.map(({ unit, etaS, etaSource: source }) => [unit, etaS, source])).toEqual([
      ['u5', 200, 'road'],
      ['u1', 300, 'road'],
      ['u3', 386, 'straight'],
    ]);
  });
  expect(asked).toEqual([
    `/table/v1/driving/110.410000,${(SCENE.lat + KM).toFixed(6)};110.410000,${(SCENE.lat + 3 * KM).toFixed(6)};110.410000,${(SCENE.lat + 5 * KM).toFixed(6)};110.410000,-7.000000?sources=0;1;2&destinations=3&annotations=duration`,
  ]);
});

test('a user and a password of the engine go as HTTP Basic, and are in no answer', async () => {
  const seen: (string | undefined)[] = [];
  const answer: RequestListener = (request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(500).end();
  };
  await withEngine(answer, async (url) => {
    const config = { ROUTING_URL: url.replace('//', '//ops:hunter2@') };
    await using house = await openDispatchHouse({ units: 1, config });
    const recommendation = await ask(house);
    expect(recommendation.etaFallback).toBe('OSRM answered 500');
    expect(JSON.stringify(recommendation)).not.toContain('hunter2');
  });
  expect(seen).toEqual([`Basic ${Buffer.from('ops:hunter2').toString('base64')}`]);
});

test('Valhalla is asked with the costing of each vehicle', async () => {
  const costings: string[] = [];
  const answer: RequestListener = async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { costing, sources } = JSON.parse(body) as { costing: string; sources: unknown[] };
    costings.push(costing);
    response.end(JSON.stringify({ sources_to_targets: sources.map((_, index) => [{ time: 100 + index }]) }));
  };
  await withEngine(answer, async (url) => {
    await using house = await openDispatchHouse({
      units: 2,
      config: { ROUTING_URL: url, ROUTING_ENGINE: 'valhalla' },
    });
    expect((await ask(house)).candidates.map(({ etaS }) => etaS)).toEqual([100, 100]);
  });
  expect(costings.sort()).toEqual(['auto', 'motorcycle']);
});

/** OSRM's table for two motorcycles 1 and 3 km away, as it would say it. */
const table = (first: number | null, second: number | null, more: object = {}) =>
  ((_, response) =>
    response.end(
      JSON.stringify({ code: 'Ok', durations: [[first], [second]], ...more }),
    )) satisfies RequestListener;
const snaps = (...distances: number[]) => distances.map((distance) => ({ distance }));

test.each([
  ['0 s for kilometres', table(0, 400), '0 s for 1.0 km'],
  ['a negative time', table(-5, 400), '-5 s for 1.0 km'],
  ['three years', table(99_999_999, 400), '99999999 s for 1.0 km'],
  [
    'a unit on a road far away',
    table(300, 400, { sources: snaps(197_000, 5) }),
    'put on a road 197.0 km away',
  ],
])(
  'an engine that answers %s is not believed for that unit, and that is said',
  async (_name, listener, what) => {
    await withEngine(listener, async (url) => {
      await using house = await openDispatchHouse({ config: { ROUTING_URL: url } });
      const answer = await ask(house, { vehicle: 'motorcycle' });
      expect(answer.etaFallback).toBe(`OSRM said what cannot be of 1 of 2 units: ${what}`);
      expect(answer.candidates.map(({ unit, etaS, etaSource }) => [unit, etaS, etaSource])).toEqual([
        ['u1', 129, 'straight'],
        ['u3', 400, 'road'],
      ]);
    });
  },
);

test.each([
  ['another code than Ok', table(300, 400, { code: 'InvalidValue' }), 'OSRM answered InvalidValue'],
  [
    'a place off its map',
    table(300, 400, { destinations: snaps(197_000) }),
    'OSRM knows no road within 197.0 km of the place',
  ],
])('an engine that answers %s is not believed at all', async (_name, listener, why) => {
  await withEngine(listener, async (url) => {
    await using house = await openDispatchHouse({ config: { ROUTING_URL: url } });
    const answer = await ask(house, { vehicle: 'motorcycle' });
    expect(answer).toMatchObject({ etaFallback: why, etaSource: 'straight line at 28 km/h' });
  });
});

test.each([
  [
    'answers 500',
    ((_, response) => response.writeHead(500).end()) satisfies RequestListener,
    'OSRM answered 500',
  ],
  [
    'answers nonsense',
    ((_, response) => response.end('{}')) satisfies RequestListener,
    'OSRM answered something else than a table',
  ],
  ['never answers', (() => undefined) satisfies RequestListener, 'OSRM did not answer within 100 ms'],
])('when the engine %s, the answer falls back and says so', async (_name, listener, why) => {
  await withEngine(listener, async (url) => {
    await using house = await openDispatchHouse({ config: { ROUTING_URL: url, ROUTING_TIMEOUT_MS: 100 } });
    const answer = await ask(house);
    expect(answer).toMatchObject({ etaFallback: why, etaSource: 'straight line at 28 km/h' });
    expect(units(answer)).toEqual(['u1', 'u2', 'u3', 'u4']);
    expect(await house.metrics.metrics()).toMatch(
      /siaga_dispatch_routing_fallbacks_total\{source="OSRM"\} 1/,
    );
  });
});
