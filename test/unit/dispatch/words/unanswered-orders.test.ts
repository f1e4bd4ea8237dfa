/** The alert of an order that nobody answers: raised, taken in hand, ended, and never lost by a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { audienceOf } from '../../../../alerts/record/format-alert.ts';
import { type DispatchHouse, openDispatchHouse } from '../../../support/dispatch-house.ts';

const open = ({ alerts }: DispatchHouse) =>
  alerts.open().filter(({ rule }) => rule === 'ambulance-order-unanswered');
const closed = ({ alerts }: DispatchHouse) =>
  alerts.list({ rule: 'ambulance-order-unanswered', states: ['resolved'], audience: 'staff', limit: 10 });

test('an order without an answer is an alert for staff at 75 s, once, with the second unit in its words', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ place: 'Simpang Lima' });
  const { assignment } = await house.assign(incident, 'u1');
  await house.pass(74);
  expect(open(house)).toEqual([]);
  await house.say('u2', { status: 'available' });
  await house.pass(1);
  const [alert] = open(house);
  expect(alert).toMatchObject({
    subject: 'u1',
    subjectName: 'S1',
    subjectKind: 'ambulance',
    state: 'open',
    severity: 'severe',
    startedAt: assignment.reserved_at,
    value: 75,
    detail: { assignment: assignment.id, incident, second: 'u2' },
  });
  expect(alert?.text.en).toMatch(
    /^S1 has not answered its order for incident 1 \(cardiac, Simpang Lima\) for 75 s\. Call it by radio, or send S2, \d+ min away, as well\.$/,
  );
  expect(alert && audienceOf(alert)).toBe('staff');
  await house.pass(200);
  expect(open(house)).toHaveLength(1);
  expect(open(house)[0]?.revision).toBe(1);
  const ofPublic = await house.alerts.list({ audience: 'public', limit: 10 });
  expect(ofPublic).toEqual([]);
});

test('a less urgent call raises a lower one, a drill is marked, and nobody else to send is said', async () => {
  await using house = await openDispatchHouse({ units: 1 });
  await house.assign(await house.report({ priority: 3, simulated: true }), 'u1');
  await house.pass(75);
  const [alert] = open(house);
  expect(alert).toMatchObject({ severity: 'moderate', exercise: true, detail: { second: null } });
  expect(alert?.text.en).toMatch(/no other unit can be sent now\.$/);
});

test('an end is told in Indonesian words alone', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await house.pass(80);
  await house.assign(incident, 'u2', { replaces: assignment.id, forceReason: 'by radio' });
  await house.pass(2);
  const [alert] = await closed(house);
  expect(alert?.text.id).toBe('Penugasan S1 berakhir: dibatalkan (diganti oleh S2).');
});

test('the answer of the crew ends it, and says so', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.pass(90);
  await house.dispatch.onAck('u1', { assignment: String(assignment.id), ack: 'accepted' }, house.clock.ms);
  await house.pass(1);
  expect(open(house)).toEqual([]);
  const [alert] = await closed(house);
  expect(alert).toMatchObject({ state: 'resolved', text: { en: 'S1 has answered and is acknowledged.' } });
});

test('a change or a cancellation that nobody answers is one as well, and ends when the crew has it', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await house.dispatch.onAck('u1', { assignment: String(assignment.id), ack: 'accepted' }, house.clock.ms);
  await house.pass(5);
  house.dispatch.links.closed('u1', house.clock.ms);
  await house.dispatch.incidents.triage(incident, { place: 'Simpang Lima' }, 'desk-1');
  await house.pass(76);
  expect(open(house)).toMatchObject([
    { subject: 'u1', detail: { assignment: assignment.id, incident, second: null, word: 2 } },
  ]);
  expect(open(house)[0]?.text.en).toBe(
    'S1 has not answered the change of its order for incident 1 (cardiac, Simpang Lima) for 75 s. Call it by radio.',
  );
  house.dispatch.links.opened('u1', house.clock.ms);
  house.dispatch.links.listens('u1', true);
  await house.dispatch.settled();
  await house.dispatch.onAck('u1', { word: '2', ack: 'accepted' }, house.clock.ms);
  await house.pass(1);
  expect(open(house)).toEqual([]);
  expect((await closed(house))[0]?.text.en).toBe('S1 has the change of its order.');
  await house.dispatch.advance({ assignment: assignment.id, to: 'cancelled', actor: 'd' });
  await house.pass(80);
  expect(open(house)[0]?.text.en).toMatch(/^S1 has not answered the cancellation of its order/);
});

test('a cancelled assignment ends it, with the reason', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.pass(90);
  const cancel = { assignment: assignment.id, to: 'cancelled', actor: 'dispatcher-1' } as const;
  await house.dispatch.advance({ ...cancel, reason: 'radio is dead' });
  await house.pass(1);
  const [alert] = await closed(house);
  expect(alert?.text.en).toBe('The assignment of S1 has ended: cancelled (radio is dead).');
});

test('whoever sends another unit has it in hand: acknowledged by that name, and the first stays in sight', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  await house.assign(incident, 'u1');
  await house.pass(80);
  await house.say('u3', { status: 'available' });
  await house.assign(incident, 'u3');
  await house.pass(1);
  expect(open(house)).toMatchObject([
    { state: 'acknowledged', acknowledgement: { by: 'dispatcher-1', note: 'u3 was sent' } },
  ]);
});

test('a transport unit that was wanted anyway does not take it in hand', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ needsTransport: true });
  await house.assign(incident, 'u1');
  await house.pass(80);
  await house.say('u2', { status: 'available' });
  await house.assign(incident, 'u2', { role: 'transport' });
  await house.pass(1);
  expect(open(house)).toMatchObject([{ state: 'open', acknowledgement: undefined }]);
});

test('a restart right after the escalation raises it all the same, and one while it stands neither ends nor repeats it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-unanswered-'));
  try {
    const file = join(folder, 'state.db');
    let clockMs: number;
    {
      await using house = await openDispatchHouse({ file });
      const { assignment } = await house.assign(await house.report(), 'u1');
      await house.pass(60);
      clockMs = house.clock.ms + 20_000;
      // Killed between the column and the alert.
      await house.database
        .updateTable('crew_words')
        .set({ escalated_at: clockMs })
        .where('assignment', '=', assignment.id)
        .execute();
    }
    for (const run of [1, 2]) {
      await using house = await openDispatchHouse({ file, clock: { ms: clockMs + run * 5_000 } });
      await house.pass(2);
      expect(open(house)).toMatchObject([{ state: 'open', revision: 1, subject: 'u1' }]);
    }
    await using house = await openDispatchHouse({ file, clock: { ms: clockMs + 60_000 } });
    await house.dispatch.onAck('u1', { assignment: '1', ack: 'accepted' }, house.clock.ms);
    await house.pass(1);
    expect(open(house)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  ['two hours', 7_200_000],
  ['a year', 365 * 86_400_000],
])(
  'an order that waits when the clock is set back by %s is escalated at the latest 75 s after',
  async (_, backMs) => {
    await using house = await openDispatchHouse();
    await house.assign(await house.report(), 'u1');
    await house.pass(20);
    const sent = house.orders.length;
    house.clock.ms -= backMs;
    await house.pass(76);
    expect(open(house)).toMatchObject([{ subject: 'u1', state: 'open' }]);
    // Reminded by the plan, and not each second.
    expect(house.orders.length - sent).toBeLessThan(6);
  },
);
