import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isDue } from '../../../clock/due.ts';

test('a wait is over at its time, and not before', () => {
  expect(isDue(1_000, 999, 60_000)).toBe(false);
  expect(isDue(1_000, 1_000, 60_000)).toBe(true);
  expect(isDue(60_999, 999, 60_000)).toBe(false);
});

test('whatever the clock is set to, a wait lasts no longer than it may', () => {
  fc.assert(
    fc.property(fc.nat(60_000), fc.integer({ min: -1e12, max: 1e12 }), (waitMs, stepMs) => {
      const dueAt = 1_700_000_000_000 + waitMs;
      const setTo = 1_700_000_000_000 + stepMs;
      return [0, 60_000].some((laterMs) => isDue(dueAt, setTo + laterMs, 60_000));
    }),
  );
});
