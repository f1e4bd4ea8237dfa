/** People change what a gauge is judged by, or take it away: its alerts follow at once, and say that it was people. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Entry, type EntryList, mergePatch } from '../../../cities/overlay.ts';
import { type AlertHouse, openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';

const MINUTE = 60_000;
let house: AlertHouse;
beforeEach(async () => {
  house = await openAlertHouse();
});
afterEach(() => house[Symbol.asyncDispose]());

/** Resolves when the alarms have heard of it: they work one thing after the other. */
async function change(list: EntryList, id: string, fields: Entry | null, areUp = true): Promise<void> {
  await house.registry.change({
    actor: 'test',
    at: house.clock.ms,
    makeEdits: async ({ findNow }) => [
      { list, id, entry: fields === null ? null : mergePatch(findNow(list, id), fields) },
    ],
  });
  if (areUp) await house.read();
}

const steps = (...levelsM: number[]) => ({
  thresholds: (['minor', 'moderate', 'extreme'] as const).map((severity, index) => ({
    ...{ severity, label: { id: `tingkat ${index + 1}`, en: `step ${index + 1}` } },
    levelM: levelsM[index],
  })),
});
const rise = (device: string, ...levelsM: number[]) =>
  house.read(...levelsM.map((levelM, index) => readingOf(device, START_MS + index * MINUTE, { levelM })));
const levels = () => house.alerts.open().filter(({ rule }) => rule === 'river-level');

test('in a flood another ladder moves the alert up and down at once, without a doubt and without another reading', async () => {
  await rise('tide', 1.3, 1.45, 1.55, 1.6, 1.6);
  const [alert] = levels();
  expect(alert).toMatchObject({ severity: 'minor', state: 'open' });
  await change('devices', 'tide', steps(1.2, 1.58, 3));
  expect(levels()).toMatchObject([
    { id: alert?.id, severity: 'moderate', provisional: false, label: { en: 'step 2' } },
  ]);
  await change('devices', 'tide', steps(1.5, 2, 3));
  expect(levels()).toMatchObject([{ id: alert?.id, severity: 'minor', label: { en: 'step 1' } }]);
  await change('devices', 'tide', steps(2, 2.5, 3));
  expect(levels()).toEqual([]);
  const ended = await house.alerts.find(alert?.id as string);
  expect(ended).toMatchObject({ state: 'resolved', text: { en: expect.stringMatching(/was changed/) } });
  await change('devices', 'tide', steps(1.5, 2, 3));
  expect(levels()).toMatchObject([{ severity: 'minor', state: 'open' }]);
});

test('another name of a step is said of the alert that is open, and others hear nothing', async () => {
  await rise('tide', 1.3, 1.45, 1.55);
  await rise('hulu', 1.3, 1.45, 1.55);
  const before = levels().find(({ subject }) => subject === 'hulu');
  const revision = before?.revision;
  await change('devices', 'tide', steps(1.5, 2, 3));
  const tide = levels().find(({ subject }) => subject === 'tide');
  expect(tide?.text.en).toContain('step 1 (from 1.5');
  expect(levels().find(({ subject }) => subject === 'hulu')?.revision).toBe(revision);
});

test('a rule that is switched off for a gauge ends its alert in words of people; switched on it raises again', async () => {
  await rise('tide', 1.3, 1.45, 1.55);
  const id = 'river-level.device.tide';
  await change('alertRules', id, { rule: 'river-level', device: 'tide', enabled: false });
  expect(levels()).toEqual([]);
  await change('alertRules', id, null);
  expect(levels()).toMatchObject([{ subject: 'tide', severity: 'minor' }]);
});

test('what was changed while the alarms were down is judged when they open, and a removed gauge has no alert', async () => {
  await rise('tide', 1.3, 1.4, 1.4);
  await rise('hulu', 1.3, 1.45, 1.55);
  await house.wait(120_000);
  expect(levels()).toMatchObject([{ subject: 'hulu' }]);
  await house.alerts[Symbol.asyncDispose]();
  await change('devices', 'bendung', { upstream: [] }, false);
  await change('devices', 'tide', steps(1.35, 2, 3), false);
  await change('devices', 'hulu', null, false);
  await house.crash();
  expect(levels()).toMatchObject([{ subject: 'tide', severity: 'minor' }]);
});
