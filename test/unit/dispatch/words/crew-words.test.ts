/** Every word to a crew lives until the crew has it: sent, shown, repeated, and done by its own answer. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type DispatchHouse,
  KM,
  openDispatchHouse,
  SCENE,
  START_MS,
} from '../../../support/dispatch-house.ts';

const MOVED = { lat: SCENE.lat - 3 * KM, lng: SCENE.lng };
const connect = (house: DispatchHouse, unit: string) => {
  house.dispatch.links.opened(unit, house.clock.ms);
  house.dispatch.links.listens(unit, true);
  return house.dispatch.settled();
};
const accept = (house: DispatchHouse, unit: string, assignment: number) =>
  house.dispatch.onAck(unit, { assignment: String(assignment), ack: 'accepted' }, house.clock.ms);
const wordsOf = async (house: DispatchHouse, assignment: number) =>
  (await house.dispatch.words.ofAssignments([assignment])).get(assignment) ?? [];
const told = (house: DispatchHouse) =>
  house.orders.map(({ unit, atMs, command }) => `${(atMs - START_MS) / 1000} ${unit} ${command['command']}`);

describe('an order to a unit that is not connected', () => {
  test('stays reserved, says so, is warned of and escalated, and goes out at its subscribe', async () => {
    await using house = await openDispatchHouse({ disconnected: true });
    house.dispatch.links.opened('u1', START_MS);
    await house.pass(20);
    house.dispatch.links.closed('u1', house.clock.ms);
    const { assignment } = await house.assign(await house.report(), 'u1');
    expect(assignment).toMatchObject({ step: 'reserved', dispatched_at: null, commands_sent: 0 });
    await house.pass(40);
    expect(house.orders).toEqual([]);
    expect(await wordsOf(house, assignment.id)).toMatchObject([
      {
        kind: 'order',
        sentAt: null,
        reachedAt: null,
        state: 'not yet with the crew, last connected 40 s ago',
      },
    ]);
    await house.pass(40);
    expect(house.events.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['not-acknowledged', 'escalated']),
    );
    await connect(house, 'u1');
    expect(told(house)).toEqual(['100 u1 dispatch']);
    expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
      step: 'dispatched',
      dispatched_at: house.clock.ms,
    });
  });

  test('that connects and does not subscribe is told nothing, and that is said', async () => {
    await using house = await openDispatchHouse({ disconnected: true });
    house.dispatch.links.opened('u1', START_MS);
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(20);
    expect(house.orders).toEqual([]);
    const [word] = await wordsOf(house, assignment.id);
    expect(word?.state).toMatch(/connected and does not listen/);
  });

  test('and that is cancelled meanwhile: it hears of the cancellation alone', async () => {
    await using house = await openDispatchHouse({ disconnected: true });
    const { assignment } = await house.assign(await house.report(), 'u1');
    await house.pass(10);
    await house.dispatch.advance({ assignment: assignment.id, to: 'cancelled', actor: 'd' });
    await house.pass(10);
    await connect(house, 'u1');
    expect(told(house)).toEqual(['20 u1 cancel']);
    expect(await wordsOf(house, assignment.id)).toMatchObject([
      { kind: 'order', state: 'void: the assignment was cancelled' },
      { kind: 'cancel', state: "on the crew's device, not yet acknowledged" },
    ]);
  });
});

test('an order whose PUBACK never comes is sent and not dispatched; the crew’s answer ends it all the same', async () => {
  await using house = await openDispatchHouse();
  house.broker.losesPubacks = true;
  const { assignment } = await house.assign(await house.report(), 'u1');
  await house.pass(20);
  expect(await house.dispatch.assignments.get(assignment.id)).toMatchObject({
    step: 'reserved',
    commands_sent: 2,
  });
  expect((await wordsOf(house, assignment.id))[0]?.state).toBe("sent 5 s ago, not yet on the crew's device");
  await accept(house, 'u1', assignment.id);
  const row = await house.dispatch.assignments.get(assignment.id);
  expect(row).toMatchObject({ step: 'acknowledged', dispatched_at: null });
  await house.pass(100);
  expect(house.orders).toHaveLength(2);
});

describe('a change or a cancellation while the link of the crew is down', () => {
  test.each([
    ['change', { command: 'dispatch', incident: expect.objectContaining(MOVED) }],
    ['cancellation', { command: 'cancel' }],
  ])('a %s goes out when the unit subscribes again', async (what, command) => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    const { assignment } = await house.assign(incident, 'u1');
    await accept(house, 'u1', assignment.id);
    await house.pass(20);
    await house.say('u1', { status: 'en-route' });
    house.dispatch.links.closed('u1', house.clock.ms);
    await house.pass(1);
    if (what === 'change') await house.dispatch.incidents.triage(incident, MOVED, 'desk-1');
    else await house.dispatch.advance({ assignment: assignment.id, to: 'cancelled', actor: 'd' });
    await house.pass(9);
    expect(house.orders).toHaveLength(1);
    await connect(house, 'u1');
    expect(house.orders.slice(1)).toMatchObject([{ atMs: house.clock.ms, command }]);
  });

  test('of two changes the newest alone is told, and an answer to the older one does not end it', async () => {
    await using house = await openDispatchHouse();
    const incident = await house.report();
    const { assignment } = await house.assign(incident, 'u1');
    await accept(house, 'u1', assignment.id);
    house.dispatch.links.closed('u1', house.clock.ms);
    await house.dispatch.incidents.triage(incident, { priority: 2 }, 'desk-1');
    await house.dispatch.incidents.triage(incident, { priority: 3 }, 'desk-1');
    await connect(house, 'u1');
    expect(house.orders.slice(1).map(({ command }) => command['word'])).toEqual(['3']);
    await house.dispatch.onAck('u1', { word: '2', ack: 'accepted' }, house.clock.ms);
    const states = (await wordsOf(house, assignment.id)).map(({ state }) => state);
    expect(states).toEqual([
      'acknowledged by the crew',
      'void: a newer change says more',
      "on the crew's device, not yet acknowledged",
    ]);
    await house.dispatch.onAck('u1', { word: '3', ack: 'accepted' }, house.clock.ms);
    expect(await house.dispatch.words.open('u1')).toEqual([]);
  });
});

test('an answer to the order that crosses a change does not end the change', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await house.pass(5);
  house.broker.losesPubacks = true;
  await house.dispatch.incidents.triage(incident, MOVED, 'desk-1');
  await accept(house, 'u1', assignment.id);
  expect(await house.dispatch.words.open('u1')).toMatchObject([{ kind: 'change' }]);
  house.broker.losesPubacks = false;
  await house.pass(20);
  await accept(house, 'u1', assignment.id);
  expect(await house.dispatch.words.open('u1')).toEqual([]);
});

describe('a cancellation is understood', () => {
  async function cancelled(house: DispatchHouse, before: (id: number) => Promise<unknown>): Promise<number> {
    const { assignment } = await house.assign(await house.report(), 'u1');
    await before(assignment.id);
    await house.dispatch.advance({ assignment: assignment.id, to: 'cancelled', actor: 'd' });
    return assignment.id;
  }

  test('when the crew says, after its device had it, that it is free', async () => {
    await using house = await openDispatchHouse();
    const id = await cancelled(house, async () => {
      await house.pass(5);
      await house.say('u1', { status: 'en-route' });
      await house.pass(5);
    });
    await house.say('u1', { status: 'available' }, house.clock.ms - 4_000);
    expect(await house.dispatch.words.open('u1')).toMatchObject([{ kind: 'cancel', assignment: id }]);
    await house.pass(5);
    await house.say('u1', { status: 'available' });
    expect(await house.dispatch.words.open('u1')).toEqual([]);
  });

  test('and not while it says that it drives: it is repeated, warned of and escalated', async () => {
    await using house = await openDispatchHouse();
    await cancelled(house, async () => {
      await house.pass(5);
      await house.say('u1', { status: 'en-route' });
    });
    await house.pass(80);
    expect(told(house)).toEqual([
      '0 u1 dispatch',
      '5 u1 cancel',
      '20 u1 cancel',
      '35 u1 cancel',
      '80 u1 cancel',
    ]);
    expect(house.events.filter(({ event }) => event === 'escalated')).toMatchObject([
      { unit: 'u1', kind: 'cancel' },
    ]);
  });

  test('when a person has heard it by radio', async () => {
    await using house = await openDispatchHouse();
    const id = await cancelled(house, () => house.pass(5));
    await house.dispatch.hearByRadio(id, 'dispatcher-1');
    expect((await wordsOf(house, id)).at(-1)?.state).toBe('acknowledged, says dispatcher-1');
    const sent = house.orders.length;
    await house.pass(100);
    expect(house.orders).toHaveLength(sent);
  });

  test('at last when nobody has answered for a day, which is said', async () => {
    await using house = await openDispatchHouse({ disconnected: true });
    const id = await cancelled(house, async () => undefined);
    house.clock.ms += 24 * 3_600_000;
    await house.pass(1);
    expect((await wordsOf(house, id)).at(-1)?.state).toMatch(/for a day/);
    expect(house.events.at(-1)).toMatchObject({ event: 'word-given-up', unit: 'u1' });
  });
});

describe('a message', () => {
  test('goes out until the crew acknowledges it by its word, once in effect however often it comes', async () => {
    await using house = await openDispatchHouse();
    const { id } = await house.dispatch.words.message('u1', 'Jalan Pemuda is flooded', 'dispatcher-1');
    await house.pass(20);
    const commands = house.words.map(({ command }) => command);
    expect(commands).toEqual([
      { command: 'message', word: String(id), text: 'Jalan Pemuda is flooded' },
      { command: 'message', word: String(id), text: 'Jalan Pemuda is flooded' },
    ]);
    for (let times = 0; times < 2; times++) {
      expect(await house.dispatch.onAck('u1', { word: id, ack: 'received' }, house.clock.ms)).toBeUndefined();
    }
    await house.pass(100);
    expect(house.words).toHaveLength(2);
  });

  test('to nobody, or to a crew that reads none, is refused; so is the answer of another unit', async () => {
    await using house = await openDispatchHouse();
    const { words } = house.dispatch;
    await expect(words.message('u99', 'hello', 'd')).rejects.toMatchObject({ code: 'unknown-unit' });
    for (let count = 0; count < 20; count++) await words.message('u1', `message ${count}`, 'd');
    await expect(words.message('u1', 'one more', 'd')).rejects.toMatchObject({ code: 'too-many-messages' });
    expect(await house.dispatch.onAck('u2', { word: '1', ack: 'received' }, house.clock.ms)).toBe(
      'word 1 belongs to another unit',
    );
    expect(await house.dispatch.onAck('u1', { word: '99', ack: 'received' }, house.clock.ms)).toBe(
      'there is no word 99',
    );
    await expect(words.hearByRadio('u2', 1, 'd')).rejects.toMatchObject({ code: 'unknown-word' });
  });
});

test('a second unit is told to the crew that is there already, until its device has it', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ needsTransport: true });
  const { assignment } = await house.assign(incident, 'u1');
  house.dispatch.links.closed('u1', house.clock.ms);
  await house.assign(incident, 'u2', { role: 'transport' });
  expect(house.words).toEqual([]);
  await connect(house, 'u1');
  expect(house.words.map(({ unit, command }) => ({ unit, ...command }))).toMatchObject([
    { unit: { id: 'u2', callSign: 'S2', vehicle: 'transport' }, command: 'second-unit', incident: '1' },
  ]);
  await house.pass(100);
  expect(house.words).toHaveLength(1);
  // That its device has it is no answer of the crew.
  expect((await wordsOf(house, assignment.id)).find(({ kind }) => kind === 'second-unit')?.state).toBe(
    "on the crew's device",
  );
});

test.each([
  ['refuses', 'refused'],
  ['is called off', 'cancelled'],
  ['breaks down', 'broken-down'],
] as const)('where the second unit %s, the crew that was told of it hears so', async (_, to) => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ needsTransport: true });
  await connect(house, 'u1');
  await house.assign(incident, 'u1');
  const second = await house.assign(incident, 'u2', { role: 'transport' });
  const told = () => house.words.filter(({ unit }) => unit === 'u1').map(({ command }) => command);
  expect(told()).toMatchObject([{ command: 'second-unit' }]);
  await house.dispatch.advance({ assignment: second.assignment.id, to, actor: 'd' });
  await house.pass(3);
  expect(told().at(-1)).toMatchObject({
    command: 'message',
    text: 'S2 tidak jadi datang. / S2 is not coming.',
  });
});

test('where the second unit is replaced, the first crew hears of the one that goes and of the one that comes', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ needsTransport: true });
  await connect(house, 'u1');
  await house.assign(incident, 'u1');
  const second = await house.assign(incident, 'u2', { role: 'transport' });
  await house.assign(incident, 'u4', { role: 'transport', replaces: second.assignment.id });
  await house.pass(3);
  const told = house.words.filter(({ unit }) => unit === 'u1').map(({ command }) => command);
  expect(told.map(({ command }) => command).toSorted()).toEqual(['message', 'second-unit', 'second-unit']);
});

test('a crew that had not been told of the second unit yet hears neither that it comes nor that it does not', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ needsTransport: true });
  await house.assign(incident, 'u1');
  house.dispatch.links.closed('u1', house.clock.ms);
  const second = await house.assign(incident, 'u2', { role: 'transport' });
  await house.dispatch.advance({ assignment: second.assignment.id, to: 'refused', actor: 'u2' });
  await connect(house, 'u1');
  await house.pass(3);
  expect(house.words.filter(({ unit }) => unit === 'u1')).toEqual([]);
});

test('that the second unit does not come stands at the assignment of who was told, and ends with it', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ needsTransport: true });
  const first = (await house.assign(incident, 'u1')).assignment.id;
  const second = await house.assign(incident, 'u2', { role: 'transport' });
  await house.dispatch.advance({ assignment: second.assignment.id, to: 'cancelled', actor: 'd' });
  await house.pass(2);
  expect((await wordsOf(house, first)).at(-1)).toMatchObject({
    kind: 'message',
    incident,
    state: "on the crew's device, not yet acknowledged",
  });
  await house.dispatch.advance({ assignment: first, to: 'cancelled', actor: 'd' });
  const message = (await wordsOf(house, first)).find(({ kind }) => kind === 'message');
  expect(message?.state).toBe('void: the assignment was cancelled');
});

test('a crew that has left the scene does not hear that the second unit does not come', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ needsTransport: true });
  const first = (await house.assign(incident, 'u2', { role: 'transport' })).assignment.id;
  const second = (await house.assign(incident, 'u1')).assignment.id;
  await house.dispatch.advance({ assignment: first, to: 'left-scene', actor: 'd' });
  await house.dispatch.advance({ assignment: second, to: 'cancelled', actor: 'd' });
  await house.pass(3);
  const kinds = house.words.filter(({ unit }) => unit === 'u2').map(({ command }) => command['command']);
  expect(kinds).toEqual(['second-unit']);
});

test('a second unit that is called off while word of it is on a slow link is taken back all the same', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report({ needsTransport: true });
  await house.assign(incident, 'u1');
  const link = Promise.withResolvers<void>();
  house.broker.slow = link.promise;
  const second = await house.assign(incident, 'u2', { role: 'transport' });
  await house.dispatch.advance({ assignment: second.assignment.id, to: 'cancelled', actor: 'd' });
  link.resolve();
  await house.pass(2);
  const told = house.words.filter(({ unit }) => unit === 'u1').map(({ command }) => command['command']);
  expect(told).toEqual(['second-unit', 'message']);
});

test('a change to a crew that refuses is void with its assignment', async () => {
  await using house = await openDispatchHouse();
  const incident = await house.report();
  const { assignment } = await house.assign(incident, 'u1');
  await house.dispatch.incidents.triage(incident, MOVED, 'd');
  const refusal = { assignment: String(assignment.id), ack: 'refused' };
  await house.dispatch.onAck('u1', refusal, house.clock.ms);
  expect(await wordsOf(house, assignment.id)).toMatchObject([
    { kind: 'order', state: 'acknowledged by the crew' },
    { kind: 'change', state: 'void: the assignment was refused' },
  ]);
});

describe('a kill at any point', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'siaga-words-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('loses no change, cancellation or message: each goes out at the first subscribe after it', async () => {
    const file = join(folder, 'state.db');
    const clock = { ms: START_MS };
    {
      await using house = await openDispatchHouse({ file, clock });
      const incident = await house.report();
      for (const unit of ['u1', 'u2']) {
        const { assignment } = await house.assign(incident, unit, { role: 'first-aid' });
        await accept(house, unit, assignment.id);
      }
      house.broker.isDown = true;
      await house.dispatch.advance({ assignment: 2, to: 'cancelled', actor: 'd' });
      await house.dispatch.incidents.triage(incident, MOVED, 'desk-1');
      await house.dispatch.words.message('u3', 'come back', 'd');
    }
    clock.ms += 1_000;
    await using house = await openDispatchHouse({ file, clock, disconnected: true });
    await house.pass(5);
    expect([...house.orders, ...house.words]).toEqual([]);
    for (const unit of ['u1', 'u2', 'u3']) await connect(house, unit);
    expect([...house.orders, ...house.words].map(({ unit, command }) => [unit, command['command']])).toEqual([
      ['u1', 'dispatch'],
      ['u2', 'cancel'],
      // u2 does not come.
      ['u1', 'message'],
      ['u3', 'message'],
    ]);
    expect(house.orders[0]?.command['incident']).toMatchObject(MOVED);
  });

  test('a stage that became due while nobody ran comes at once, though the unit is connected again', async () => {
    const file = join(folder, 'state.db');
    const clock = { ms: START_MS };
    {
      await using house = await openDispatchHouse({ file, clock });
      await house.assign(await house.report(), 'u1');
    }
    clock.ms += 40_000;
    await using house = await openDispatchHouse({ file, clock });
    await house.pass(1);
    expect(house.events.map(({ event }) => event)).toContain('not-acknowledged');
    await house.pass(5);
    expect(told(house)).toEqual(['40 u1 dispatch']);
  });
});

test('those who watch hear of each word when it is sent, on the device, and acknowledged', async () => {
  await using house = await openDispatchHouse();
  house.broker.losesPubacks = true;
  const { id } = await house.dispatch.words.message('u1', 'hello', 'd');
  house.broker.losesPubacks = false;
  await house.pass(15);
  await house.dispatch.onAck('u1', { word: String(id), ack: 'received' }, house.clock.ms);
  expect(house.events.filter(({ event }) => event === 'word')).toMatchObject([
    { word: id, unit: 'u1', kind: 'message', sentAt: '2026-01-15T02:30:00.000Z', reachedAt: null },
    { word: id, reachedAt: '2026-01-15T02:30:15.000Z', acknowledgedAt: null },
    { word: id, acknowledgedAt: '2026-01-15T02:30:15.000Z', state: 'acknowledged by the crew' },
  ]);
});
