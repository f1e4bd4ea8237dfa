/**
 * A crew is heard whatever its clock says: what it says after its order moves the step, or a person is asked, at once
 * and not when its clock has caught up with what it had said before.
 */
import { describe, expect, test } from 'vitest';
import type { Reading } from '../../../../devices/reading.ts';
import { createQuality } from '../../../../ingest/quality.ts';
import { createCrewTracker } from '../../../support/crew-tracker.ts';
import { type DispatchHouse, openDispatchHouse, START_MS } from '../../../support/dispatch-house.ts';
import { openMemoryDatabase } from '../../../support/memory-database.ts';

/** None is a whole number of reports: what says the same at the same time is the same report again. */
const OFFSETS_S = [5.5, 31, 59];
const BOTH_SIGNS_S = [...OFFSETS_S, ...OFFSETS_S.map((seconds) => -seconds)];

/** What is known of an assignment: its step, or what a person is asked. */
async function heard(house: DispatchHouse, id: number): Promise<string> {
  const { step, asked_word } = await house.dispatch.assignments.get(id);
  return asked_word === null ? step : `asked: ${asked_word}`;
}

async function send(house: DispatchHouse, more: object = { forceReason: 'a test' }): Promise<number> {
  const { assignment } = await house.assign(await house.report(), 'u1', more);
  await house.pass(4);
  return assignment.id;
}

describe.each(BOTH_SIGNS_S)('a tracker whose clock is ahead by %d s', (aheadS) => {
  test('for one report only, hides nothing that it says after it', async () => {
    await using house = await openDispatchHouse();
    const tracker = createCrewTracker(house, 'u1');
    await tracker.report('available', 60);
    const id = await send(house);
    tracker.aheadMs = aheadS * 1_000;
    await tracker.say('available');
    tracker.aheadMs = 0;
    await house.pass(3);
    await tracker.say('en-route');
    expect(['en-route', 'asked: en-route']).toContain(await heard(house, id));
    expect(house.dispatch.board.now('u1', house.clock.ms)?.status).toBe('en-route');
  });

  test('from its first report on is heard at once with each step', async () => {
    await using house = await openDispatchHouse({ silent: true });
    const tracker = createCrewTracker(house, 'u1');
    tracker.aheadMs = aheadS * 1_000;
    await tracker.report('available', 15);
    const id = await send(house);
    for (const status of ['en-route', 'on-scene', 'available']) {
      await tracker.say(status);
      const after = status === 'available' ? 'completed' : status;
      expect([after, `asked: ${status}`]).toContain(await heard(house, id));
      await house.pass(5);
    }
  });

  test('from its first report on moves the steps by itself once its clock is known', async () => {
    await using house = await openDispatchHouse({ silent: true });
    const tracker = createCrewTracker(house, 'u1');
    tracker.aheadMs = aheadS * 1_000;
    await tracker.report('available', 40);
    const id = await send(house);
    await tracker.say('en-route');
    expect(await heard(house, id)).toBe('en-route');
    await house.pass(5);
    await tracker.say('on-scene');
    expect(await heard(house, id)).toBe('on-scene');
  });

  test('and is set right on its way is heard with the next step', async () => {
    await using house = await openDispatchHouse();
    const tracker = createCrewTracker(house, 'u1');
    tracker.aheadMs = aheadS * 1_000;
    await tracker.report('available', 60);
    const id = await send(house);
    await tracker.report('en-route', 15);
    tracker.aheadMs = 0;
    await house.pass(5);
    await tracker.say('on-scene');
    await house.pass(5);
    // By the second report at the latest: the first after a step back may be one that a link held back.
    await tracker.say('on-scene');
    expect(['on-scene', 'asked: on-scene']).toContain(await heard(house, id));
  });

  test('and becomes so on its way is heard with the next step', async () => {
    await using house = await openDispatchHouse();
    const tracker = createCrewTracker(house, 'u1');
    await tracker.report('available', 60);
    const id = await send(house);
    await tracker.report('en-route', 15);
    tracker.aheadMs = aheadS * 1_000;
    await house.pass(5);
    await tracker.say('on-scene');
    await house.pass(5);
    await tracker.say('on-scene');
    expect(['on-scene', 'asked: on-scene']).toContain(await heard(house, id));
  });

  test('stays where it is, not where it was before its clock was set', async () => {
    await using house = await openDispatchHouse();
    const tracker = createCrewTracker(house, 'u1');
    tracker.aheadMs = aheadS * 1_000;
    await tracker.report('available', 60);
    tracker.aheadMs = 0;
    await tracker.report('available', 30);
    const { fixAgeMs = Number.POSITIVE_INFINITY } = house.dispatch.board.now('u1', house.clock.ms) ?? {};
    expect(fixAgeMs).toBeLessThan(1_000);
  });

  test('moves nothing by what it had said before its order and a link held back', async () => {
    await using house = await openDispatchHouse();
    const tracker = createCrewTracker(house, 'u1');
    tracker.aheadMs = aheadS * 1_000;
    await tracker.report('available', 60);
    const id = await send(house);
    for (const ageS of [12, 9, 6]) await tracker.say(ageS > 8 ? 'on-scene' : 'available', ageS * 1_000);
    expect(await heard(house, id)).toBe('dispatched');
    expect(house.dispatch.board.index.has('u1')).toBe(false);
  });
});

test.each([1, -1])('a clock that drifts by a second a minute (%d) hides no step', async (sign) => {
  await using house = await openDispatchHouse();
  const tracker = createCrewTracker(house, 'u1');
  const drift = async (status: string, reports: number) => {
    for (let count = 0; count < reports; count++) {
      tracker.aheadMs += (sign * 1_000 * 5) / 60;
      await house.pass(5);
      await tracker.say(status);
    }
  };
  await drift('available', 240);
  const id = await send(house);
  for (const status of ['en-route', 'on-scene']) {
    await drift(status, 1);
    expect([status, `asked: ${status}`]).toContain(await heard(house, id));
  }
});

test('a backlog that comes newest first leaves the newest word standing', async () => {
  await using house = await openDispatchHouse();
  const tracker = createCrewTracker(house, 'u1');
  await tracker.report('available', 60);
  const id = await send(house);
  await house.pass(20);
  await tracker.say('en-route');
  for (const ageS of [3, 6, 9, 12, 30, 40]) await tracker.say('available', ageS * 1_000);
  expect(await heard(house, id)).toBe('en-route');
  expect(house.dispatch.board.now('u1', house.clock.ms)?.status).toBe('en-route');
});

test('who tests a device beside its crew says nothing for it', async () => {
  await using house = await openDispatchHouse();
  const tracker = createCrewTracker(house, 'u1');
  await tracker.report('available', 60);
  const id = await send(house);
  const last = house.fleet.now('u1')?.last;
  if (!last) throw new Error('the tracker has reported');
  for (const quality of [0, 1 << 20]) {
    const at = { measuredAt: house.clock.ms, receivedAt: house.clock.ms, simulated: true, quality };
    await house.take({ ...last, ...at, values: { ...last.values, status: 'on-scene' } });
  }
  expect(await heard(house, id)).toBe('dispatched');
});

test.each(OFFSETS_S)(
  'what was said after a report that was ahead by %d s is the present after a restart, and is worked off',
  async (aheadS) => {
    const database = await openMemoryDatabase();
    const clock = { ms: START_MS };
    const journal: Reading[] = [];
    await using before = await openDispatchHouse({ database, clock });
    const tracker = createCrewTracker(before, 'u1');
    await tracker.report('available', 60);
    const id = await send(before, {});
    tracker.aheadMs = aheadS * 1_000;
    journal.push(await tracker.say('available'));
    tracker.aheadMs = 0;
    // On disk, and nobody has looked at it when the server is killed.
    const quality = createQuality();
    for (const reading of journal) quality.assess(reading);
    clock.ms += 3_000;
    const at = { measuredAt: clock.ms - 200, receivedAt: clock.ms };
    const last = journal.at(-1) as Reading;
    journal.push(quality.assess({ ...last, ...at, values: { ...last.values, status: 'en-route' } }));
    await using again = await openDispatchHouse({ database, clock, silent: true, journal });
    expect(again.fleet.now('u1')?.last?.values).toMatchObject({ status: 'en-route' });
    expect(['en-route', 'asked: en-route']).toContain(await heard(again, id));
    await database.destroy();
  },
);
