/** Dips put into the floods of a river of our own. Real rivers: dips.long.test.ts. */
import { expect, test } from 'vitest';
import { measureDips } from '../../../backtest/dips.ts';
import { formatDips } from '../../../backtest/format-dips.ts';
import { parseGauge } from '../../../backtest/gauge.ts';
import type { LevelPoint } from '../../../tables/level-series.ts';

const HOUR = 3_600_000;
const STEP = HOUR / 4;

/** Floods that last for a day, of a river that loses half of its height in six hours. */
function floods(count: number): LevelPoint[] {
  const points: LevelPoint[] = [];
  const add = (levelM: number) =>
    points.push({ atMs: Date.UTC(2026, 0, 1) + points.length * STEP, levelM: Number(levelM.toFixed(3)) });
  for (let flood = 0; flood < count; flood++) {
    for (let ms = 0; ms < 30 * HOUR; ms += STEP) add(0.6 + 0.01 * Math.sin(ms));
    const heightM = 2 + (flood % 3) / 2;
    for (let ms = 0; ms < 4 * HOUR; ms += STEP) add(0.6 + (heightM * ms) / (4 * HOUR));
    for (let ms = 0; ms < 36 * HOUR; ms += STEP) add(0.6 + heightM * 0.5 ** (ms / (6 * HOUR)));
  }
  return points;
}

test('no dip of 1 to 20 rows, of any kind, clears a flood of a river that drains slowly', () => {
  const gauge = parseGauge({ id: 'river', thresholds: '1.5,2,2.5', unit: 'm', hysteresisM: 0.1 });
  const report = measureDips(gauge, floods(8));
  expect(report.floods).toBe(8);
  expect(report.results.reduce((sum, each) => sum + each.dips, 0)).toBeGreaterThan(300);
  expect(report.results.filter(({ falseClears }) => falseClears.length > 0)).toEqual([]);
  expect(report.clearDelaysMin).toHaveLength(8);
  expect(report.clearDelaysMin.at(-1)).toBeLessThanOrEqual(60);
  expect(formatDips(report)).toContain('8 all-clears');
});
