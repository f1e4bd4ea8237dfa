/** How long a device may be silent: by its own rhythm, or by what it has just been told, alike for alarms and pages. */
import { expect, test } from 'vitest';
import { openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

async function openGauge(everyMs: number, readings: number) {
  const house = await openAlertHouse();
  for (let n = 0; n < readings; n++) {
    const reading = readingOf('bendung', START_MS + n * everyMs, { levelM: 1 + (n % 3) / 100 });
    house.fleet.observe(reading);
    await house.read(reading);
  }
  house.fleet.askAlarms((device) => house.alerts.silentAfterMs(device));
  const isBlind = () => house.alerts.open().some(({ rule }) => rule === 'gauge-blind');
  const liveness = () => {
    const device = house.fleet.now('bendung');
    return device && house.fleet.liveness(device, house.clock.ms);
  };
  return { house, isBlind, liveness };
}

test('an hourly gauge is not silent between two reports, and is after four that are missing: pages and alarms agree', async () => {
  const { house, isBlind, liveness } = await openGauge(HOUR_MS, 8);
  await using _ = house;
  await house.wait(3 * HOUR_MS, MINUTE_MS);
  expect([isBlind(), liveness()]).toEqual([false, 'online']);
  await house.wait(2 * HOUR_MS, MINUTE_MS);
  expect([isBlind(), liveness()]).toEqual([true, 'silent']);
});

test('a gauge of a minute that was told to report each hour, and said so, is not called blind meanwhile', async () => {
  const { house, isBlind, liveness } = await openGauge(MINUTE_MS, 10);
  await using _ = house;
  house.fleet.expectInterval('bendung', HOUR_MS, house.clock.ms);
  await house.wait(3 * HOUR_MS, MINUTE_MS);
  expect([isBlind(), liveness()]).toEqual([false, 'online']);
  await house.wait(2 * HOUR_MS, MINUTE_MS);
  expect([isBlind(), liveness()]).toEqual([true, 'silent']);
});

test('one that was told and goes on as before is called blind by its own rhythm again after some of the intervals', async () => {
  const { house, isBlind } = await openGauge(MINUTE_MS, 10);
  await using _ = house;
  house.fleet.expectInterval('bendung', HOUR_MS, house.clock.ms);
  for (let n = 0; n < 7 * 60; n++) {
    const reading = readingOf('bendung', house.clock.ms + MINUTE_MS, { levelM: 1 });
    house.fleet.observe(reading);
    await house.read(reading);
  }
  await house.wait(6 * MINUTE_MS, MINUTE_MS / 4);
  expect(isBlind()).toBe(true);
});
