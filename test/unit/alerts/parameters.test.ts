/** Parameters of rules: the narrower override wins, and what a rule does not have is refused. */
import { expect, test } from 'vitest';
import { openAlertHouse, readingOf, START_MS } from '../../support/alert-house.ts';
import { smallCity } from '../../support/small-city.ts';

const MINUTE = 60_000;
const flood = (device: string) =>
  [1.4, 1.6, 1.65].map((levelM, index) => readingOf(device, START_MS + index * MINUTE, { levelM }));

test('a rule can be made slower for a river and switched off for one of its gauges', async () => {
  const alertRules = [
    { rule: 'river-level', group: 'bkb', parameters: { pendingMs: 10 * MINUTE } },
    { rule: 'river-level', device: 'hulu', enabled: false },
  ];
  await using house = await openAlertHouse({ city: { ...smallCity, alertRules } });
  await house.read(...flood('bendung'), ...flood('hulu'), ...flood('tide'));
  const levels = house.alerts.open().filter((alert) => alert.rule === 'river-level');
  expect(levels.map((alert) => alert.subject)).toEqual(['tide']);
  await house.read(readingOf('bendung', START_MS + 11 * MINUTE, { levelM: 1.65 }));
  expect(house.alerts.open().some((alert) => alert.id.startsWith('river-level-bendung'))).toBe(true);
});

test('a parameter that the rule does not have keeps the alarms from opening, with a sentence', async () => {
  const alertRules = [{ rule: 'river-level', parameters: { pending: 1 } }];
  await expect(openAlertHouse({ city: { ...smallCity, alertRules } })).rejects.toThrow(
    /river-level has no parameter pending; it has: /,
  );
});
