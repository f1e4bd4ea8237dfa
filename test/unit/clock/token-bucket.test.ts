/** The rate of one client: a burst is fine, an endless stream is slowed to its average. */
import { expect, test } from 'vitest';
import { TokenBucket } from '../../../clock/token-bucket.ts';

test('ten seconds worth may come at once, then as many a second as allowed', () => {
  let now = 0;
  const rate = new TokenBucket(100, 10, () => now);
  expect(rate.available()).toBe(1_000);
  rate.take(1_000);
  expect(rate.available()).toBe(0);
  now = 500;
  expect(rate.available()).toBe(50);
});

test('what is saved up never exceeds ten seconds worth', () => {
  let now = 0;
  const rate = new TokenBucket(100, 10, () => now);
  now = 3_600_000;
  expect(rate.available()).toBe(1_000);
});

test('what was taken beyond it is owed, and what was taken needlessly comes back', () => {
  let now = 0;
  const rate = new TokenBucket(100, 10, () => now);
  rate.take(1_500);
  expect(rate.available()).toBe(-500);
  now = 5_000;
  expect(rate.available()).toBe(0);
  rate.giveBack(2_000);
  expect(rate.available()).toBe(1_000);
});

test('a clock that is set back gives nothing and takes nothing', () => {
  let now = 10_000;
  const rate = new TokenBucket(100, 10, () => now);
  rate.take(1_000);
  now = 0;
  expect(rate.available()).toBe(0);
  now = 1_000;
  expect(rate.available()).toBe(100);
});
