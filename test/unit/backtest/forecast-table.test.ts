/** How forecasts are judged: by flood, beside a ruler and the robust trend. */
import { expect, test } from 'vitest';
import { buildForecastTable } from '../../../backtest/forecast-table.ts';
import { formatForecasts } from '../../../backtest/format-forecasts.ts';
import { parseGauge } from '../../../backtest/gauge.ts';

const START_MS = Date.UTC(2026, 0, 15);
const MIN_MS = 60_000;
const gauge = parseGauge({ id: 'river', thresholds: '2', unit: 'm', hysteresisM: 0.1 });

/** One level each 15 min. */
function series(...levels: number[]): { atMs: number; levelM: number }[] {
  return levels.map((levelM, index) => ({ atMs: at(index), levelM }));
}

const at = (index: number) => START_MS + index * 15 * MIN_MS;
const claim = (since: number, until: number) => ({ levelM: 2, since: at(since), until: at(until) });
const flat = (count: number, levelM = 1) => Array.from({ length: count }, () => levelM);

/** Rises from the 9th to the 17th level by 15 cm each, is above 2 m from the 15th on, and is back at the 30th. */
const flood = series(
  ...flat(8),
  ...Array.from({ length: 9 }, (_, i) => 1 + 0.15 * (i + 1)),
  ...flat(12, 2.1),
  ...flat(40),
);

function ownPast(points: typeof flood, ...claims: ReturnType<typeof claim>[]) {
  const { methods, floods } = buildForecastTable(gauge, points, claims);
  return {
    ...methods.find(({ method }) => method === 'own past'),
    leads: floods.map((each) => each.leadMin['own past']),
  };
}

test('a claim is true when the flood begins while it stands, and its lead is from its first word', () => {
  expect(ownPast(flood, claim(10, 14))).toMatchObject({
    ...{ floods: 1, foretold: 1, hourAhead: 1, trueClaims: 1, falseClaims: 0, medianLeadMin: 60 },
    leads: [60],
  });
});

test('a claim that was given up is true for three hours from its first word', () => {
  expect(ownPast(flood, claim(2, 4))).toMatchObject({ trueClaims: 1, leads: [180] });
  expect(ownPast(flood, claim(1, 4))).toMatchObject({ trueClaims: 0, falseClaims: 1, leads: [undefined] });
});

test('a claim after the flood has begun is false', () => {
  expect(ownPast(flood, claim(14, 20))).toMatchObject({ foretold: 0, falseClaims: 1 });
});

test('two floods less than two hours apart are one, and a ripple about the threshold is none', () => {
  const twice = series(...flat(8), ...flat(4, 2.1), ...flat(6, 1.5), ...flat(4, 2.1), ...flat(20));
  expect(ownPast(twice).floods).toBe(1);
  const apart = series(...flat(8), ...flat(4, 2.1), ...flat(12, 1.5), ...flat(4, 2.1), ...flat(20));
  expect(ownPast(apart).floods).toBe(2);
  const ripple = series(...flat(8), ...flat(4, 2.1), ...flat(12, 1.95), ...flat(4, 2.1), ...flat(20));
  expect(ownPast(ripple).floods).toBe(1);
});

test('a river that jumps over its threshold gave nobody an hour', () => {
  const jump = series(...flat(8), 2.1, 2.1, ...flat(20));
  expect(ownPast(jump)).toMatchObject({ floods: 1, gaveAnHour: 0 });
  expect(ownPast(flood)).toMatchObject({ floods: 1, gaveAnHour: 1 });
});

test('a ruler carries the last half hour on for an hour', () => {
  const { methods } = buildForecastTable(gauge, flood, []);
  // 15 cm in 15 min are 60 cm in an hour: 1.45 m is reached at the 11th level, four before the flood.
  expect(methods.find(({ method }) => method === 'ruler')).toMatchObject({ foretold: 1, medianLeadMin: 60 });
});

test('the table names each method, its false claims for a true one, and the floods', () => {
  const text = formatForecasts(buildForecastTable(gauge, flood, [claim(10, 14), claim(40, 44)]), 'UTC');
  expect(text).toContain('forecasts of 1 floods');
  expect(text).toMatch(/own past +1 \(100 %\) +1 \(100 %\) +1 of 1 \(100 %\) +60 min +1 +1 +1\.00/);
  expect(text).toMatch(/robust trend/);
  expect(text).toMatch(/2026-01-15 03:30 +2 m/);
});
