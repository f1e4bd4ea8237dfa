/** What the public's warning apps get: what to do, from when, until when, and for as long as it lasts. */

import { expect, test } from 'vitest';
import type { Alert } from '../../../../alerts/alert.ts';
import { type AlertHouse, openAlertHouse, readingOf, START_MS } from '../../../support/alert-house.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

async function play(house: AlertHouse, device: string, everyMs: number, ...levels: readonly number[]) {
  for (const [index, levelM] of levels.entries()) {
    await house.read(readingOf(device, START_MS + index * everyMs, { levelM }));
  }
  await house.wait(2_000);
}

/** The newest message of a rule, once the outbox has done its work. */
async function newestOf(house: AlertHouse, rule: string): Promise<string> {
  const waiting = house.database
    .selectFrom('notices')
    .select('id')
    .where('channel', '=', 'cap')
    .where('state', '=', 'waiting');
  do await house.wait(1_000);
  while (await waiting.executeTakeFirst());
  const entries = await house.alerts.listCap();
  return entries.find(({ alert }) => alert.startsWith(rule))?.document ?? '';
}

const textOf = (document: string, name: string) => new RegExp(`<${name}>([^<]+)`).exec(document)?.[1] ?? '';
const timeOf = (document: string, name: string) => Date.parse(textOf(document, name));

test.each([
  [[1.4, 1.6], 'Monitor'],
  [[1.4, 1.7, 2, 2.1], 'Prepare'],
  [[1.4, 1.7, 2, 2.3, 2.6, 2.9, 3.1, 3.2], 'Evacuate'],
  [[1.4, 1.6, 1.38, 1.3, 1.3, 1.3, 1.3], 'AllClear'],
])('levels %j ask people to %s', async (levels, response) => {
  await using house = await openAlertHouse();
  await play(house, 'hulu', 10 * MINUTE, ...levels);
  expect(textOf(await newestOf(house, 'river-level'), 'responseType')).toBe(response);
});

test('a forecast begins when it foretells, and is not believed for days', async () => {
  await using house = await openAlertHouse();
  await play(house, 'hulu', 5 * MINUTE, 1, 1, 1, 1.05, 1.1, 1.15, 1.2, 1.25, 1.3);
  const [alert] = house.alerts.open().filter(({ rule }) => rule === 'time-to-threshold');
  const document = await newestOf(house, 'time-to-threshold');
  const { atMs, likelyMin } = (alert as Alert).detail as { atMs: number; likelyMin: number };
  expect(timeOf(document, 'onset')).toBe(atMs + likelyMin * MINUTE);
  expect(timeOf(document, 'expires') - timeOf(document, 'onset')).toBeGreaterThanOrEqual(HOUR);
  expect(timeOf(document, 'expires') - timeOf(document, 'onset')).toBeLessThan(6 * HOUR);
});

test('water from above begins when it can arrive first, and is believed until it should have passed', async () => {
  await using house = await openAlertHouse();
  await play(house, 'hulu', 5 * MINUTE, 1.4, 1.6, 1.8, 1.8);
  await house.read(readingOf('bendung', house.clock.ms, { levelM: 1 }));
  await house.wait(10_000);
  const document = await newestOf(house, 'upstream-rise');
  // The lag is an hour: from 0.4 of it to twice it.
  expect(timeOf(document, 'onset')).toBe(START_MS + 5 * MINUTE + 24 * MINUTE);
  expect(timeOf(document, 'expires')).toBeGreaterThanOrEqual(START_MS + 5 * MINUTE + 2 * HOUR);
});

test('a flood of days is issued anew before its message expires, and refers to the one before', async () => {
  await using house = await openAlertHouse();
  await play(house, 'hulu', 10 * MINUTE, 1.4, 1.6);
  for (let hour = 0; hour < 60; hour++) {
    await house.wait(HOUR, 10 * MINUTE);
    await house.read(readingOf('hulu', house.clock.ms, { levelM: 1.6 + (hour % 3) / 100 }));
    const document = await newestOf(house, 'river-level');
    expect(timeOf(document, 'expires')).toBeGreaterThan(house.clock.ms);
  }
  const messages = (await house.alerts.listCap()).filter(({ alert }) => alert.startsWith('river-level'));
  expect(messages[0]).toMatchObject({ messageType: 'Update' });
  expect(textOf(messages[0]?.document ?? '', 'references')).not.toBe('');
  // Nobody is woken for it.
  expect(house.told.map(({ change }) => change)).not.toContain('renewed');
});

test('an open alert stays in the feed, however much was said of others since', async () => {
  await using house = await openAlertHouse();
  await play(house, 'hulu', 10 * MINUTE, 1.4, 1.6);
  await newestOf(house, 'river-level');
  const row = (index: number) => ({
    identifier: `other-${index}`,
    alert: `river-level-other-${index}`,
    message_type: 'Alert',
    title: 'other',
    sent_at: house.clock.ms,
    expires_at: house.clock.ms + 48 * HOUR,
    document: '<alert/>',
  });
  for (let from = 0; from < 600; from += 100) {
    const rows = Array.from({ length: 100 }, (_, index) => row(from + index));
    await house.database.insertInto('cap_messages').values(rows).execute();
  }
  const entries = await house.alerts.listCap();
  expect(entries.filter(({ alert }) => alert.startsWith('river-level-hulu'))).toHaveLength(1);
  expect(entries.at(-1)?.alert).toContain('hulu');
});

test('a level whose gauge comes into doubt says so in its message as well', async () => {
  await using house = await openAlertHouse();
  await play(house, 'hulu', 15 * MINUTE, 1.2, 1.5, 1.9, 2.3, 2.7, 3, 3.2, 0, 0);
  expect(await newestOf(house, 'river-level')).toContain('the gauge is in doubt');
});
