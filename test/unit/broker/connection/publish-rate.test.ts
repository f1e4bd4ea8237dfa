/** The rate of one client: a burst is fine, an endless stream is slowed to its average. */
import { expect, test } from 'vitest';
import { PublishRate } from '../../../../broker/connection/publish-rate.ts';

test('ten seconds worth may come at once, then as many a second as allowed', () => {
  let now = 0;
  const rate = new PublishRate(100, () => now);
  expect(rate.available()).toBe(1_000);
  rate.take(1_000);
  expect(rate.available()).toBe(0);
  now = 500;
  expect(rate.available()).toBe(50);
});

test('what is saved up never exceeds ten seconds worth', () => {
  let now = 0;
  const rate = new PublishRate(100, () => now);
  now = 3_600_000;
  expect(rate.available()).toBe(1_000);
});
