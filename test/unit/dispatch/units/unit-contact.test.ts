/** Connected is not heard: two facts, apart, and both are weighed. */
import { expect, test } from 'vitest';
import {
  type DispatchHouse,
  KM,
  openDispatchHouse,
  SCENE,
  START_MS,
} from '../../../support/dispatch-house.ts';

const ask = async (house: DispatchHouse, limit = 5) =>
  (await house.dispatch.recommend({ at: SCENE, limit })).candidates;

test('a unit that dropped half a second ago says so among its reasons, and may be sent without another reason', async () => {
  await using house = await openDispatchHouse();
  await house.pass(5);
  house.dispatch.links.closed('u1', house.clock.ms - 500);
  const first = (await ask(house))[0];
  expect(first).toMatchObject({
    unit: 'u1',
    warnings: [],
    contact: {
      isTold: false,
      connectedSinceMs: null,
      lastConnectedMs: START_MS + 4_500,
      lastWordMeasuredMs: START_MS,
    },
  });
  expect(first?.reason).toMatch(
    /^fastest: .*; not connected since 09:30:04, 1 s ago: ranked 60 s later, call it by radio$/,
  );
  const { assignment } = await house.assign(await house.report(), 'u1');
  expect(assignment.step).toBe('reserved');
});

test('one that can be told comes before one that cannot and is less than a minute nearer', async () => {
  await using house = await openDispatchHouse();
  await house.say('u2', { lat: SCENE.lat + 1.3 * KM });
  house.dispatch.links.closed('u1', house.clock.ms);
  const candidates = await ask(house);
  expect(candidates.map(({ unit }) => unit)).toEqual(['u2', 'u1', 'u3', 'u4']);
  expect(candidates.map(({ reason }) => reason.split(':')[0])).toEqual([
    '39 s behind the fastest',
    'fastest',
    '4 min behind the fastest',
    '6 min behind the fastest',
  ]);
  // Also where only one is asked for.
  expect((await ask(house, 1)).map(({ unit }) => unit)).toEqual(['u2']);
});

test('a socket that is open says nothing of when the unit was heard, nor a word of whether it is open', async () => {
  await using house = await openDispatchHouse({ units: 2 });
  await house.pass(40);
  await house.say('u2', { status: 'available' });
  house.dispatch.links.closed('u2', house.clock.ms);
  const [u1, u2] = (await ask(house)).toSorted((a, b) => (a.unit < b.unit ? -1 : 1));
  expect(u1?.contact).toMatchObject({ connectedSinceMs: START_MS, lastWordMeasuredMs: START_MS });
  expect(u2?.contact).toMatchObject({ connectedSinceMs: null, lastWordMeasuredMs: START_MS + 40_000 });
});

test('one that is connected and has not subscribed, and one that never was, say that', async () => {
  await using house = await openDispatchHouse({ units: 2, disconnected: true });
  house.dispatch.links.opened('u1', house.clock.ms);
  const reasons = (await ask(house)).map(({ reason }) => reason);
  expect(reasons[0]).toMatch(/; connected, and does not listen to commands:/);
  expect(reasons[1]).toMatch(/; not connected since this server started:/);
});

test('the stream says of each connection of a unit when it opened and that it ended', async () => {
  await using house = await openDispatchHouse({ units: 1, disconnected: true });
  const { links } = house.dispatch;
  links.opened('u1', START_MS);
  links.opened('a-gauge', START_MS);
  links.closed('u1', START_MS + 5_000);
  expect(house.connections).toEqual([
    { device: 'u1', connectedSince: '2026-01-15T02:30:00.000Z', at: '2026-01-15T02:30:00.000Z' },
    { device: 'u1', connectedSince: null, at: '2026-01-15T02:30:05.000Z' },
  ]);
});
