/**
 * What turns out otherwise while units are under way: a call that is none, a unit that breaks down with its patient.
 */
import { describe, expect, test } from 'vitest';
import { type DispatchHouse, openDispatchHouse } from '../../support/dispatch-house.ts';

async function sent(house: DispatchHouse, unit: string, incident: number, ...statuses: string[]) {
  const role = unit === 'u2' ? 'transport' : 'first-aid';
  const { assignment } = await house.assign(incident, unit, { role });
  for (const status of statuses) {
    await house.pass(5);
    await house.say(unit, { status });
  }
  return assignment.id;
}

describe('a call that is none', () => {
  test.each(['prank', 'silent', 'information'] as const)(
    'is not said to be %s while a unit is under way for it, and is once it was called off',
    async (classification) => {
      await using house = await openDispatchHouse();
      const incident = await house.report();
      const id = await sent(house, 'u1', incident, 'en-route');
      const triage = () => house.dispatch.incidents.triage(incident, { classification }, 'desk-1');
      await expect(triage()).rejects.toMatchObject({
        code: 'incident-has-open-assignments',
        message: `u1 is still assigned: a call classified as ${classification} needs nobody; call it off first`,
        facts: { assignments: [{ id, unit: 'u1' }] },
      });
      expect(await house.dispatch.incidents.get(incident)).toMatchObject({ classification: 'real' });
      await house.dispatch.advance({ assignment: id, to: 'cancelled', actor: 'desk-1' });
      expect(await triage()).toMatchObject({ classification });
    },
  );

  test('other details of a call with units are triaged as ever, and so is the word that it is real', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    await sent(house, 'u1', incident);
    const details = { classification: 'real', priority: 2 } as const;
    expect(await house.dispatch.incidents.triage(incident, details, 'desk-1')).toMatchObject({ priority: 2 });
  });
});

describe('a breakdown', () => {
  const breakDown = (house: DispatchHouse, assignment: number) =>
    house.dispatch.advance({ assignment, to: 'broken-down', actor: 'desk-1', reason: 'flat tyre' });
  const stranded = ({ events }: DispatchHouse) => events.filter(({ event }) => event === 'patient-stranded');

  test('with a patient aboard is told with another transport, though a motorcycle is under way', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report({ needsTransport: true });
    await sent(house, 'u1', incident, 'en-route');
    const id = await sent(house, 'u2', incident, 'en-route', 'on-scene', 'transporting');
    await breakDown(house, id);
    expect(stranded(house)).toMatchObject([{ incident, assignment: id, unit: 'u2', second: { unit: 'u4' } }]);
    expect(house.dispatch.board.lockOf('u2')).toMatchObject({
      outOfService: 'flat tyre',
      patientDoubt: 'it broke down after it had left a scene: a patient may be aboard',
    });
  });

  test.each([
    [['en-route']],
    [['en-route', 'on-scene']],
    [['en-route', 'on-scene', 'transporting', 'at-hospital']],
  ])('after %s leaves no patient behind', async (statuses) => {
    await using house = await openDispatchHouse();
    const id = await sent(house, 'u2', await house.report({ needsTransport: true }), ...statuses);
    await breakDown(house, id);
    expect(stranded(house)).toEqual([]);
    expect(house.dispatch.board.lockOf('u2').patientDoubt).toBeUndefined();
  });
});
