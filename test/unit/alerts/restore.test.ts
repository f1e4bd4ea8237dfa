/** A start on state that this version cannot use: dropped with one line, rebuilt, and no alert lost. */

import { pino } from 'pino';
import { expect, test } from 'vitest';
import { isAccessPoint } from '../../../devices/kinds/wifi-access-point.ts';
import type { Reading } from '../../../devices/reading.ts';
import { type AlertHouse, openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';
import { smallCity } from '../../support/small-city.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function levels(startMs: number, ...values: number[]): Reading[] {
  return values.map((levelM, index) => readingOf('bendung', startMs + index * MINUTE, { levelM }));
}

/** A house whose log lines of level warn and above are kept. */
async function openLoggedHouse(): Promise<{ house: AlertHouse; logged: Record<string, unknown>[] }> {
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  return { house: await openAlertHouse({ log }), logged };
}

const listLevels = (house: AlertHouse) =>
  house.alerts.list({ limit: 10, audience: 'public', rule: 'river-level' });

async function rewrite({ database }: AlertHouse, key: string, document: string): Promise<void> {
  await database.updateTable('alert_engine').set({ document }).where('key', '=', key).execute();
}

/** As the first version packed its readings: as objects. */
const FIRST_VERSION = JSON.stringify({
  timeline: {
    base: { measuredAt: 0, intervalMs: MINUTE, readings: 0, recent: { at: [], value: [] } },
    tracks: {},
    readings: [{ measuredAt: START_MS, receivedAt: START_MS, quality: 0, values: { levelM: 1 } }],
  },
  hearing: {},
  known: {},
});

const DAMAGES = {
  'an earlier version, which said no format': async (house: AlertHouse) => {
    await house.database.deleteFrom('alert_engine').where('key', '=', 'format').execute();
    await rewrite(house, 'device:bendung', FIRST_VERSION);
  },
  'a later version': (house: AlertHouse) => rewrite(house, 'format', '"layout@99"'),
  'this version, but does not look like it': (house: AlertHouse) =>
    rewrite(house, 'device:bendung', FIRST_VERSION),
  'this version, but is no JSON': (house: AlertHouse) => rewrite(house, 'device:bendung', '{"timeline":'),
  'this version, but its conditions are not': (house: AlertHouse) => rewrite(house, 'conditions', '{}'),
} as const;

test.each(Object.entries(DAMAGES))(
  'state of %s is dropped with one line, and an open alert goes on',
  async (_, damage) => {
    const { house, logged } = await openLoggedHouse();
    await using _house = house;
    await house.read(...levels(START_MS, 1.3, 1.4, 1.6, 1.7));
    await house.wait(2_000);
    const [before] = house.alerts.open();
    await damage(house);
    await house.crash();
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({ readings: 4, open: 1, msg: expect.stringContaining('rebuilt') });
    await house.read(...levels(START_MS + 4 * MINUTE, 1.75, 1.2, 1.2, 1.2, 1.2, 1.2));
    const alerts = await listLevels(house);
    expect(alerts).toMatchObject([{ id: before?.id, startedAt: START_MS + 2 * MINUTE, state: 'resolved' }]);
    expect(alerts[0]?.log.map(({ change }) => change)).toEqual(['opened', 'resolved']);
    await house.crash();
    expect(logged, 'the rebuilt state is saved, and good').toHaveLength(1);
  },
);

test('an alert older than any look back is kept in the middle of its hold, at its level', async () => {
  const { house } = await openLoggedHouse();
  await using _house = house;
  await house.read(...levels(START_MS, 1.3, 1.5, 1.7, 2, 2.2));
  // Six hours within the hysteresis of the level that was reached: nothing in them raises it.
  const hours = Array.from({ length: 360 }, () => 1.95);
  await house.read(...levels(START_MS + 5 * MINUTE, ...hours));
  const [before] = house.alerts.open();
  expect(before).toMatchObject({ state: 'open', severity: 'moderate' });
  await DAMAGES['a later version'](house);
  await house.crash();
  await house.read(...levels(START_MS + 365 * MINUTE, 1.95, 1.95));
  expect(house.alerts.open()).toMatchObject([
    { id: before?.id, severity: 'moderate', startedAt: before?.startedAt },
  ]);
});

test('a silent gauge in a flood keeps its alert and stays blind when nothing of it is left to recall', async () => {
  const { house } = await openLoggedHouse();
  await using _house = house;
  await house.read(...levels(START_MS, 1.3, 1.4, 1.6, 1.7));
  await house.wait(5 * HOUR, MINUTE);
  const before = house.alerts.open().map(({ id, state }) => ({ id, state }));
  expect(before).toHaveLength(2);
  await DAMAGES['a later version'](house);
  await house.crash();
  await house.wait(HOUR, MINUTE);
  expect(house.alerts.open().map(({ id, state }) => ({ id, state }))).toEqual(before);
  await house.read(...levels(house.clock.ms, 1.8, 1.8));
  await house.wait(2_000);
  expect(house.alerts.open()).toMatchObject([{ rule: 'river-level', blindSince: undefined }]);
});

test('a journal that cannot be read does not keep the alarms from starting', async () => {
  const logged: Record<string, unknown>[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  const journal = {
    readAfter: () => Promise.reject(new Error('the disk is gone')),
    latest: () => Promise.reject(new Error('the disk is gone')),
  };
  await using house = await openAlertHouse({ log, journal });
  await house.read(...levels(START_MS, 1.3, 1.4, 1.6, 2.1));
  const [before] = house.alerts.open();
  await DAMAGES['a later version'](house);
  await house.crash();
  expect(logged).toMatchObject([{ err: { message: 'the disk is gone' } }]);
  await house.read(...levels(START_MS + 4 * MINUTE, 2.1));
  expect(house.alerts.open()).toMatchObject([{ id: before?.id, state: 'open', severity: before?.severity }]);
});

test('a first start has nothing to drop and says nothing', async () => {
  const { house, logged } = await openLoggedHouse();
  await using _house = house;
  expect(logged).toEqual([]);
});

test('what a gauge said after its state was saved is recalled, also when the alert of another moved the cursor', async () => {
  const { house, logged } = await openLoggedHouse();
  await using _house = house;
  await house.read(...levels(START_MS, 1.0, 1.2, 1.4));
  await house.read(readingOf('hulu', house.clock.ms, { levelM: 2.2 }));
  expect(house.alerts.open()).toMatchObject([{ subject: 'hulu', state: 'provisional' }]);
  await house.crash();
  // One step up from 1.4 m; after a past that was forgotten it would be a jump, and doubted.
  await house.read(...levels(START_MS + 3 * MINUTE, 1.6));
  expect(house.alerts.open()).toMatchObject([
    { subject: 'hulu', state: 'provisional' },
    { subject: 'bendung', state: 'open' },
  ]);
  expect(logged).toEqual([]);
});

test('a sweep saves every device that spoke and then says how far it came', async () => {
  const [pattern] = smallCity.devices.filter(isAccessPoint);
  const many = Array.from(
    { length: 60 },
    (_, index) => ({ ...pattern, id: `many-${index}` }) as typeof pattern,
  );
  const city = { ...smallCity, devices: many.filter((each) => each !== undefined) };
  await using house = await openAlertHouse({ city });
  const readings = many.map((_, index) =>
    readingOf(`many-${index}`, START_MS, { clients: 3 }, { kind: 'wifi-access-point' }),
  );
  await house.read(...readings);
  await house.wait(6_000);
  const rows = await house.database.selectFrom('alert_engine').selectAll().execute();
  const saved = new Map(rows.map(({ key, document }) => [key, JSON.parse(document)]));
  for (let index = 0; index < 60; index++) {
    expect(saved.get(`device:many-${index}`)).toMatchObject({ takenId: 60 });
  }
  expect(saved.get('swept')).toBe(60);
  expect(await house.alerts.consumer.loadCursor()).toBe(60);
});

/** As if the memory of a rule had been saved by another version of it, or before there was such a rule. */
async function forgetRule({ database }: AlertHouse, rule: string): Promise<void> {
  const rows = await database
    .selectFrom('alert_engine')
    .selectAll()
    .where('key', 'like', 'device:%')
    .execute();
  for (const { key, document } of rows) {
    const saved = JSON.parse(document) as { timeline: { tracks: Record<string, unknown> } };
    const { tracks } = saved.timeline;
    saved.timeline.tracks = Object.fromEntries(
      Object.entries(tracks).filter(([name]) => !name.startsWith(`${rule}@`)),
    );
    await database
      .updateTable('alert_engine')
      .set({ document: JSON.stringify(saved) })
      .where('key', '=', key)
      .execute();
  }
}

async function savedMemory({ database }: AlertHouse, rule: string): Promise<Record<string, unknown>> {
  const row = await database
    .selectFrom('alert_engine')
    .select('document')
    .where('key', '=', 'device:bendung')
    .executeTakeFirstOrThrow();
  const { tracks } = (
    JSON.parse(row.document) as { timeline: { tracks: Record<string, { memory: object }> } }
  ).timeline;
  const key = Object.keys(tracks).find((each) => each.startsWith(`${rule}@`)) ?? '';
  return { ...tracks[key]?.memory };
}

test('a rule of another version is rebuilt alone: what the others learnt stays, and its alert goes on', async () => {
  const { house, logged } = await openLoggedHouse();
  await using _house = house;
  // Longer ago than anything that is recalled: only what is saved knows of it.
  const calm = Array.from({ length: 300 }, (_, index) => 1 + (index % 7) / 100);
  await house.read(...levels(START_MS, ...calm));
  await house.wait(5 * HOUR, MINUTE);
  await house.read(...levels(house.clock.ms, 1.3, 1.4, 1.6, 1.7));
  await house.wait(40_000);
  const [before] = house.alerts.open().filter(({ rule }) => rule === 'river-level');
  const learnt = await savedMemory(house, 'gauge-stuck');
  await forgetRule(house, 'river-level');
  await house.crash();
  expect(logged).toMatchObject([{ rules: ['river-level'], readings: 4 }]);
  await house.read(...levels(house.clock.ms, 1.75));
  expect(house.alerts.open().filter(({ rule }) => rule === 'river-level')).toMatchObject([
    { id: before?.id },
  ]);
  await house.read(...levels(house.clock.ms + MINUTE, 1.2, 1.2, 1.2, 1.2, 1.2));
  expect(await listLevels(house)).toMatchObject([{ id: before?.id, state: 'resolved' }]);
  await house.wait(40_000);
  expect(learnt['readings']).toBeGreaterThan(290);
  expect((await savedMemory(house, 'gauge-stuck'))['readings']).toBeGreaterThan(290);
  await house.crash();
  expect(logged, 'the rebuilt memory is saved, and good').toHaveLength(1);
});

test('a rule of another version that waits for its hold goes on waiting', async () => {
  await using house = await openAlertHouse();
  await house.read(...levels(START_MS, 1.3, 1.4, 1.6, 1.7, 1.35, 1.35));
  await house.wait(10_000);
  await forgetRule(house, 'river-level');
  await house.crash();
  await house.read(...levels(START_MS + 6 * MINUTE, 1.35, 1.35));
  expect(await listLevels(house)).toMatchObject([{ state: 'resolved', endedAt: START_MS + 7 * MINUTE }]);
});

test('a rule that was added judges from the readings that are there, and the others know what they knew', async () => {
  const { house, logged } = await openLoggedHouse();
  await using _house = house;
  await house.read(...levels(START_MS, 0.5, 0.5, 0.5, 0.75, 1));
  await house.wait(10_000);
  await forgetRule(house, 'rate-of-rise');
  await house.crash();
  expect(logged).toMatchObject([{ rules: ['rate-of-rise'] }]);
  const rises = () => house.alerts.open().filter(({ rule }) => rule === 'rate-of-rise');
  const before = rises();
  await house.read(...levels(START_MS + 5 * MINUTE, 1.25));
  expect(rises()).toHaveLength(1);
  if (before[0]) expect(rises()[0]?.id).toBe(before[0].id);
});

test('what waits for the page of a group is told after a restart, whatever became of the state', async () => {
  for (const damage of [
    DAMAGES['a later version'],
    (house: AlertHouse) => forgetRule(house, 'river-level'),
  ]) {
    await using house = await openAlertHouse();
    await house.read(...levels(START_MS, 1.3, 1.4, 1.6));
    await house.read(
      ...[1.3, 1.4, 1.6].map((levelM, index) => readingOf('hulu', START_MS + index * MINUTE, { levelM })),
    );
    await house.wait(2_000);
    const told = () => house.told.map(({ alert }) => alert.subject);
    expect(told()).toEqual(['bendung']);
    await damage(house);
    await house.crash();
    await house.read(...levels(house.clock.ms, 1.65));
    await house.read(readingOf('hulu', house.clock.ms, { levelM: 1.65 }));
    await house.wait(6 * MINUTE, 5_000);
    expect(told()).toContain('hulu');
  }
});
