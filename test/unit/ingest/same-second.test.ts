/** A clock of whole seconds says one time for two readings: neither replaces the other, and each is stored once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatQuality, QualityFlag, type Reading } from '../../../devices/reading.ts';
import { createQuality, type Quality } from '../../../ingest/quality.ts';
import { readingOf, START_MS } from '../../support/alert-house.ts';

const said = (second: number, values: Reading['values'], delayMs = 200): Reading =>
  readingOf('motor-1', START_MS + second * 1_000, values, {
    receivedAt: START_MS + second * 1_000 + delayMs,
  });
const offsetOf = ({ measuredAt }: Reading) => measuredAt - START_MS;

/** As a restart restores it: from the journal's own rows, in their order. */
function restarted(stored: readonly Reading[]): Quality {
  const quality = createQuality();
  const last = stored.at(-1);
  if (last) quality.restore(last);
  for (const each of stored) quality.restoreSeq(each);
  return quality;
}

test('three values of one second stand a millisecond apart, in their order, and say so', () => {
  const quality = createQuality();
  const stored = [1, 2, 3].map((levelM) => quality.assess(said(5, { levelM })));
  expect(stored.map(offsetOf)).toEqual([5_000, 5_001, 5_002]);
  expect(stored.map((each) => formatQuality(each.quality))).toEqual([
    [],
    ['timeEstimated'],
    ['timeEstimated'],
  ]);
});

test('what adds to the other shares its time', () => {
  const quality = createQuality();
  const stored = [{ levelM: 1 }, { batteryV: 12 }, { levelM: 1, batteryV: 12 }].map((values) =>
    quality.assess(said(5, values)),
  );
  expect(stored.map(offsetOf)).toEqual([5_000, 5_000, 5_000]);
});

test('a clock that stands still is not helped on', () => {
  const quality = createQuality();
  const stored = [1, 2, 3].map((levelM) => quality.assess(said(5, { levelM }, levelM * 60_000)));
  expect(stored.map(offsetOf)).toEqual([5_000, 5_000, 5_000]);
});

test('a clock with milliseconds is left alone', () => {
  const quality = createQuality();
  const at = (levelM: number) =>
    readingOf('bendung', START_MS + 123, { levelM }, { receivedAt: START_MS + 200 });
  expect([1, 2].map((levelM) => offsetOf(quality.assess(at(levelM))))).toEqual([123, 123]);
});

test('whatever comes again, also after a kill, is stored once', () => {
  const aReading = fc.record({
    second: fc.integer({ min: 0, max: 3 }),
    levelM: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(aReading, { maxLength: 20 }), fc.nat(20), fc.boolean(), (sent, from, isKilled) => {
      const inOrder = sent.toSorted((a, b) => a.second - b.second);
      const quality = createQuality();
      const rows = new Map<string, Reading>();
      const take = (of: Quality, delayMs: number) => (each: { second: number; levelM: number }) => {
        const reading = of.assess(said(each.second, { levelM: each.levelM }, delayMs));
        const identity = JSON.stringify([reading.measuredAt, reading.values]);
        if (!rows.has(identity)) rows.set(identity, reading);
      };
      inOrder.forEach(take(quality, 200));
      const before = rows.size;
      // Each value of a second once, and none in the place of another.
      expect(before).toBe(new Set(inOrder.map((each) => JSON.stringify(each))).size);
      expect(new Set([...rows.values()].map(({ measuredAt }) => measuredAt)).size).toBe(before);
      const after = isKilled ? restarted([...rows.values()]) : quality;
      inOrder.slice(from).forEach(take(after, 60_000));
      expect(rows.size).toBe(before);
    }),
  );
});

test('two values of one second of a clock that is off are two, and each repeat is known', () => {
  const quality = createQuality();
  const off = (second: number, levelM: number, delayMs = 200) =>
    readingOf(
      'bendung',
      START_MS + second * 1_000 - 7 * 3_600_000,
      { levelM },
      { receivedAt: START_MS + second * 1_000 + delayMs },
    );
  for (let minute = 0; minute < 8; minute++) quality.assess(off(minute * 60, 1 + minute / 10));
  const stored = [off(481, 3), off(481, 4)].map((each) => quality.assess(each));
  expect(stored.every((each) => each.quality & QualityFlag.clockOff)).toBe(true);
  expect(stored[0]?.measuredAt).not.toBe(stored[1]?.measuredAt);
  const again = [off(481, 3, 90_000), off(481, 4, 91_000)].map((each) => quality.assess(each));
  expect(again.map(({ measuredAt, values }) => [measuredAt, values])).toEqual(
    stored.map(({ measuredAt, values }) => [measuredAt, values]),
  );
});
