import { expect, test } from 'vitest';
import { trendOf } from '../../../pages/level-trend.ts';

const MINUTE = 60_000;
/** A point each minute, the last at minute 0. */
const series = (levels: readonly number[], everyMs = MINUTE) =>
  levels.map((levelM, index) => ({ atMs: (index - levels.length + 1) * everyMs, levelM }));
const line = (count: number, perMinuteM: number) =>
  Array.from({ length: count }, (_, index) => 1 + index * perMinuteM);

test('the arrow says which way and how steep, from twenty minutes', () => {
  expect(trendOf(series(line(20, 0)), 0)).toBe('steady');
  expect(trendOf(series(line(20, 0.003)), 0)).toBe('rise');
  expect(trendOf(series(line(20, 0.02)), 0)).toBe('steep-rise');
  expect(trendOf(series(line(20, -0.003)), 0)).toBe('fall');
  expect(trendOf(series(line(20, -0.02)), 0)).toBe('steep-fall');
});

test('one low reading at the end does not turn a river that rises', () => {
  expect(trendOf(series([...line(19, 0.01), 1.1]), 0)).toBe('rise');
});

test('a river that has turned is told by what it did since: nothing of two points, then that it falls', () => {
  const rise = line(17, 0.2);
  expect(trendOf(series([...rise, 3.7, 3.3]), 0)).toBeUndefined();
  expect(trendOf(series([...rise, 3.7, 3.3, 2.9]), 0)).toBe('steep-fall');
});

test('a second wave is no fall', () => {
  const fall = line(15, -0.2).map((levelM) => levelM + 4);
  expect(trendOf(series([...fall, 2.6, 3, 3.4]), 0)).toBe('steep-rise');
});

test('waves on the water turn no river', () => {
  const rise = line(20, 0.005).map((levelM, index) => levelM + (index % 3) * 0.02);
  expect(trendOf(series(rise), 0)).toBe('rise');
});

test('a gauge that reports each quarter of an hour has an arrow from its hour', () => {
  expect(trendOf(series([1, 1.1, 1.2, 1.3], 15 * MINUTE), 0)).toBe('rise');
});

test('there is no arrow of too little, or of what is over', () => {
  expect(trendOf([], 0)).toBeUndefined();
  expect(trendOf(series([1, 2, 3]), 0)).toBeUndefined();
  expect(trendOf(series(line(20, 0.02)), 21 * MINUTE)).toBeUndefined();
});
