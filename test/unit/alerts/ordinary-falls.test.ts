/** What a gauge's level loses on most days is no strange fall, and what fails is not learnt from. */
import { expect, test } from 'vitest';
import { FALLS_START, learnPace, ordinaryFallM } from '../../../alerts/levels/ordinary-falls.ts';
import { openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';
import { buildSmallCity, gauge } from '../../support/small-city.ts';

const HOUR = 3_600_000;

const TIDAL_DAY = 24.8;
/** A river mouth: high water once a day, and somewhat higher or lower twice. */
const tideM = (hour: number) =>
  Number(
    (
      1.6 +
      0.95 * Math.cos((2 * Math.PI * hour) / TIDAL_DAY) +
      0.1 * Math.cos((4 * Math.PI * hour) / TIDAL_DAY)
    ).toFixed(2),
  );

test('at one reading an hour each tide that floods is one alert, which ends while the tide is low', async () => {
  const label = { id: 'waspada rob', en: 'tidal flood watch' };
  const mouth = gauge('muara', {
    ...{ tidal: true, sensorRangeM: [-0.5, 4.5], normalLevelM: 1.6 },
    thresholds: [
      { severity: 'moderate', label, levelM: 2.5 },
      { severity: 'severe', label, levelM: 3 },
    ],
  });
  await using house = await openAlertHouse({ city: buildSmallCity([mouth]) });
  for (let hour = 12; hour < 10 * TIDAL_DAY + 12; hour++) {
    await house.read(readingOf('muara', START_MS + hour * HOUR, { levelM: tideM(hour) }));
  }
  const all = await house.alerts.list({ limit: 50, audience: 'staff', rule: 'river-level' });
  const alerts = all.filter(({ state }) => state !== 'withdrawn');
  expect(alerts.map(({ state }) => state)).toEqual(new Array(10).fill('resolved'));
  for (const { startedAt, endedAt } of alerts) {
    expect(((endedAt as number) - startedAt) / HOUR).toBeLessThanOrEqual(7);
  }
});

test('the pace of the middle day is known from the second day on, and a gap makes it no larger', () => {
  let falls = FALLS_START;
  for (const [day, cmPerH] of [30, 20, 40, 25].entries()) {
    falls = learnPace(falls, cmPerH / 100 / HOUR, START_MS + day * 24 * HOUR, HOUR);
    falls = learnPace(falls, 0.05 / HOUR, START_MS + (day * 24 + 6) * HOUR, HOUR);
  }
  // Of 30, 20 and 40 the middle, and 1.3 times that.
  expect(ordinaryFallM(falls, HOUR, HOUR)).toBeCloseTo(0.39);
  expect(ordinaryFallM(falls, 2 * HOUR, HOUR)).toBeCloseTo(0.78);
  expect(ordinaryFallM(falls, 20 * HOUR, HOUR)).toBeCloseTo(0.78);
  expect(ordinaryFallM(FALLS_START, HOUR, HOUR)).toBe(0);
});
