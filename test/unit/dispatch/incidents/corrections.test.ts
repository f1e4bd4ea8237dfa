/** What a dispatcher corrects after a unit was sent, and how its crew hears of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  type DispatchHouse,
  KM,
  openDispatchHouse,
  SCENE,
  START_MS,
} from '../../../support/dispatch-house.ts';

const MOVED = { lat: SCENE.lat - 3 * KM, lng: SCENE.lng };
const triage = (house: DispatchHouse, incident: number, details: object) =>
  house.dispatch.incidents.triage(incident, details, 'desk-1');
const accept = (house: DispatchHouse, unit: string, assignment: number) =>
  house.dispatch.onAck(unit, { assignment: String(assignment), ack: 'accepted' }, house.clock.ms);

test('a crew that drives to the old place is sent the new one at once and keeps its step', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await accept(house, 'u1', assignment.id);
  await house.pass(20);
  await house.say('u1', { status: 'en-route' });
  await triage(house, incident, { ...MOVED, priority: 2, place: 'Jalan Pahlawan 9' });
  expect(house.orders.slice(1)).toEqual([
    {
      unit: 'u1',
      atMs: START_MS + 20_000,
      command: {
        command: 'dispatch',
        assignment: String(assignment.id),
        incident: {
          id: String(incident),
          ...MOVED,
          priority: 2,
          category: 'cardiac',
          place: 'Jalan Pahlawan 9',
        },
        word: '2',
      },
    },
  ]);
  expect(house.events.at(-1)).toEqual({
    event: 'order-corrected',
    incident,
    assignment: assignment.id,
    unit: 'u1',
  });
  // Its repeated answer to the repeated order keeps the first one's time.
  await accept(house, 'u1', assignment.id);
  await house.pass(100);
  expect(house.orders).toHaveLength(2);
  expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
    step: 'en-route',
    acknowledged_at: START_MS,
    commands_sent: 2,
  });
});

test('a unit that has not answered yet is sent the correction beside its reminders', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  await house.assign(incident, 'u1');
  await house.pass(5);
  await triage(house, incident, { priority: 3 });
  await house.pass(15);
  expect(house.orders.map(({ atMs }) => (atMs - START_MS) / 1000)).toEqual([0, 5, 15]);
  const priorities = house.orders.map(
    ({ command }) => (command['incident'] as { priority: number }).priority,
  );
  expect(priorities).toEqual([1, 3, 3]);
});

test('an arrival is proposed at the corrected place, also when it was proposed at the old one before', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await house.say('u1', { status: 'en-route', ...SCENE });
  const proposals = () => house.events.filter(({ event }) => event === 'arrival-proposed').length;
  expect(proposals()).toBe(1);
  await triage(house, incident, MOVED);
  await house.pass(10);
  await house.say('u1', SCENE);
  expect((await house.dispatch.assignments.get(assignment.id)).arrival_proposed_at).toBeNull();
  await house.pass(300);
  await house.say('u1', MOVED);
  expect(proposals()).toBe(2);
  expect((await house.dispatch.assignments.get(assignment.id)).arrival_proposed_at).toBe(house.clock.ms);
});

test('a correction is sent until the crew has it, whatever the crew does meanwhile', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await accept(house, 'u1', assignment.id);
  house.broker.isDown = true;
  await triage(house, incident, MOVED);
  await house.pass(7);
  await house.dispatch.advance({ assignment: assignment.id, to: 'en-route', actor: 'd' });
  house.broker.isDown = false;
  await house.pass(30);
  expect(house.orders.length).toBeGreaterThan(2);
  await accept(house, 'u1', assignment.id);
  const sent = house.orders.length;
  await house.pass(100);
  expect(house.orders).toHaveLength(sent);
  expect(house.orders[1]?.command).toMatchObject({ command: 'dispatch', incident: MOVED });
});

test('a correction that a kill kept from being sent goes out after the restart, and arrivals are at the new place', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'siaga-corrections-'));
  const file = `${folder}/state.db`;
  const clock = { ms: START_MS };
  try {
    {
      await using house = await openDispatchHouse({ file, clock });
      const incident = await house.report();
      const { assignment } = await house.assign(incident, 'u1');
      await accept(house, 'u1', assignment.id);
      house.broker.isDown = true;
      await triage(house, incident, MOVED);
    }
    await using house = await openDispatchHouse({ file, clock });
    await house.pass(10);
    expect(house.orders.map(({ command }) => command)).toMatchObject([{ incident: MOVED }]);
    expect(house.dispatch.assignments.open.get('u1')?.scene).toEqual(MOVED);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what the order does not say, or a crew that has left the scene, is no reason to send it again', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u2', { role: 'transport' });
  await accept(house, 'u2', assignment.id);
  await triage(house, incident, { needsTransport: true, priority: 1 });
  await house.dispatch.advance({ assignment: assignment.id, to: 'left-scene', actor: 'd' });
  await triage(house, incident, MOVED);
  await house.pass(30);
  expect(house.orders).toHaveLength(1);
});
