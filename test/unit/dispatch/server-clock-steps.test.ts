/** The clock of the server is set, forward or back, while a crew has an order: who is on its way stays on its way. */
import { describe, expect, test } from 'vitest';
import { createCrewTracker } from '../../support/crew-tracker.ts';
import { type DispatchHouse, openDispatchHouse, START_MS } from '../../support/dispatch-house.ts';
import { openMemoryDatabase } from '../../support/memory-database.ts';

const MINUTE_MS = 60_000;
const STEPS = [
  ['an hour forward', 60 * MINUTE_MS],
  ['an hour back', -60 * MINUTE_MS],
  ['90 s forward', 90_000],
  ['90 s back', -90_000],
  ['a day forward', 1_440 * MINUTE_MS],
  ['a day back', -1_440 * MINUTE_MS],
] as const;

/** A crew with an order, some seconds old, whose tracker's clock agreed with the server's, or will. */
async function openSent(house: DispatchHouse, aheadMs = 0) {
  const tracker = createCrewTracker(house, 'u1');
  tracker.aheadMs = aheadMs;
  await tracker.report('available', 60);
  const { assignment } = await house.assign(await house.report(), 'u1', { forceReason: 'a test' });
  await house.pass(5);
  return { tracker, id: assignment.id, row: () => house.dispatch.assignments.get(assignment.id) };
}

describe.each(STEPS)('%s', (_name, stepMs) => {
  test('the answer of the crew counts', async () => {
    await using house = await openDispatchHouse();
    const { id, row } = await openSent(house);
    house.setClock(stepMs);
    await house.pass(5);
    const problem = await house.dispatch.onAck('u1', { assignment: id, ack: 'accepted' }, house.clock.ms);
    expect(problem).toBeUndefined();
    expect(await row()).toMatchObject({ step: 'acknowledged', acknowledged_at: house.clock.ms });
  });

  test('an answer that came just before the step and is worked off after it counts', async () => {
    await using house = await openDispatchHouse();
    const { id, row } = await openSent(house);
    const cameAt = house.clock.ms;
    house.setClock(stepMs);
    expect(await house.dispatch.onAck('u1', { assignment: id, ack: 'accepted' }, cameAt)).toBeUndefined();
    expect(await row()).toMatchObject({ step: 'acknowledged', acknowledged_at: house.clock.ms });
  });

  test.each([
    ['right before the step', 0],
    ['right after it', stepMs],
  ])('the next step of a crew whose clock is %s is taken or asked about', async (_when, aheadMs) => {
    await using house = await openDispatchHouse();
    const { tracker, row } = await openSent(house, aheadMs);
    tracker.serverClockSet(stepMs);
    await house.pass(5);
    await tracker.say('available');
    await house.pass(5);
    await tracker.say('en-route');
    const { step, asked_word } = await row();
    expect([step, asked_word]).toContain('en-route');
  });

  test('nothing that was said before the order moves it', async () => {
    await using house = await openDispatchHouse();
    const { tracker, row } = await openSent(house, stepMs);
    tracker.serverClockSet(stepMs);
    await house.pass(5);
    await tracker.say('on-scene', 20_000);
    await tracker.say('available', 18_000);
    expect(await row()).toMatchObject({ step: 'dispatched', ended_at: null });
    expect(house.dispatch.board.index.has('u1')).toBe(false);
  });

  test('the order is as old as it was: it is neither escalated at once, nor later than it should be', async () => {
    await using house = await openDispatchHouse({ disconnected: true });
    await openSent(house);
    house.setClock(stepMs);
    await house.pass(20);
    const told = () => house.events.map(({ event }) => event);
    expect(told()).not.toContain('escalated');
    await house.pass(60);
    expect(told()).toContain('escalated');
  });

  test('the times of an open order and of its call keep their distance', async () => {
    await using house = await openDispatchHouse();
    const { row } = await openSent(house);
    const before = await row();
    const call = await house.dispatch.incidents.get(before.incident);
    house.setClock(stepMs);
    await house.dispatch.settled();
    const after = await row();
    expect(after).toMatchObject({
      reserved_at: before.reserved_at + stepMs,
      dispatched_at: Number(before.dispatched_at) + stepMs,
      frees_from: before.frees_from + stepMs,
      en_route_at: null,
    });
    const callAfter = await house.dispatch.incidents.get(before.incident);
    expect(callAfter.received_at - call.received_at).toBe(stepMs);
  });

  test('who goes by a cancelled order is told again', async () => {
    await using house = await openDispatchHouse();
    const { id } = await openSent(house);
    await house.dispatch.onAck('u1', { assignment: id, ack: 'accepted' }, house.clock.ms);
    await house.dispatch.advance({ assignment: id, to: 'cancelled', actor: 'desk' });
    house.setClock(stepMs);
    await house.pass(3);
    const before = house.orders.length;
    await house.dispatch.onAck('u1', { assignment: id, ack: 'accepted' }, house.clock.ms);
    await house.dispatch.settled();
    expect(house.orders.slice(before).map(({ command }) => command['command'])).toContain('cancel');
    const cancel = (await house.dispatch.words.open('u1')).find(({ kind }) => kind === 'cancel');
    await house.dispatch.onAck('u1', { word: String(cancel?.id), ack: 'received' }, house.clock.ms);
    expect(await house.dispatch.words.open('u1')).toEqual([]);
  });

  test('how long a unit has not been connected is what it was', async () => {
    await using house = await openDispatchHouse();
    house.dispatch.links.closed('u1', house.clock.ms);
    await house.pass(10);
    house.setClock(stepMs);
    const { lastConnectedMs } = house.dispatch.links.of('u1');
    expect(house.clock.ms - Number(lastConnectedMs)).toBe(10_000);
  });
});

test('a server that starts with a clock that is behind hears the crews of orders of before', async () => {
  const database = await openMemoryDatabase();
  await using before = await openDispatchHouse({ database, clock: { ms: START_MS } });
  const { id } = await openSent(before);
  const clock = { ms: START_MS - 60 * MINUTE_MS };
  await using house = await openDispatchHouse({ database, clock });
  await house.pass(5);
  expect(
    await house.dispatch.onAck('u1', { assignment: id, ack: 'accepted' }, house.clock.ms),
  ).toBeUndefined();
  const tracker = createCrewTracker(house, 'u1');
  await tracker.report('available', 20);
  await tracker.say('en-route');
  const { step, asked_word } = await house.dispatch.assignments.get(id);
  expect([step, asked_word]).toContain('en-route');
  await database.destroy();
});

describe('the database fails in the moment in which the clock is set', () => {
  /** While `work` runs nothing can be written to the words of crews. */
  async function withoutWords(house: DispatchHouse, work: () => Promise<void>): Promise<void> {
    const { schema } = house.database;
    await schema.alterTable('crew_words').renameTo('words_elsewhere').execute();
    await work();
    await schema.alterTable('words_elsewhere').renameTo('crew_words').execute();
  }

  test.each(STEPS)('%s: what is open follows as soon as it can, once', async (_name, stepMs) => {
    await using house = await openDispatchHouse();
    const { row } = await openSent(house);
    const ageMs = house.clock.ms - Number((await row()).reserved_at);
    await withoutWords(house, async () => {
      house.setClock(stepMs);
      await expect(house.dispatch.tick()).rejects.toThrow(/crew_words/);
      // Neither a call nor a step is written by a time that would be moved again.
      await expect(house.report()).rejects.toThrow(/crew_words/);
    });
    const incident = await house.report();
    expect(house.clock.ms - Number((await row()).reserved_at)).toBe(ageMs);
    await house.pass(5);
    expect(house.clock.ms - Number((await row()).reserved_at)).toBe(ageMs + 5_000);
    expect(house.clock.ms - Number((await house.dispatch.incidents.get(incident)).received_at)).toBe(5_000);
    expect(house.events.map(({ event }) => event)).not.toContain('escalated');
    const steps = await house.metrics.getSingleMetricAsString('siaga_dispatch_clock_steps_total');
    expect(steps).toMatch(/outcome="followed"\} 1$/m);
  });

  test('two steps before it could follow are followed as one', async () => {
    await using house = await openDispatchHouse();
    const { row } = await openSent(house);
    const before = house.clock.ms - Number((await row()).reserved_at);
    await withoutWords(house, async () => {
      house.setClock(60 * MINUTE_MS);
      await house.dispatch.settled();
      house.setClock(-90 * MINUTE_MS);
      await house.dispatch.settled();
    });
    await house.dispatch.tick();
    expect(house.clock.ms - Number((await row()).reserved_at)).toBe(before);
  });

  test('what fails for ten minutes is given up, and calls are taken', async () => {
    await using house = await openDispatchHouse();
    await openSent(house);
    await withoutWords(house, async () => {
      house.setClock(-60 * MINUTE_MS);
      await house.dispatch.settled();
      house.clock.ms += 10 * MINUTE_MS;
      expect(await house.report()).toBe(2);
    });
  });
});
