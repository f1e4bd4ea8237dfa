/** Property: a block of readings gives back what it was given, also when it is filled again with others. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createFold } from '../../alerts/judgement/fold.ts';
import type { Observation } from '../../alerts/judgement/observation.ts';
import { BLOCK_READINGS, ReadingBlock } from '../../alerts/judgement/reading-block.ts';
import { countRuns } from '../support/property-runs.ts';

const fold = createFold([], 60_000);
const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom('idle', 'busy'));
const reading: fc.Arbitrary<Observation> = fc.record({
  measuredAt: fc.integer({ min: 1, max: 3 }),
  receivedAt: fc.integer({ min: 1 }),
  quality: fc.integer({ min: 0, max: 1_023 }),
  simulated: fc.boolean(),
  values: fc.dictionary(fc.constantFrom('levelM', 'batteryV', 'rainMm', 'status'), value),
});
/** A device says the same quantities most of the time, in the same order. */
const readings = fc.array(fc.oneof(reading, reading.map(withLevel)), { maxLength: BLOCK_READINGS });

function withLevel(each: Observation): Observation {
  return { ...each, values: { levelM: each.receivedAt / 7, batteryV: 12.5 } };
}

function fill(block: ReadingBlock, given: readonly Observation[]): Observation[] {
  for (const each of given) block.push(each);
  return given.map((_, index) => block.reading(index));
}

test('a block gives back what it was given', () => {
  fc.assert(
    fc.property(readings, (given) => {
      const block = new ReadingBlock(fold);
      expect(fill(block, given)).toEqual(given);
      expect(block.isFull).toBe(given.length === BLOCK_READINGS);
    }),
    { numRuns: countRuns(2_000) },
  );
});

test('its order is one: the same both ways round, and without circles', () => {
  const compare = (a: Observation, b: Observation): number => {
    const block = new ReadingBlock(fold);
    block.push(a);
    return Math.sign(block.compare(0, b));
  };
  fc.assert(
    fc.property(reading, reading, reading, (a, b, c) => {
      expect(compare(a, a)).toBe(0);
      expect(compare(a, b) + compare(b, a)).toBe(0);
      if (compare(a, b) < 0 && compare(b, c) < 0) expect(compare(a, c)).toBe(-1);
    }),
    { numRuns: countRuns(5_000) },
  );
});
