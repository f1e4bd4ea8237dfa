/** From the call to back in service, and every way in which that goes wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { QualityFlag } from '../../../devices/reading.ts';
import type { DispatchErrorCode } from '../../../dispatch/dispatch-error.ts';
import { type DispatchHouse, KM, openDispatchHouse, SCENE, START_MS } from '../../support/dispatch-house.ts';

const refusal = (code: DispatchErrorCode) => expect.objectContaining({ code });
const accept = (house: DispatchHouse, unit: string, assignment: number) =>
  house.dispatch.onAck(unit, { assignment: String(assignment), ack: 'accepted' }, house.clock.ms);
const atScene = { lat: SCENE.lat, lng: SCENE.lng };

test('a call is answered, assigned, acknowledged, driven to, worked on, taken to hospital: every time is the true one', async () => {
  await using house = await openDispatchHouse();
  const { dispatch, clock } = house;
  const incident = await house.report({ needsTransport: true });
  await house.pass(20);
  const { assignment } = await house.assign(incident, 'u2', { role: 'transport', hospital: 'kariadi' });
  expect(house.orders).toEqual([
    {
      unit: 'u2',
      atMs: START_MS + 20_000,
      command: {
        command: 'dispatch',
        assignment: String(assignment.id),
        incident: { id: String(incident), ...SCENE, priority: 1, category: 'cardiac', place: null },
        hospital: { id: 'kariadi', lat: -6.994, lng: 110.407 },
        word: '1',
      },
    },
  ]);
  await house.pass(8);
  expect(await accept(house, 'u2', assignment.id)).toBeUndefined();
  await house.pass(30);
  await house.say('u2', { status: 'en-route', speedMps: 9 });
  await house.pass(200);
  await house.say('u2', { ...atScene, speedMps: 3 });
  await house.pass(5);
  await house.say('u2', { status: 'on-scene' });
  await house.pass(600);
  await house.say('u2', { status: 'transporting' });
  await house.pass(400);
  await house.say('u2', { status: 'at-hospital' });
  await house.pass(60);
  await dispatch.advance({ assignment: assignment.id, to: 'handed-over', actor: 'dispatcher-1' });
  await house.pass(300);
  await house.say('u2', { status: 'available' });

  const row = await dispatch.assignments.get(assignment.id);
  const seconds = (ms: number | null) => (ms === null ? null : (ms - START_MS) / 1000);
  expect(row.step).toBe('completed');
  expect({
    reserved: seconds(row.reserved_at),
    dispatched: seconds(row.dispatched_at),
    acknowledged: seconds(row.acknowledged_at),
    enRoute: seconds(row.en_route_at),
    proposed: seconds(row.arrival_proposed_at),
    onScene: seconds(row.on_scene_at),
    left: seconds(row.left_scene_at),
    atDestination: seconds(row.at_destination_at),
    handedOver: seconds(row.handed_over_at),
    ended: seconds(row.ended_at),
  }).toEqual({
    reserved: 20,
    dispatched: 20,
    acknowledged: 28,
    enRoute: 58,
    proposed: 258,
    onScene: 263,
    left: 863,
    atDestination: 1263,
    handedOver: 1323,
    ended: 1623,
  });
  expect(house.orders).toHaveLength(1);
  expect(dispatch.board.index.has('u2')).toBe(true);
  await dispatch.incidents.close(incident, 'transported', 'dispatcher-1');
  const log = await dispatch.audit(incident);
  expect(log.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    'desk-1 reported',
    'dispatcher-1 assigned',
    'siaga dispatched',
    'u2 acknowledged',
    'u2 en-route',
    'u2 on-scene',
    'u2 left-scene',
    'u2 at-destination',
    'dispatcher-1 handed-over',
    'u2 completed',
    'dispatcher-1 closed',
  ]);
  expect(clock.ms).toBe(START_MS + 1_623_000);
});

test('a step that nobody reported stays empty', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.pass(10);
  await house.say('u1', { status: 'on-scene' });
  const row = await house.dispatch.assignments.get(assignment.id);
  expect(row).toMatchObject({
    step: 'on-scene',
    acknowledged_at: null,
    en_route_at: null,
    on_scene_at: house.clock.ms,
  });
});

test('an ack with a NUL in it is refused with a reason, also where the database could keep it', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  const ack = { assignment: String(assignment.id), ack: 'refused', reason: 'flat\0tyre' };
  expect(await house.dispatch.onAck('u1', ack, house.clock.ms)).toContain('reason holds the character NUL');
  expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('dispatched');
});

test('the status that a tracker repeats moves nothing, nor does one from before the assignment', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.dispatch.advance({ assignment: assignment.id, to: 'on-scene', actor: 'dispatcher-1' });
  await house.pass(5);
  // The crew does not use its handset: it says available all the time, and must not be freed by it.
  await house.say('u1', { status: 'available' });
  expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('on-scene');
});

test('what the crew says counts at once when its position is refused, and the position stays where it was', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await accept(house, 'u1', assignment.id);
  await house.pass(30);
  const before = house.dispatch.board.now('u1', house.clock.ms)?.fix;
  const jump = { lat: SCENE.lat + 200 * KM, lng: SCENE.lng, status: 'en-route' };
  await house.say('u1', jump, house.clock.ms, QualityFlag.implausibleSpeed);
  expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
    step: 'en-route',
    en_route_at: house.clock.ms,
  });
  expect(house.dispatch.board.now('u1', house.clock.ms)).toMatchObject({ status: 'en-route', fix: before });
  // A receiver without a fix sends 0, 0: by no means an arrival, and its status is as good as any.
  await house.pass(60);
  await house.say('u1', { lat: 0, lng: 0, status: 'on-scene' }, undefined, QualityFlag.outsideSensorRange);
  const row = await house.dispatch.assignments.get(assignment.id);
  expect(row).toMatchObject({ step: 'on-scene', arrival_proposed_at: null });
});

test('a refused position whose status is older than what the crew said since moves nothing', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.pass(30);
  await house.say('u1', { status: 'on-scene' });
  const { implausibleSpeed, late } = QualityFlag;
  await house.say('u1', { status: 'available' }, house.clock.ms - 10_000, implausibleSpeed);
  await house.say('u1', { status: 'available' }, house.clock.ms - 10_000, implausibleSpeed | late);
  expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('on-scene');
  expect(house.dispatch.board.now('u1', house.clock.ms)?.status).toBe('on-scene');
});

test('a unit whose crew goes off duty with a refused position is no longer recommended', async () => {
  await using house = await openDispatchHouse();
  const at = { at: SCENE, limit: 10 };
  const names = async () => (await house.dispatch.recommend(at)).candidates.map(({ unit }) => unit);
  expect(await names()).toContain('u1');
  await house.pass(5);
  await house.say('u1', { lat: 0, lng: 0, status: 'off-duty' }, undefined, QualityFlag.outsideSensorRange);
  expect(await names()).not.toContain('u1');
});

test('a motorcycle that says that it transports is not believed', async () => {
  await using house = await openDispatchHouse();
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.say('u1', { status: 'on-scene' });
  await house.say('u1', { status: 'at-hospital' });
  expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
    step: 'on-scene',
    at_destination_at: null,
  });
});

test('a case that needs both has two units, each with its own timeline', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ needsTransport: true });
  const first = await house.assign(incident, 'u1');
  await house.pass(60);
  const second = await house.assign(incident, 'u2', { role: 'transport' });
  await house.say('u1', { status: 'on-scene' });
  await expect(house.dispatch.incidents.close(incident, 'treated', 'd')).rejects.toEqual(
    refusal('incident-has-open-assignments'),
  );
  expect(await house.dispatch.assignments.ofIncident(incident)).toMatchObject([
    { id: first.assignment.id, role: 'first-aid', step: 'on-scene' },
    { id: second.assignment.id, role: 'transport', step: 'dispatched', on_scene_at: null },
  ]);
});

describe('an order that nobody answers', () => {
  test('is sent again at 15 s, warned of at 30 s, escalated with a second unit at 75 s, and the first stays in sight', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    const { assignment } = await house.assign(incident, 'u1');
    await house.pass(60);
    await house.say('u2', { status: 'available' });
    await house.pass(140);
    expect(house.orders.map(({ atMs }) => (atMs - START_MS) / 1000)).toEqual([0, 15, 30, 75, 135, 195]);
    const events = house.events.filter(({ event }) => event === 'not-acknowledged' || event === 'escalated');
    expect(events).toEqual([
      { event: 'not-acknowledged', incident, assignment: assignment.id, unit: 'u1', elapsedS: 30 },
      expect.objectContaining({
        event: 'escalated',
        unit: 'u1',
        elapsedS: 75,
        second: expect.objectContaining({ unit: 'u2' }),
      }),
    ]);
    expect(house.dispatch.board.lockOf('u1').assignment).toBe(assignment.id);
    // It answers after all, and there is no more to remind of.
    await accept(house, 'u1', assignment.id);
    await house.pass(200);
    expect(house.orders).toHaveLength(6);
  });

  test('is not repeated once it is acknowledged, and a repeated acknowledgement keeps the first time', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(10);
    await accept(house, 'u1', assignment.id);
    await house.pass(90);
    await accept(house, 'u1', assignment.id);
    expect(house.orders).toHaveLength(1);
    const row = await house.dispatch.assignments.get(assignment.id);
    expect(row).toMatchObject({ acknowledged_at: START_MS + 10_000, warned_at: null, escalated_at: null });
  });

  test('stays reserved while the broker is down, goes out when it is back, and is warned of all the same', async () => {
    await using house = await openDispatchHouse();
    house.broker.isDown = true;
    const { assignment } = await house.assign(await house.report(), 'u1');
    expect(assignment).toMatchObject({ step: 'reserved', dispatched_at: null });
    await house.pass(40);
    expect(house.events.map(({ event }) => event)).toContain('not-acknowledged');
    house.broker.isDown = false;
    await house.pass(6);
    const row = await house.dispatch.assignments.get(assignment.id);
    expect(row.step).toBe('dispatched');
    expect(row.dispatched_at).toBe(house.orders[0]?.atMs);
  });
});

describe('ways back', () => {
  test('a unit that refuses is free again and another one is proposed', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    const answer = { assignment: assignment.id, ack: 'refused', reason: 'flat tyre' };
    expect(await house.dispatch.onAck('u1', answer, house.clock.ms)).toBeUndefined();
    expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
      step: 'refused',
      end_reason: 'flat tyre',
    });
    expect(house.dispatch.board.lockOf('u1')).toEqual({
      version: 2,
      assignment: undefined,
      outOfService: undefined,
    });
    expect(house.events.at(-1)).toMatchObject({ event: 'other-unit-needed', second: { unit: 'u2' } });
  });

  test('a refusal of a unit that is on its way is heard by the dispatcher, with another unit, and ends nothing', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    const { assignment } = await house.assign(incident, 'u1');
    await house.say('u1', { status: 'en-route' });
    const answer = { assignment: assignment.id, ack: 'refused', reason: 'flat tyre' };
    expect(await house.dispatch.onAck('u1', answer, house.clock.ms)).toMatch(/cancels, it does not refuse/);
    expect(house.events.at(-1)).toEqual({
      event: 'refused-late',
      incident,
      assignment: assignment.id,
      unit: 'u1',
      reason: 'flat tyre',
      second: expect.objectContaining({ unit: 'u2' }),
    });
    expect((await house.dispatch.audit(incident)).at(-1)).toMatchObject({
      actor: 'u1',
      action: 'refused-late',
      note: 'flat tyre',
    });
    expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('en-route');
  });

  test('an acceptance that comes after its unit has set out is taken, and writes no time back', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.say('u1', { status: 'en-route' });
    await house.pass(5);
    expect(await accept(house, 'u1', assignment.id)).toBeUndefined();
    const row = await house.dispatch.assignments.get(assignment.id);
    expect(row).toMatchObject({ step: 'en-route', acknowledged_at: null });
  });

  test('an acceptance that is being heard while its unit sets out is no misunderstanding', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    const setOut = { assignment: assignment.id, to: 'en-route', actor: 'd' } as const;
    const [problem] = await Promise.all([accept(house, 'u1', assignment.id), house.dispatch.advance(setOut)]);
    expect(problem).toBeUndefined();
    const row = await house.dispatch.assignments.get(assignment.id);
    expect(row).toMatchObject({ step: 'en-route', acknowledged_at: null });
  });

  test('a cancelled unit is told until it has answered', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    house.broker.isDown = true;
    await house.dispatch.advance({
      assignment: assignment.id,
      to: 'cancelled',
      actor: 'd',
      reason: 'false alarm',
    });
    await house.pass(20);
    house.broker.isDown = false;
    await house.pass(6);
    const cancel = { command: 'cancel', assignment: String(assignment.id), word: '2' };
    expect(house.orders.slice(1).map(({ command }) => command)).toEqual([cancel]);
    await house.pass(20);
    expect(house.orders.length).toBeGreaterThan(2);
    expect(new Set(house.orders.slice(1).map(({ command }) => command['word']))).toEqual(new Set(['2']));
    expect(await house.dispatch.onAck('u1', { word: '2', ack: 'received' }, house.clock.ms)).toBeUndefined();
    const sent = house.orders.length;
    await house.pass(200);
    expect(house.orders).toHaveLength(sent);
    expect(house.dispatch.board.index.has('u1')).toBe(true);
  });

  test('a unit that acknowledges an order that was cancelled is told again', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.dispatch.advance({ assignment: assignment.id, to: 'cancelled', actor: 'd' });
    expect(await accept(house, 'u1', assignment.id)).toBeUndefined();
    expect(house.orders.map(({ command }) => command['command'])).toEqual(['dispatch', 'cancel', 'cancel']);
  });

  test('a unit that breaks down cannot be sent until it is put back in service', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    const { assignment } = await house.assign(incident, 'u1');
    await house.dispatch.advance({
      assignment: assignment.id,
      to: 'broken-down',
      actor: 'd',
      reason: 'engine',
    });
    await expect(house.assign(incident, 'u1', { forceReason: 'nobody else' })).rejects.toEqual(
      refusal('blocked'),
    );
    expect(house.dispatch.board.index.has('u1')).toBe(false);
    await house.dispatch.setService('u1', null, 'd');
    expect((await house.assign(incident, 'u1')).assignment.step).toBe('dispatched');
  });

  test('to reassign takes the new unit and frees the old one in one deed, or neither', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    const { assignment: old } = await house.assign(incident, 'u3');
    await house.dispatch.setService('u4', 'workshop', 'd');
    await expect(house.assign(incident, 'u4', { replaces: old.id })).rejects.toEqual(refusal('blocked'));
    expect((await house.dispatch.assignments.get(old.id)).step).toBe('dispatched');
    const { assignment } = await house.assign(incident, 'u1', { replaces: old.id });
    expect(assignment.step).toBe('dispatched');
    expect(await house.dispatch.assignments.get(old.id)).toMatchObject({
      step: 'cancelled',
      end_reason: 'replaced by u1',
    });
    expect(house.orders.map(({ unit, command }) => `${unit} ${command['command']}`)).toEqual([
      'u3 dispatch',
      'u3 cancel',
      'u1 dispatch',
    ]);
  });

  test('an answer of the wrong unit, of no assignment, or that is none is refused with a sentence', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    expect(await accept(house, 'u2', assignment.id)).toBe(
      `assignment ${assignment.id} belongs to another unit`,
    );
    expect(await accept(house, 'u1', 999)).toBe('there is no assignment 999');
    expect(await house.dispatch.onAck('u1', { ack: 'maybe' }, 0)).toMatch(/^expected/);
    expect((await house.dispatch.assignments.get(assignment.id)).step).toBe('dispatched');
  });
});

describe('before anybody is sent', () => {
  test('a call must be real and have a place', async () => {
    await using house = await openDispatchHouse();
    const unclassified = await house.report({ classification: undefined });
    await expect(house.assign(unclassified, 'u1')).rejects.toEqual(refusal('not-classified'));
    const prank = await house.report({ classification: 'prank' });
    await expect(house.assign(prank, 'u1', { forceReason: 'to be sure' })).rejects.toEqual(
      refusal('blocked'),
    );
    const nowhere = await house.report({ lat: undefined, lng: undefined });
    await expect(house.assign(nowhere, 'u1')).rejects.toEqual(refusal('no-location'));
    await house.dispatch.incidents.triage(nowhere, { place: 'rsud tugurejo' }, 'desk-1');
    expect(await house.dispatch.incidents.get(nowhere)).toMatchObject({ lat: -6.985, kecamatan: 'tengah' });
    expect((await house.assign(nowhere, 'u1')).assignment.step).toBe('dispatched');
  });

  test('a warning asks for a reason, a block takes none', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    await house.pass(20 * 60);
    await house.say('u2', { status: 'off-duty' });
    await expect(house.assign(incident, 'u1')).rejects.toEqual(refusal('needs-reason'));
    await expect(house.assign(incident, 'u2', { forceReason: 'please' })).rejects.toEqual(refusal('blocked'));
    await expect(house.assign(incident, 'u3', { role: 'transport', forceReason: 'please' })).rejects.toEqual(
      refusal('blocked'),
    );
    const { assignment } = await house.assign(incident, 'u1', { forceReason: 'seen from the window' });
    expect(assignment.forced_reason).toBe('seen from the window');
  });

  test('a version that has passed is told the new one, a taken unit by whom', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    const { assignment } = await house.assign(incident, 'u1');
    await expect(house.assign(incident, 'u1', { unitVersion: 1 })).rejects.toMatchObject({
      code: 'unit-taken',
      facts: { unit: 'u1', unitVersion: 1, assignment: assignment.id },
    });
    await house.dispatch.advance({ assignment: assignment.id, to: 'cancelled', actor: 'd' });
    await expect(house.assign(incident, 'u1', { unitVersion: 0, forceReason: 'x' })).rejects.toMatchObject({
      code: 'unit-changed',
      facts: { unitVersion: 2 },
    });
  });

  test('a fix that is known to 3 km proposes no arrival, and a good one at the same place does', async () => {
    await using house = await openDispatchHouse();
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(5);
    await house.say('u1', { ...SCENE, accuracyM: 3_000 });
    const row = () => house.dispatch.assignments.get(assignment.id);
    expect((await row()).arrival_proposed_at).toBe(null);
    await house.pass(5);
    await house.say('u1', { ...SCENE, accuracyM: 12 });
    expect((await row()).arrival_proposed_at).toBe(house.clock.ms);
  });

  test('calls are no duplicates of each other in a circle: one of them is worked on', async () => {
    await using house = await openDispatchHouse();
    const { incidents } = house.dispatch;
    const [first, second, third] = [await house.report(), await house.report(), await house.report()];
    const link = (id: number, duplicateOf: number) => incidents.triage(id, { duplicateOf }, 'desk-1');
    await link(first, second);
    await link(second, third);
    const circle = { code: 'own-duplicate' };
    await expect(link(third, first)).rejects.toMatchObject(circle);
    await expect(link(third, third)).rejects.toMatchObject(circle);
    await expect(link(third, 99)).rejects.toMatchObject({ code: 'unknown-incident' });
    expect((await incidents.get(third)).duplicate_of).toBe(null);
    // What it was linked to before may be said anew.
    await link(first, third);
  });

  test('calls about one event within a street and some minutes are proposed as duplicates', async () => {
    await using house = await openDispatchHouse();
    const first = await house.report();
    await house.pass(60);
    const { incidents } = house.dispatch;
    const near = await house.report({ lat: SCENE.lat + 0.1 * KM });
    const far = await house.report({ lat: SCENE.lat + 3 * KM });
    expect(await incidents.possibleDuplicates(await incidents.get(near))).toEqual([first]);
    expect(await incidents.possibleDuplicates(await incidents.get(far))).toEqual([]);
    await incidents.triage(near, { duplicateOf: first }, 'desk-1');
    expect((await incidents.get(near)).duplicate_of).toBe(first);
  });
});

describe('a restart', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'siaga-dispatch-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const steps = [
    'acknowledged',
    'en-route',
    'on-scene',
    'left-scene',
    'at-destination',
    'handed-over',
  ] as const;
  test.each(steps)('after %s goes on from there, with the lock and the times as they were', async (step) => {
    const file = `${folder}/state.db`;
    const clock = { ms: START_MS };
    let id = 0;
    {
      await using house = await openDispatchHouse({ file, clock });
      const { assignment } = await house.assign(await house.report(), 'u2', { role: 'transport' });
      id = assignment.id;
      for (const each of steps.slice(0, steps.indexOf(step) + 1)) {
        clock.ms += 10_000;
        await house.dispatch.advance({ assignment: id, to: each, actor: 'd' });
      }
    }
    clock.ms += 60_000;
    await using house = await openDispatchHouse({ file, clock });
    const row = await house.dispatch.assignments.get(id);
    expect(row.step).toBe(step);
    expect(row.reserved_at).toBe(START_MS);
    expect(house.dispatch.board.lockOf('u2')).toMatchObject({ assignment: id });
    expect(house.dispatch.board.index.has('u2')).toBe(false);
    expect(house.dispatch.assignments.open.get('u2')).toMatchObject({ id, step });
    await house.pass(100);
    expect(house.orders).toEqual([]);
  });

  test('in the middle of an unanswered order sends, warns and escalates as it became due', async () => {
    const file = `${folder}/state.db`;
    const clock = { ms: START_MS };
    {
      await using house = await openDispatchHouse({ file, clock });
      await house.assign(await house.report(), 'u1');
      await house.pass(20);
    }
    clock.ms += 100_000;
    await using house = await openDispatchHouse({ file, clock });
    await house.pass(3);
    expect(house.events.map(({ event }) => event)).toContain('escalated');
    const [row] = await house.dispatch.assignments.ofIncident(1);
    expect(row).toMatchObject({ step: 'dispatched', escalated_at: clock.ms - 2_000 });
  });

  test('between the lock and the order sends the order', async () => {
    const file = `${folder}/state.db`;
    const clock = { ms: START_MS };
    {
      await using house = await openDispatchHouse({ file, clock });
      house.broker.isDown = true;
      await house.assign(await house.report(), 'u1');
    }
    await using house = await openDispatchHouse({ file, clock });
    await house.pass(1);
    expect(house.orders).toHaveLength(1);
    expect((await house.dispatch.assignments.get(1)).step).toBe('dispatched');
  });
});

test.each([
  ['Accepted', 'acknowledged'],
  [' ACCEPTED\n', 'acknowledged'],
  ['Refused', 'refused'],
])('the crew’s answer is read as it is written: %j', async (ack, step) => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u2');
  const heard = await house.dispatch.onAck('u2', { assignment: String(assignment.id), ack }, house.clock.ms);
  expect(heard).toBeUndefined();
  expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({ step });
});
