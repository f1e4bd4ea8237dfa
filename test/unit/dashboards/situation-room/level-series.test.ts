import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LevelSeries, SERIES_MS } from '../../../../dashboards/situation-room/state/level-series.ts';

const NOW = Date.UTC(2026, 0, 15, 2, 30);
const MINUTE_MS = 60_000;

describe('the last half hour of a gauge', () => {
  test('is in order of time, however the points came, and forgets what is older', () => {
    const series = new LevelSeries();
    for (const minutesAgo of [5, 31, 1, 29, 3]) series.add(NOW - minutesAgo * MINUTE_MS, minutesAgo);
    expect(series.points(NOW).map(({ levelM }) => levelM)).toEqual([29, 5, 3, 1]);
    expect(series.points(NOW + 28 * MINUTE_MS).map(({ levelM }) => levelM)).toEqual([1]);
  });

  test('keeps the newest of one bucket, whichever of them came last', () => {
    const series = new LevelSeries();
    series.add(NOW + 4_000, 2);
    series.add(NOW + 1_000, 1);
    expect(series.points(NOW + 5_000)).toEqual([{ atMs: NOW + 4_000, levelM: 2 }]);
  });

  test('never holds more than half an hour in buckets of 15 s', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 10 * SERIES_MS }), { maxLength: 2_000 }), (offsets) => {
        const series = new LevelSeries();
        for (const offset of offsets) series.add(NOW + offset, 1);
        const nowMs = NOW + Math.max(0, ...offsets);
        const times = series.points(nowMs).map(({ atMs }) => atMs);
        expect(times.length).toBeLessThanOrEqual(120);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        if (offsets.length > 0) expect(times.at(-1)).toBe(nowMs);
      }),
      { numRuns: 50 },
    );
  });

  test('tells the change over five minutes, and how long it looked at', () => {
    const series = new LevelSeries();
    for (let minute = 0; minute <= 12; minute++) series.add(NOW + minute * MINUTE_MS, minute / 10);
    const change = series.change(NOW + 12 * MINUTE_MS + 10_000);
    expect(change?.changeM).toBeCloseTo(0.5);
    expect(change?.overMs).toBe(5 * MINUTE_MS);
  });

  test('tells no change of a single point, nor where the newest is old', () => {
    const series = new LevelSeries();
    series.add(NOW, 1);
    expect(series.change(NOW + 1_000)).toBeUndefined();
    series.add(NOW + 2 * MINUTE_MS, 2);
    expect(series.change(NOW + 2 * MINUTE_MS)?.changeM).toBe(1);
    expect(series.change(NOW + 6 * MINUTE_MS)).toBeUndefined();
  });
});
