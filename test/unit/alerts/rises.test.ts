/** What counts as rising fast: time and not counts, the river and not the sensor, and not what is ordinary here. */
import { describe, expect, test } from 'vitest';
import { runBacktest } from '../../../backtest/backtest.ts';
import { parseGauge } from '../../../backtest/gauge.ts';
import type { LevelPoint } from '../../../tables/level-series.ts';

const START_MS = Date.UTC(2026, 0, 15);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function series(stepMs: number, hours: number, levelAt: (hour: number) => number): LevelPoint[] {
  return Array.from({ length: Math.floor((hours * HOUR) / stepMs) }, (_, index) => {
    const atMs = START_MS + index * stepMs;
    return { atMs, levelM: Number(levelAt((index * stepMs) / HOUR).toFixed(3)) };
  });
}

function rises(points: readonly LevelPoint[], thresholds = '1.5,2,3') {
  const gauge = parseGauge({ id: 'river', thresholds, unit: 'm', hysteresisM: 0.1 });
  return runBacktest({ gauge, points }).alerts.filter(
    ({ rule, state }) => rule === 'rate-of-rise' && state !== 'withdrawn',
  );
}

/** Calm for half a day, then up by 2 m within two hours. */
const flash = (hour: number) => 1 + 2 * Math.min(1, Math.max(0, (hour - 12) / 2));

describe.each([5, 15, 60, 300, 601, 900, 901, 1_201, 1_800, 1_801])('at one report in %i s', (seconds) => {
  test('a flash flood is told of once, and before it is over', () => {
    // A gauge that reports every few seconds counts in reports: a drill is compressed in time.
    const scale = Math.min(1, seconds / 60);
    const points = series(seconds * 1000, 16 * scale, (hour) => flash(hour / scale));
    const [first, ...others] = rises(points);
    expect(first).toBeDefined();
    expect(others).toEqual([]);
    expect((first?.startedAt ?? 0) - START_MS).toBeLessThan(14 * HOUR * scale + seconds * 1000);
  });

  test('jitter and left-out reports make no difference', () => {
    const scale = Math.min(1, seconds / 60);
    const points = series(seconds * 1000, 16 * scale, (hour) => flash(hour / scale))
      .map((point, index) => ({ ...point, atMs: point.atMs + (((index * 37) % 21) - 10) * 10 * seconds }))
      .filter((_, index) => index % 11 !== 5);
    expect(rises(points)).toHaveLength(1);
  });

  test('a single spike is no rise', () => {
    const points = series(seconds * 1000, seconds / 36, () => 1).map((point, index) => ({
      ...point,
      levelM: index === 60 ? 2.9 : 1 + ((index * 7) % 3) / 1000,
    }));
    expect(rises(points)).toEqual([]);
  });
});

test.each([
  ['a tide', (hour: number) => 0.9 + 0.6 * Math.sin((2 * Math.PI * hour) / 12.42), '1.2,1.4,1.6'],
  ['pumps that start each two hours', (hour: number) => 0.5 + 0.3 * ((hour / 2) % 1), '1,1.2,1.4'],
  ['waves on a narrow ladder', (hour: number) => 0.5 + 0.08 * Math.sin(2 * Math.PI * hour), '0.7,0.75,0.8'],
])('%s rises fast each day: learnt within days, and no alarm any more', (_, levelAt, thresholds) => {
  const learnt = START_MS + 5 * 24 * HOUR;
  const later = rises(series(10 * MINUTE, 30 * 24, levelAt), thresholds).filter(
    ({ startedAt }) => startedAt > learnt,
  );
  expect(later).toEqual([]);
});

test('a surge far beyond what a tide gauge knows is told of all the same', () => {
  const tide = (hour: number) => 0.9 + 0.3 * Math.sin((2 * Math.PI * hour) / 12.42);
  const surge = (hour: number) => tide(hour) + Math.min(1.5, Math.max(0, hour - 500));
  const found = rises(series(10 * MINUTE, 510, surge), '1.3,1.6,2');
  expect(found.some(({ startedAt }) => startedAt >= START_MS + 500 * HOUR)).toBe(true);
});
