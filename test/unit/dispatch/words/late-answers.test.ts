/** Answers of crews that come late, or that say little: what they end, and what they must not call off. */
import { describe, expect, test } from 'vitest';
import { type DispatchHouse, openDispatchHouse } from '../../../support/dispatch-house.ts';

const answer = (house: DispatchHouse, body: object) => house.dispatch.onAck('u1', body, house.clock.ms);
const commands = ({ orders }: DispatchHouse) => orders.map(({ command }) => command['command']);
const wordsOf = async (house: DispatchHouse, assignment: number) =>
  (await house.dispatch.words.ofAssignments([assignment])).get(assignment) ?? [];

/** u1 on its way, with a change of its order on its device. */
async function changed(house: DispatchHouse) {
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await house.pass(5);
  await house.say('u1', { status: 'en-route' });
  await house.dispatch.incidents.triage(incident, { priority: 3 }, 'desk-1');
  await house.dispatch.settled();
  const change = (await wordsOf(house, assignment.id)).find(({ kind }) => kind === 'change');
  return { assignment: assignment.id, word: String(change?.id) };
}

test('an acceptance that comes after the work was done calls nothing off, and raises no alert', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  for (const status of ['en-route', 'on-scene', 'available']) {
    await house.pass(5);
    await house.say('u1', { status });
  }
  expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
    step: 'completed',
    acknowledged_at: null,
  });
  expect(await answer(house, { assignment: String(assignment.id), ack: 'accepted' })).toBeUndefined();
  await house.pass(90);
  expect(commands(house)).toEqual(['dispatch']);
  expect(house.alerts.open()).toEqual([]);
});

test.each(['cancelled', 'refused', 'broken-down'] as const)(
  'an acceptance of what was %s is told so, until the crew has it',
  async (to) => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(5);
    await house.dispatch.advance({ assignment: assignment.id, to, actor: 'desk-1', reason: 'x' });
    await house.pass(5);
    await answer(house, { assignment: String(assignment.id), ack: 'accepted' });
    await house.dispatch.settled();
    expect(commands(house)).toContain('cancel');
  },
);

describe('a change of an order', () => {
  test.each(['received', 'accepted', 'Received '])('is with the crew by its "%s"', async (ack) => {
    await using house = await openDispatchHouse();
    const { assignment, word } = await changed(house);
    expect(await answer(house, { word, ack })).toBeUndefined();
    const words = await wordsOf(house, assignment);
    expect(words.map(({ kind, state }) => `${kind}: ${state}`)).toContain('change: acknowledged by the crew');
    expect((await house.dispatch.assignments.get(assignment)).step).toBe('en-route');
  });

  test('that is refused on the way was read; the dispatcher hears of it, and it comes no more', async () => {
    await using house = await openDispatchHouse();
    const { assignment, word } = await changed(house);
    await answer(house, { word, ack: 'refused', reason: 'jalan ditutup' });
    await house.pass(90);
    expect(house.events.map(({ event }) => event)).toContain('refused-late');
    expect(house.events.map(({ event }) => event)).not.toContain('escalated');
    expect((await house.dispatch.assignments.get(assignment)).step).toBe('en-route');
  });

  test('that a crew has is no answer to an order that it has not answered', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    const [order] = await wordsOf(house, assignment.id);
    await answer(house, { word: String(order?.id), ack: 'received' });
    expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('dispatched');
    await house.pass(80);
    expect(house.events.map(({ event }) => event)).toContain('escalated');
  });
});
