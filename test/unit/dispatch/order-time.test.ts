/** The order's own time: what was said before an order moves nothing of it; what is not sure, a person is asked. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { QualityFlag } from '../../../devices/reading.ts';
import { type DispatchHouse, openDispatchHouse, SCENE, START_MS } from '../../support/dispatch-house.ts';

const offered = async (house: DispatchHouse) =>
  (await house.dispatch.recommend({ at: SCENE, limit: 10 })).candidates.map(({ unit }) => unit);
const ago = (house: DispatchHouse, seconds: number) => house.clock.ms - seconds * 1_000;

describe('statuses that a link held back while the dispatcher sent the unit', () => {
  test('move nothing: the order stays open, is repeated, and the unit is not offered', async () => {
    await using house = await openDispatchHouse();
    await house.pass(30);
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(2);
    for (const [status, secondsAgo] of [
      ['en-route', 12],
      ['on-scene', 8],
      ['available', 4],
    ] as const) {
      await house.say('u1', { status }, ago(house, secondsAgo));
    }
    const row = await house.dispatch.assignments.get(assignment.id);
    expect(row).toMatchObject({ step: 'dispatched', en_route_at: null, on_scene_at: null, asked_word: null });
    expect(await offered(house)).not.toContain('u1');
    await house.pass(80);
    expect(house.events.map(({ event }) => event)).toContain('escalated');
  });

  test('propose no arrival, and what the crew says after it counts', async () => {
    await using house = await openDispatchHouse();
    await house.pass(30);
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(2);
    await house.say('u1', { ...SCENE, status: 'on-scene' }, ago(house, 5));
    await house.say('u1', { ...SCENE, status: 'available' }, ago(house, 4));
    expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
      step: 'dispatched',
      arrival_proposed_at: null,
    });
    await house.pass(20);
    await house.say('u1', { status: 'en-route' });
    expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
      step: 'en-route',
      en_route_at: START_MS + 52_000,
    });
  });

  test('move nothing when their position is refused, nor when they repeat themselves after the order', async () => {
    await using house = await openDispatchHouse();
    await house.pass(30);
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(2);
    await house.say('u1', { status: 'on-scene' }, ago(house, 6), QualityFlag.implausibleSpeed);
    await house.say('u1', { status: 'on-scene' });
    expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('dispatched');
  });
});

describe('where the clock is not to be trusted, a person is asked', () => {
  const { serverTime } = QualityFlag;

  test('and nothing moves before the answer', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    const { assignment } = await house.assign(incident, 'u1');
    await house.pass(10);
    await house.say('u1', { status: 'en-route' }, undefined, serverTime);
    const { assignments } = house.dispatch;
    expect(await assignments.get(assignment.id)).toMatchObject({
      step: 'dispatched',
      asked_word: 'en-route',
      asked_step: 'en-route',
      asked_at: house.clock.ms,
    });
    expect(house.events.at(-1)).toMatchObject({ event: 'word-asked', unit: 'u1', word: 'en-route' });
    await house.pass(5);
    expect(await house.dispatch.answer(assignment.id, true, 'dispatcher-1')).toMatchObject({
      step: 'en-route',
      en_route_at: house.clock.ms,
      asked_word: null,
    });
    const log = await house.dispatch.audit(incident);
    expect(log.slice(-2)).toMatchObject([
      { actor: 'u1', action: 'word-asked' },
      { actor: 'dispatcher-1', action: 'en-route' },
    ]);
  });

  test('a word that is dropped leaves all as it was, and the same word asks once', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(10);
    for (let times = 0; times < 3; times++)
      await house.say('u1', { status: 'on-scene' }, undefined, serverTime);
    expect(house.events.filter(({ event }) => event === 'word-asked')).toHaveLength(1);
    const dropped = await house.dispatch.answer(assignment.id, false, 'dispatcher-1');
    expect(dropped).toMatchObject({ step: 'dispatched', asked_word: null, on_scene_at: null });
    await expect(house.dispatch.answer(assignment.id, true, 'd')).rejects.toMatchObject({
      code: 'step-not-possible',
    });
  });

  test('the last word is the one that is asked about, also where it means no step', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(10);
    for (const status of ['en-route', 'on-scene', 'available'])
      await house.say('u1', { status }, undefined, serverTime);
    expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
      step: 'dispatched',
      asked_word: 'available',
      asked_step: null,
    });
    await expect(house.dispatch.answer(assignment.id, true, 'd')).rejects.toMatchObject({
      code: 'step-not-possible',
    });
  });

  test('a clock that is 20 s ahead makes no step of what was said before the order', async () => {
    await using house = await openDispatchHouse();
    for (let times = 0; times < 4; times++) {
      await house.pass(5);
      await house.say('u1', { status: 'available' }, house.clock.ms + 20_000);
    }
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(1);
    await house.say('u1', { status: 'on-scene' }, house.clock.ms + 20_000 - 3_000);
    expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('dispatched');
    await house.pass(10);
    await house.say('u1', { status: 'en-route' }, house.clock.ms + 20_000);
    expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('en-route');
  });

  test('any step ends the question', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(10);
    await house.say('u1', { status: 'en-route' }, undefined, serverTime);
    await house.say('u1', { status: 'on-scene' });
    expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
      step: 'on-scene',
      en_route_at: null,
      asked_word: null,
    });
  });
});

test('that a crew is free counts only when it was said after the last step that a person took', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.pass(10);
  await house.say('u1', { status: 'on-scene' });
  await house.pass(60);
  await house.dispatch.advance({ assignment: assignment.id, to: 'left-scene', actor: 'dispatcher-1' });
  await house.say('u1', { status: 'available' }, ago(house, 5));
  expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('left-scene');
});

test('an answer that came before its order was made, and is replayed after it, is none', async () => {
  await using house = await openDispatchHouse();
  const before = house.clock.ms;
  await house.pass(10);
  const { assignment } = await house.assign(await house.report(), 'u1');
  const answer = { assignment: String(assignment.id), ack: 'accepted' };
  expect(await house.dispatch.onAck('u1', answer, before)).toMatch(/was made after this answer had come/);
  expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('dispatched');
});

test('a restart judges the last word of the journal as the run before it would have', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-order-time-'));
  try {
    const file = join(folder, 'state.db');
    const clock = { ms: START_MS };
    {
      await using house = await openDispatchHouse({ file, clock });
      await house.pass(30);
      await house.assign(await house.report(), 'u1');
    }
    clock.ms += 500;
    const measuredAt = clock.ms - 4_000;
    const present = [{ device: 'u1', values: { ...SCENE, status: 'on-scene' }, measuredAt }];
    await using house = await openDispatchHouse({ file, clock, present, silent: true });
    const row = await house.dispatch.assignments.get(1);
    expect(row).toMatchObject({ step: 'dispatched', on_scene_at: null, arrival_proposed_at: null });
    // Of its clock this run knows nothing but one word that may have been held back.
    expect(row).toMatchObject({ asked_word: 'on-scene' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

describe('what no crew can do is asked of a person', () => {
  async function transporting(house: DispatchHouse): Promise<number> {
    const { assignment } = await house.assign(await house.report(), 'u2', { role: 'transport' });
    for (const status of ['en-route', 'on-scene', 'transporting']) {
      await house.pass(60);
      await house.say('u2', { status });
    }
    return assignment.id;
  }

  test('a tracker that restarts while it transports and says its default frees nobody', async () => {
    await using house = await openDispatchHouse();
    const id = await transporting(house);
    await house.pass(60);
    await house.say('u2', { status: 'available' });
    expect(await house.dispatch.assignments.get(id)).toMatchObject({
      step: 'left-scene',
      asked_word: 'available',
      asked_step: 'completed',
    });
    expect(await offered(house)).not.toContain('u2');
    await house.pass(60);
    await house.say('u2', { status: 'at-hospital' });
    await house.pass(60);
    await house.say('u2', { status: 'available' });
    expect(await house.dispatch.assignments.get(id)).toMatchObject({ step: 'completed', asked_word: null });
    expect(await offered(house)).toContain('u2');
  });

  test('nor does it on a case of its own, across a restart of ours, until it was at a hospital', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'siaga-own-case-'));
    try {
      const file = join(folder, 'state.db');
      const clock = { ms: START_MS };
      {
        await using house = await openDispatchHouse({ file, clock });
        await house.pass(5);
        await house.say('u2', { status: 'transporting' });
        await house.pass(5);
        await house.say('u2', { status: 'available' });
        expect(await offered(house)).not.toContain('u2');
      }
      await using house = await openDispatchHouse({ file, clock });
      const { excluded } = await house.dispatch.recommend({ at: SCENE, limit: 10 });
      expect(excluded).toMatchObject([
        { unit: 'u2', reason: expect.stringMatching(/a patient may be aboard/) },
      ]);
      await house.pass(5);
      await house.say('u2', { status: 'at-hospital' });
      await house.pass(5);
      await house.say('u2', { status: 'available' });
      expect(await offered(house)).toContain('u2');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('a person who puts it back in service says that nobody is aboard', async () => {
    await using house = await openDispatchHouse();
    await house.pass(5);
    for (const status of ['transporting', 'available']) await house.say('u2', { status });
    expect(await offered(house)).not.toContain('u2');
    await house.dispatch.setService('u2', null, 'dispatcher-1');
    expect(await offered(house)).toContain('u2');
  });

  test('one that is called off on its way to a hospital is not offered when its tracker says available', async () => {
    await using house = await openDispatchHouse();
    const id = await transporting(house);
    await house.dispatch.advance({ assignment: id, to: 'cancelled', actor: 'd' });
    await house.pass(60);
    await house.say('u2', { status: 'available' });
    expect(await offered(house)).not.toContain('u2');
  });

  test('a tracker whose count starts anew ends no work on the scene', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(60);
    await house.say('u1', { status: 'on-scene' }, undefined, 0, 700);
    await house.pass(60);
    await house.say('u1', { status: 'available' }, undefined, 0, 1);
    expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
      step: 'on-scene',
      asked_step: 'completed',
    });
  });

  test('a crew that says available or off duty on its way is shown, and its order stays open', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(10);
    await house.say('u1', { status: 'en-route' });
    for (const status of ['available', 'off-duty']) {
      await house.pass(10);
      await house.say('u1', { status });
      const row = await house.dispatch.assignments.get(assignment.id);
      expect(row).toMatchObject({ step: 'en-route', asked_word: status, asked_step: null });
    }
    expect(house.dispatch.board.lockOf('u1').assignment).toBe(assignment.id);
  });

  test('a motorcycle that leaves the scene and is available carries nobody', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(10);
    await house.say('u1', { status: 'on-scene' });
    await house.dispatch.advance({ assignment: assignment.id, to: 'left-scene', actor: 'd' });
    await house.pass(10);
    await house.say('u1', { status: 'available' });
    expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('completed');
  });
});
