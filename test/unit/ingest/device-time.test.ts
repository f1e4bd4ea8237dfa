/** Readings of a clock that is known to be off are dated by ours: flagged, in order, each stored once. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatQuality, QualityFlag, type Reading } from '../../../devices/reading.ts';
import { createQuality } from '../../../ingest/quality.ts';
import { readingOf, START_MS } from '../../support/alert-house.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CLOCK_AHEAD_MAX_MS = 60_000;

/** As validate hands it on: measured at a true time by a clock that is off, received later. */
function said(trueMs: number, aheadMs: number, delayMs = 200, values: Reading['values'] = {}): Reading {
  const ownMs = trueMs + aheadMs;
  const receivedAt = trueMs + delayMs;
  const all = { levelM: 1 + ((trueMs - START_MS) % 977) / 1_000, ...values };
  if (ownMs - receivedAt <= CLOCK_AHEAD_MAX_MS && ownMs - receivedAt > -1_096 * 24 * HOUR) {
    return readingOf('bendung', ownMs, all, { receivedAt });
  }
  const quality = QualityFlag.serverTime | QualityFlag.clockRefused;
  return readingOf('bendung', receivedAt, { ...all, deviceClockMs: ownMs }, { receivedAt, quality });
}

const identityOf = ({ measuredAt, values }: Reading) => JSON.stringify([measuredAt, values]);

describe.each([
  ['two hours behind', -2 * HOUR],
  ['seven hours ahead', 7 * HOUR],
  ['30 s ahead', 30_000],
  ['1,024 weeks behind', -1_024 * 7 * 24 * HOUR],
])('a clock that is %s', (_, aheadMs) => {
  const known = () => {
    const quality = createQuality();
    const stored = Array.from({ length: 6 }, (__, minute) =>
      quality.assess(said(START_MS + minute * MINUTE, aheadMs)),
    );
    return { quality, stored };
  };

  test('is known from the fifth reading on, and the reading says so and keeps what the device said', () => {
    const { stored } = known();
    expect(stored.map(({ quality }) => (quality & QualityFlag.clockOff) !== 0)).toEqual([
      ...[false, false, false, false, true, true],
    ]);
    const last = START_MS + 5 * MINUTE;
    expect(stored[5]).toMatchObject({ measuredAt: last + 200, values: { deviceClockMs: last + aheadMs } });
  });

  test('has each reading stored once, whenever it comes again', () => {
    const { quality, stored } = known();
    for (const [minute, before] of stored.entries()) {
      const again = said(START_MS + minute * MINUTE, aheadMs, 6 * MINUTE + minute);
      expect(identityOf(quality.assess(again))).toBe(identityOf(before));
    }
  });

  test('gives a burst after a stall the times at which it was measured', () => {
    const { quality } = known();
    const burst = [6, 7, 8, 9].map((minute) =>
      quality.assess(said(START_MS + minute * MINUTE, aheadMs, (60 - minute) * MINUTE)),
    );
    expect(burst.map(({ measuredAt }) => measuredAt)).toEqual(
      [6, 7, 8, 9].map((minute) => START_MS + minute * MINUTE + 200),
    );
  });
});

test('a clock that is set right is taken at its word again at once', () => {
  const quality = createQuality();
  for (let minute = 0; minute < 8; minute++) quality.assess(said(START_MS + minute * MINUTE, -2 * HOUR));
  const right = said(START_MS + 8 * MINUTE, 0);
  expect(quality.assess(right)).toEqual(right);
});

test('no two readings of one clock get one time, and later ones get later times, whatever the way does', () => {
  const ways = fc.array(
    fc.record({
      gapMs: fc.integer({ min: 1_000, max: 120_000 }),
      delayMs: fc.integer({ min: 0, max: 4_000 }),
    }),
    { minLength: 6, maxLength: 40 },
  );
  const offset = fc.constantFrom(-7 * HOUR, -11 * MINUTE, 7 * HOUR, 45_000, -30 * 365 * 24 * HOUR);
  fc.assert(
    fc.property(ways, offset, (series, aheadMs) => {
      const quality = createQuality();
      let [trueMs, freeMs] = [START_MS, 0];
      const dated = series.map(({ gapMs, delayMs }, index) => {
        trueMs += gapMs;
        // A connection keeps the order.
        freeMs = Math.max(freeMs, trueMs + delayMs);
        return quality.assess(said(trueMs, aheadMs, freeMs - trueMs, { levelM: index }));
      });
      const known = dated.filter(({ quality: flags }) => flags & QualityFlag.clockOff);
      for (const [index, { measuredAt }] of known.entries()) {
        const before = known[index - 1];
        if (before) expect(measuredAt).toBeGreaterThan(before.measuredAt);
      }
    }),
  );
});

test('a right clock over a slow link is never dated by us', () => {
  const delays = fc.array(fc.integer({ min: 0, max: 9 * MINUTE }), { minLength: 5, maxLength: 40 });
  fc.assert(
    fc.property(delays, (all) => {
      const quality = createQuality();
      for (const [index, delayMs] of all.entries()) {
        const reading = said(START_MS + index * MINUTE, 0, delayMs);
        expect(formatQuality(quality.assess(reading).quality)).not.toContain('clockOff');
      }
    }),
  );
});

test('a buffer in one message of a clock that is known to be ahead keeps its own spacing', () => {
  const quality = createQuality();
  for (let minute = 0; minute < 6; minute++) quality.assess(said(START_MS + minute * MINUTE, 7 * HOUR));
  const receivedAt = START_MS + HOUR;
  const buffer = [20, 27, 50].map((minute) =>
    said(START_MS + minute * MINUTE, 7 * HOUR, receivedAt - START_MS - minute * MINUTE),
  );
  const spaced = quality.space(buffer, Buffer.from('[…]'), MINUTE).map((reading) => quality.assess(reading));
  expect(spaced.map(({ measuredAt }) => measuredAt)).toEqual(
    [20, 27, 50].map((minute) => START_MS + minute * MINUTE + 200),
  );
});

test('a kill at any reading stores nothing twice: what was in flight comes again and gets the times that it had', () => {
  const inFlight = 20;
  // Bursts of ten in a millisecond of a clock that is a year behind, a second apart, so that it is soon known.
  const word = (n: number, receivedAt: number) => ({
    ...said(START_MS + n, -365 * 24 * HOUR, 0, { levelM: 0.5 + n / 10_000 }),
    receivedAt,
  });
  for (let killedAt = 1; killedAt <= 90; killedAt++) {
    const first = createQuality();
    const arrivedAt = (n: number) => START_MS + Math.floor(n / 10) * 1_000;
    const stored = Array.from({ length: killedAt }, (_, n) => first.assess(word(n, arrivedAt(n))));
    const second = createQuality();
    second.restore(stored.at(-1) as Reading);
    for (const reading of stored) second.restoreSeq(reading);
    const from = Math.max(0, killedAt - inFlight);
    for (let n = from; n < killedAt; n++) {
      const again = second.assess(word(n, arrivedAt(killedAt) + 2_000));
      expect(identityOf(again), `killed at ${killedAt}, reading ${n}`).toBe(identityOf(stored[n] as Reading));
    }
  }
});
