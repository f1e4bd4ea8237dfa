import { expect, test } from 'vitest';
import { createFailureBound } from '../../../api/failure-bound.ts';

const OPTIONS = { maxFailures: 3, windowMs: 60_000, maxAddresses: 2 };

test('an address may fail so often in a window, and waits for its end after that', () => {
  const bound = createFailureBound(OPTIONS);
  for (let failure = 0; failure < 3; failure++) {
    expect(bound.waitMs('a', 1_000)).toBe(0);
    bound.record('a', 1_000);
  }
  expect(bound.waitMs('a', 1_000)).toBe(60_000);
  expect(bound.waitMs('a', 60_999)).toBe(1);
  expect(bound.waitMs('a', 61_000)).toBe(0);
  expect(bound.waitMs('b', 1_000)).toBe(0);
});

test('a new window counts from one again', () => {
  const bound = createFailureBound(OPTIONS);
  for (let failure = 0; failure < 3; failure++) bound.record('a', 0);
  bound.record('a', 60_000);
  expect(bound.waitMs('a', 60_000)).toBe(0);
});

test('no more addresses are remembered than may be, the oldest window goes first', () => {
  const bound = createFailureBound(OPTIONS);
  for (let failure = 0; failure < 3; failure++) bound.record('a', 0);
  for (let failure = 0; failure < 3; failure++) bound.record('b', 1);
  bound.record('c', 2);
  expect(bound.size).toBe(2);
  expect(bound.waitMs('a', 3)).toBe(0);
  expect(bound.waitMs('b', 3)).toBeGreaterThan(0);
});
