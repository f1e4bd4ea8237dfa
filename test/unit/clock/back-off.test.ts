/** The pause before another try. */
import { expect, test } from 'vitest';
import { BackOff, backOffMs } from '../../../clock/back-off.ts';

const BOUNDS = { firstMs: 100, lastMs: 5_000 };
const steps = (random?: () => number) =>
  [0, 1, 2, 5, 6, 2_000].map((failures) => backOffMs(failures, random ? { ...BOUNDS, random } : BOUNDS));

test('doubles up to its bound, and chance takes at most half of it', () => {
  expect(steps()).toEqual([100, 200, 400, 3_200, 5_000, 5_000]);
  expect(steps(() => 0)).toEqual([50, 100, 200, 1_600, 2_500, 2_500]);
});

test('counts failures until it went well', async () => {
  const backOff = new BackOff({ firstMs: 0, lastMs: 0 });
  await backOff.pause();
  await backOff.pause();
  expect(backOff.failures).toBe(2);
  backOff.reset();
  expect(backOff.failures).toBe(0);
});

test('is over when its signal aborts, also one that the other side has asked for', async () => {
  const ending = new AbortController();
  const pause = new BackOff({ firstMs: 3_600_000, lastMs: 3_600_000, signal: ending.signal }).pause(
    7_200_000,
  );
  ending.abort();
  await pause;
});
