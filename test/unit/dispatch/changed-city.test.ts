/** What a change of the city does to the units: a unit that comes, goes, and comes back. */
import { expect, test } from 'vitest';
import type { Entry } from '../../../cities/overlay.ts';
import { type DispatchHouse, openDispatchHouse } from '../../support/dispatch-house.ts';
import { ambulance } from '../../support/small-city.ts';

const put = ({ registry, clock }: DispatchHouse, id: string, entry: Entry | null) =>
  registry.change({
    ...{ actor: 'engineer', at: clock.ms },
    makeEdits: async () => [{ list: 'devices', id, entry }],
  });
const siteOf = ({ city }: DispatchHouse, id: string) =>
  city.devices.find((each) => each.id === id) as unknown as Entry;
const unanswered = ({ alerts }: DispatchHouse) =>
  alerts.open().filter(({ rule }) => rule === 'ambulance-order-unanswered');

test('a unit whose connection ended while it was out of the city is not connected when it is back', async () => {
  await using house = await openDispatchHouse();
  const { links } = house.dispatch;
  expect(links.of('u1').isListening).toBe(true);
  await put(house, 'u1', null);
  links.closed('u1', house.clock.ms);
  await put(house, 'u1', siteOf(house, 'u1'));
  expect(links.of('u1')).toMatchObject({ isListening: false, connectedSinceMs: undefined });
  await house.assign(await house.report(), 'u1', { forceReason: 'known to be near' });
  expect(house.orders).toEqual([]);
});

test('an ambulance that was connected before its entry was whole gets its first order', async () => {
  await using house = await openDispatchHouse();
  const row = { id: 'u9', kind: 'ambulance', name: 'Unit 9', lat: null, lng: null, site: null };
  await house.database
    .insertInto('devices')
    .values({ ...row, added_at: house.clock.ms })
    .execute();
  await house.registry.reload();
  house.dispatch.links.opened('u9', house.clock.ms);
  house.dispatch.links.listens('u9', true);
  await put(house, 'u9', {
    ...ambulance('u9', { callSign: 'S9', vehicle: 'motorcycle' }),
  } as unknown as Entry);
  await house.say('u9', { lat: -7, lng: 110.41, speedMps: 0, batteryPct: 80, status: 'available' });
  await house.assign(await house.report(), 'u9');
  expect(house.orders).toMatchObject([{ unit: 'u9', command: { command: 'dispatch' } }]);
});

test('a cancellation that nobody took ends with its unit, and raises no alert of a unit that is gone', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.dispatch.onAck('u1', { assignment: String(assignment.id), ack: 'accepted' }, house.clock.ms);
  await house.dispatch.advance({ assignment: assignment.id, to: 'cancelled', actor: 'd' });
  await house.pass(80);
  expect(unanswered(house)).toHaveLength(1);
  await put(house, 'u1', null);
  await house.pass(2);
  expect(unanswered(house)).toEqual([]);
  await house.pass(60);
  const words = (await house.dispatch.words.ofAssignments([assignment.id])).get(assignment.id);
  expect(words?.at(-1)).toMatchObject({ kind: 'cancel', state: 'void: its unit was taken out of the city' });
  expect(house.events.at(-1)).toMatchObject({ event: 'word-given-up', unit: 'u1', kind: 'cancel' });
});
