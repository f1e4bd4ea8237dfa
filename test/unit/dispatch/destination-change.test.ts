/** A hospital is full while its patient is under way: another one is said, and the crew is told until it has it. */
import { describe, expect, test } from 'vitest';
import { type DispatchHouse, openDispatchHouse } from '../../support/dispatch-house.ts';

const hospitalsTold = ({ orders }: DispatchHouse) =>
  orders.map(({ command }) => (command['hospital'] as { id: string } | undefined)?.id);
const changesOf = async (house: DispatchHouse, id: number) =>
  ((await house.dispatch.words.ofAssignments([id])).get(id) ?? []).filter(({ kind }) => kind === 'change');

/** u2 carries a patient to Kariadi, or is on its way to the scene. */
async function sent(house: DispatchHouse, ...statuses: string[]) {
  const { assignment } = await house.assign(await house.report(), 'u2', {
    role: 'transport',
    hospital: 'kariadi',
  });
  for (const status of statuses) {
    await house.pass(5);
    await house.say('u2', { status });
  }
  return assignment.id;
}

describe('another hospital', () => {
  test.each([
    ['before it has set out', []],
    ['on its way to the scene', ['en-route']],
    ['on the scene', ['en-route', 'on-scene']],
    ['with the patient aboard', ['en-route', 'on-scene', 'transporting']],
  ])('%s is told to the crew until it has it', async (_name, statuses) => {
    await using house = await openDispatchHouse();
    const id = await sent(house, ...statuses);
    const row = await house.dispatch.changeHospital(id, 'tugu', 'desk-1');
    expect(row.hospital).toBe('tugu');
    await house.pass(20);
    expect(hospitalsTold(house).at(0)).toBe('kariadi');
    expect(hospitalsTold(house).slice(1)).toContain('tugu');
    const [change] = await changesOf(house, id);
    expect(change).toMatchObject({ text: 'RSUD Tugurejo', endedAt: null });
    await house.dispatch.onAck('u2', { assignment: String(id), ack: 'accepted' }, house.clock.ms);
    expect((await changesOf(house, id))[0]?.acknowledgedBy).toBe('u2');
  });

  test('that was said on the scene is told on, when the crew leaves it unanswered, and is void when it is there', async () => {
    await using house = await openDispatchHouse();
    const id = await sent(house, 'en-route', 'on-scene');
    await house.dispatch.changeHospital(id, 'tugu', 'desk-1');
    // Corrected as well before the crew has answered: one change says both.
    const { incident } = await house.dispatch.assignments.get(id);
    await house.dispatch.incidents.triage(incident, { place: 'gang mawar' }, 'desk-1');
    await house.say('u2', { status: 'transporting' });
    await house.pass(80);
    expect(house.events.filter(({ event }) => event === 'escalated')).toHaveLength(1);
    await house.say('u2', { status: 'at-hospital' });
    expect((await changesOf(house, id)).every(({ endedAt }) => endedAt !== null)).toBe(true);
  });

  test('that a person says with leaving the scene is told as well, and the same one again is not', async () => {
    await using house = await openDispatchHouse();
    const id = await sent(house, 'en-route', 'on-scene');
    const leave = { assignment: id, to: 'left-scene', actor: 'desk-1' } as const;
    await house.dispatch.advance({ ...leave, hospital: 'tugu' });
    expect(hospitalsTold(house)).toEqual(['kariadi', 'tugu']);
    await house.dispatch.changeHospital(id, 'tugu', 'desk-1');
    expect(hospitalsTold(house)).toEqual(['kariadi', 'tugu']);
  });

  test('outlasts a crew that is not connected', async () => {
    await using house = await openDispatchHouse();
    const id = await sent(house, 'en-route', 'on-scene', 'transporting');
    house.dispatch.links.closed('u2', house.clock.ms);
    await house.dispatch.changeHospital(id, 'tugu', 'desk-1');
    await house.pass(30);
    expect(hospitalsTold(house)).toEqual(['kariadi']);
    house.dispatch.links.opened('u2', house.clock.ms);
    house.dispatch.links.listens('u2', true);
    await house.dispatch.settled();
    expect(hospitalsTold(house)).toEqual(['kariadi', 'tugu']);
  });

  test('of a crew that is there, has ended, rides a motorcycle, or that does not exist is refused', async () => {
    await using house = await openDispatchHouse();
    const id = await sent(house, 'en-route', 'on-scene', 'transporting', 'at-hospital');
    const refused = { code: 'step-not-possible' };
    await expect(house.dispatch.changeHospital(id, 'tugu', 'd')).rejects.toMatchObject(refused);
    await house.say('u2', { status: 'available' });
    await expect(house.dispatch.changeHospital(id, 'tugu', 'd')).rejects.toMatchObject(refused);
    const unknown = { code: 'unknown-hospital' };
    await expect(house.dispatch.changeHospital(id, 'nowhere', 'd')).rejects.toMatchObject(unknown);
    await house.say('u1', { status: 'available' });
    const { assignment } = await house.assign(await house.report(), 'u1');
    await expect(house.dispatch.changeHospital(assignment.id, 'tugu', 'd')).rejects.toMatchObject(refused);
  });
});
