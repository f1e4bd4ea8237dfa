/** A crew that said no to an incident is not proposed first once more, and may be sent with a reason. */
import { expect, test } from 'vitest';
import { openDispatchHouse, SCENE } from '../../../support/dispatch-house.ts';

test('a crew that refused comes after those that can be sent, says why, and may be sent all the same', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await house.dispatch.onAck(
    'u1',
    { assignment: String(assignment.id), ack: 'refused', reason: 'ban bocor' },
    house.clock.ms,
  );
  const query = { at: SCENE, limit: 4, role: 'first-aid', incident } as const;
  const { candidates } = await house.dispatch.recommend(query);
  expect(candidates.map(({ unit }) => unit)).toEqual(['u2', 'u3', 'u4', 'u1']);
  expect(candidates[3]?.warnings).toEqual(['its crew refused this incident: ban bocor']);
  // For another call it is as good as before.
  const other = await house.dispatch.recommend({ ...query, incident: await house.report() });
  expect(other.candidates[0]).toMatchObject({ unit: 'u1', warnings: [] });
  const again = await house.assign(incident, 'u1');
  expect(again.assignment.step).toBe('dispatched');
});

test('the unit that is proposed after a second refusal is not the first that refused', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  for (const unit of ['u1', 'u2']) {
    const { assignment } = await house.assign(incident, unit);
    await house.dispatch.onAck(unit, { assignment: assignment.id, ack: 'refused' }, house.clock.ms);
  }
  const proposals = house.events.filter(({ event }) => event === 'other-unit-needed');
  expect(proposals.map(({ second }) => (second as { unit: string }).unit)).toEqual(['u2', 'u3']);
});

test('a unit that is to replace itself is refused with what to do', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await expect(house.assign(incident, 'u1', { replaces: assignment.id })).rejects.toMatchObject({
    code: 'blocked',
    message: `u1 is on assignment ${assignment.id} already: replace it by another unit`,
  });
  expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('dispatched');
});
