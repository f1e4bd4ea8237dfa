/** What is believed of a device's clock: right, off, drifting, standing, told from links that are slow. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { causeOf, causeOfClock } from '../../../clock/clock-cause.ts';
import {
  CLOCK_BOUNDS,
  correctedTime,
  createDeviceClock,
  isBeyondBounds,
  knownLagMs,
  observeDeviceClock,
  stateOf,
} from '../../../clock/device-clock.ts';
import { saidAtOf } from '../../../clock/said-at.ts';

const NOON_MS = Date.UTC(2026, 0, 15, 12);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const WEEK = 7 * 24 * HOUR;

/** A device whose clock is ahead of ours by so much; it measures at a true time, and that arrives later. */
function deviceWithClock(aheadMs = 0) {
  const clock = createDeviceClock();
  let wayMs = 0;
  return {
    clock,
    setAhead(ms: number) {
      aheadMs = ms;
    },
    say(trueMs: number, delayMs = wayMs) {
      wayMs = delayMs;
      observeDeviceClock(clock, NOON_MS + trueMs + aheadMs, NOON_MS + trueMs + delayMs);
      return stateOf(clock);
    },
    correct: (trueMs: number, delayMs = wayMs) =>
      correctedTime(clock, NOON_MS + trueMs + aheadMs, NOON_MS + trueMs + delayMs),
  };
}

const intervalMs = fc.constantFrom(5 * SECOND, 15 * SECOND, MINUTE, 15 * MINUTE, HOUR);

test('a clock off by any constant, either way, is found within five readings, and its readings are dated right', () => {
  const offset = fc
    .integer({ min: -50 * 365 * 24 * 3_600, max: 50 * 365 * 24 * 3_600 })
    .map((seconds) => seconds * SECOND)
    .filter((ms) => isBeyondBounds(-ms));
  const ways = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 5, maxLength: 5 });
  fc.assert(
    fc.property(offset, intervalMs, ways, (aheadMs, everyMs, delays) => {
      fc.pre(isBeyondBounds(-aheadMs + 2_000) && isBeyondBounds(-aheadMs));
      const device = deviceWithClock(aheadMs);
      for (const [index, delayMs] of delays.entries()) device.say(index * everyMs, delayMs);
      expect(stateOf(device.clock)).toBe('off');
      const last = 4 * everyMs;
      expect(Math.abs((device.correct(last) as number) - (NOON_MS + last))).toBeLessThanOrEqual(2_000);
    }),
  );
});

describe('an honest link, however slow, is never called a wrong clock', () => {
  /** Delays of a link that works, and queues what comes while it stalls: first in, first out. */
  const link = fc.record({
    everyMs: intervalMs,
    stallAt: fc.integer({ min: 1, max: 12 }),
    stallMs: fc.integer({ min: 0, max: 6 * 3_600 }).map((seconds) => seconds * SECOND),
    /** Of the queue, one reading each so much of a report interval: less than one, or it would never end. */
    pace: fc.double({ min: 0, max: 0.95, noNaN: true }),
    jitter: fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 60, maxLength: 60 }),
  });

  test('one that stalls and catches up', () => {
    fc.assert(
      fc.property(link, ({ everyMs, stallAt, stallMs, pace, jitter }) => {
        const device = deviceWithClock();
        const endMs = stallAt * everyMs + stallMs;
        let freeMs = 0;
        for (const [index, jitterMs] of jitter.entries()) {
          const sentMs = index * everyMs;
          const isHeld = sentMs >= stallAt * everyMs && sentMs < endMs;
          const arrivesMs = Math.max(sentMs + jitterMs, freeMs, isHeld ? endMs : 0);
          freeMs = arrivesMs + pace * everyMs;
          device.say(sentMs, arrivesMs - sentMs);
          expect(device.clock.isOff).toBe(false);
          expect(device.correct(sentMs)).toBeUndefined();
        }
      }),
    );
  });

  test('one that gets slower with each reading', () => {
    fc.assert(
      fc.property(intervalMs, fc.double({ min: 0.01, max: 2, noNaN: true }), (everyMs, growth) => {
        const device = deviceWithClock();
        for (let index = 0; index < 59; index++) device.say(index * everyMs, index * everyMs * growth);
        expect(device.clock.isOff).toBe(false);
      }),
    );
  });

  test('one that holds readings back by turns, from its first word on', () => {
    const delays = fc.array(fc.integer({ min: 0, max: 3 * 3_600 }), { minLength: 8, maxLength: 40 });
    fc.assert(
      fc.property(delays, (seconds) => {
        const arrivals = seconds
          .map((second, index) => ({ trueMs: index * MINUTE, delayMs: second * SECOND }))
          .toSorted((a, b) => a.trueMs + a.delayMs - (b.trueMs + b.delayMs));
        // Those that come one after the other and are late by about the same would be a constant way.
        const isUneven = arrivals.every(({ delayMs }, index) => {
          const before = arrivals[index - 1]?.delayMs;
          return before === undefined || !isBeyondBounds(delayMs) || Math.abs(delayMs - before) > MINUTE;
        });
        fc.pre(isUneven);
        const device = deviceWithClock();
        let witnesses = 0;
        for (const { trueMs, delayMs } of arrivals) {
          device.say(trueMs, delayMs);
          if (!isBeyondBounds(delayMs)) witnesses++;
        }
        if (witnesses > 0) expect(isBeyondBounds(device.clock.leastLagMs)).toBe(false);
      }),
      // It crawls for an hour, then says a newer time than ever.
      { examples: [[[540, 547, 0, 1_628, 2_169, 0, 0, 3_790, 0, 3_851]]] },
    );
  });

  test.each([2, 10, 30])(
    'a backlog of ten days that comes %i times as fast as it was measured, with pauses',
    (pace) => {
      const device = deviceWithClock();
      const backMs = 10 * 24 * 3_600_000;
      for (let second = 0, sentMs = 0; second < 3_000; second++) {
        sentMs += SECOND / pace + (second % 40 === 0 ? 1_500 : 0);
        device.say(second * SECOND, backMs + sentMs - second * SECOND);
        expect(device.clock.isOff).toBe(false);
      }
    },
  );

  test('a backlog in a burst says nothing of a clock, in whatever order it comes', () => {
    for (const order of [
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ]) {
      const device = deviceWithClock();
      for (const minute of order) device.say(minute * MINUTE, (60 - minute) * MINUTE);
      expect(device.clock.isOff).toBe(false);
    }
  });

  test('one that stays behind for good is taken for a clock that stood only after sixty reports', () => {
    const device = deviceWithClock();
    for (let minute = 0; minute < 10; minute++) device.say(minute * MINUTE, 0);
    for (let minute = 10; minute < 69; minute++) device.say(minute * MINUTE, 20 * MINUTE);
    expect(stateOf(device.clock)).toBe('right');
    for (let minute = 69; minute < 72; minute++) device.say(minute * MINUTE, 20 * MINUTE);
    expect(stateOf(device.clock)).toBe('off');
    expect(saidAtOf(device.clock, NOON_MS, NOON_MS + HOUR).earliestMs).toBe(Number.NEGATIVE_INFINITY);
  });
});

test('a word said before an instant is never told as said after it while the clock keeps its pace', () => {
  const words = fc.array(
    fc.record({ gapMs: fc.integer({ min: 1, max: 120_000 }), stallMs: fc.integer({ min: 0, max: 600_000 }) }),
    { minLength: 1, maxLength: 40 },
  );
  const offset = fc.oneof(fc.constant(0), fc.integer({ min: -8 * HOUR, max: 8 * HOUR }));
  fc.assert(
    fc.property(offset, words, (aheadMs, series) => {
      const device = deviceWithClock(aheadMs);
      // The first three are quick: from there on it is known what the clock is.
      for (const second of [0, 5, 10]) device.say(second * SECOND, 100);
      let trueMs = 10 * SECOND;
      let freeMs = 0;
      for (const { gapMs, stallMs } of series) {
        trueMs += gapMs;
        freeMs = Math.max(freeMs, trueMs + 100, stallMs > 300_000 ? trueMs + stallMs : 0);
        device.say(trueMs, freeMs - trueMs);
        const { earliestMs, latestMs } = saidAtOf(device.clock, NOON_MS + trueMs + aheadMs, NOON_MS + freeMs);
        // A clock that is ahead by less than the quickest way looks right.
        expect(earliestMs).toBeLessThanOrEqual(NOON_MS + trueMs + 100);
        expect(latestMs).toBeGreaterThanOrEqual(NOON_MS + trueMs);
      }
    }),
  );
});

test.each([
  ['behind', -2 * HOUR],
  ['ahead', 7 * HOUR],
])(
  'a clock that is set %s is found at the fifth reading, and right again at the fifth that is',
  (_, aheadMs) => {
    const device = deviceWithClock();
    for (let minute = 0; minute < 10; minute++) device.say(minute * MINUTE, 200);
    device.setAhead(aheadMs);
    for (let minute = 10; minute < 15; minute++) device.say(minute * MINUTE);
    expect(stateOf(device.clock)).toBe('off');
    expect(device.correct(14 * MINUTE)).toBe(NOON_MS + 14 * MINUTE + 200);
    device.setAhead(0);
    expect(device.correct(15 * MINUTE)).toBeUndefined();
    for (let minute = 15; minute < 20; minute++) device.say(minute * MINUTE);
    expect(stateOf(device.clock)).toBe('right');
  },
);

test('a backlog of a clock that is off is dated when it was measured, and not when it came', () => {
  const device = deviceWithClock(-7 * HOUR);
  for (let minute = 0; minute < 6; minute++) device.say(minute * MINUTE, 200);
  device.say(10 * MINUTE, HOUR);
  expect(device.correct(10 * MINUTE)).toBe(NOON_MS + 10 * MINUTE + 200);
});

test('a clock that stands still is known, and its readings count from their receipt', () => {
  const clock = createDeviceClock();
  for (let minute = 0; minute < 5; minute++) observeDeviceClock(clock, NOON_MS, NOON_MS + minute * MINUTE);
  expect(stateOf(clock)).toBe('standing');
  expect(correctedTime(clock, NOON_MS, NOON_MS + 4 * MINUTE)).toBe(NOON_MS + 4 * MINUTE);
  for (let minute = 5; minute < 10; minute++) {
    observeDeviceClock(clock, NOON_MS + minute * MINUTE, NOON_MS + minute * MINUTE);
  }
  expect(stateOf(clock)).toBe('right');
});

describe('a clock that races is known at the fifth time that cannot be, and its readings count from their receipt', () => {
  test.each([
    ['milliseconds since the boot, read as seconds', (ms: number) => 1_000 * ms, 'never-set'],
    ['microseconds since the boot, read as milliseconds', (ms: number) => 1_000 * ms + 1_234, 'never-set'],
    ['a minute in five', (ms: number) => NOON_MS + 1.2 * ms + MINUTE, undefined],
    ['twice our time', (ms: number) => NOON_MS + 2 * ms + MINUTE, undefined],
  ])('%s', (_, clockAt, cause) => {
    const clock = createDeviceClock();
    for (let count = 0; count < 5; count++) {
      observeDeviceClock(clock, clockAt(count * 5 * MINUTE), NOON_MS + count * 5 * MINUTE);
    }
    expect(stateOf(clock)).toBe('drifting');
    expect(causeOfClock(clock)).toBe(cause);
    expect(correctedTime(clock, clockAt(20 * MINUTE), NOON_MS + 20 * MINUTE)).toBe(NOON_MS + 20 * MINUTE);
    for (let count = 5; count < 10; count++) {
      observeDeviceClock(clock, NOON_MS + count * 5 * MINUTE, NOON_MS + count * 5 * MINUTE);
    }
    expect(stateOf(clock)).toBe('right');
  });

  test('also after hours in which it was right', () => {
    const device = deviceWithClock();
    for (let minute = 0; minute < 120; minute++) device.say(minute * MINUTE, 200);
    for (let count = 1; count <= 5; count++) {
      observeDeviceClock(device.clock, count * 5_000 * SECOND, NOON_MS + (120 + count) * MINUTE);
    }
    expect(stateOf(device.clock)).toBe('drifting');
    expect(knownLagMs(device.clock)).toBe(NOON_MS + 125 * MINUTE - 25_000 * SECOND);
  });
});

test('one measurement in several messages is no clock that stands', () => {
  const clock = createDeviceClock();
  for (let part = 0; part < 10; part++) observeDeviceClock(clock, NOON_MS, NOON_MS + part * SECOND);
  expect(stateOf(clock)).toBe('right');
});

test('a clock that is off and loses time besides is drifting', () => {
  const clock = createDeviceClock();
  for (let minute = 0; minute < 60; minute++) {
    observeDeviceClock(clock, NOON_MS - HOUR + minute * 59 * SECOND, NOON_MS + minute * MINUTE);
  }
  expect(stateOf(clock)).toBe('drifting');
});

test.each([
  ['7 h ahead', -7 * HOUR, NOON_MS + 7 * HOUR, 'time-zone'],
  ['8 h 30 behind', 8.5 * HOUR, NOON_MS - 8.5 * HOUR, 'time-zone'],
  ['5 h 45 ahead, and 40 s', -5.75 * HOUR - 40 * SECOND, NOON_MS + 5.75 * HOUR + 40 * SECOND, 'time-zone'],
  ['7 h 7 min ahead', -7 * HOUR - 7 * MINUTE, NOON_MS + 7 * HOUR + 7 * MINUTE, undefined],
  ['three minutes behind', 3 * MINUTE, NOON_MS - 3 * MINUTE, undefined],
  ['1,024 weeks behind', 1_024 * WEEK, NOON_MS - 1_024 * WEEK, 'gps-week-rollover'],
  ['1,024 weeks ahead', -1_024 * WEEK, NOON_MS + 1_024 * WEEK, 'gps-week-rollover'],
  ['1,023 weeks behind', 1_023 * WEEK, NOON_MS - 1_023 * WEEK, 'reset'],
  ['milliseconds since its start', NOON_MS - 90_000, 90_000, 'never-set'],
  ['1970', NOON_MS - 5 * HOUR, 5 * HOUR, 'never-set'],
  ['seconds for milliseconds', NOON_MS - NOON_MS / 1_000, NOON_MS / 1_000, 'seconds-for-milliseconds'],
  ['2004', NOON_MS - Date.UTC(2004, 0, 1), Date.UTC(2004, 0, 1), 'reset'],
])('%s is named', (_, lagMs, deviceMs, cause) => {
  expect(causeOf(lagMs, deviceMs)).toBe(cause);
});

test('the bounds are those that the documents name', () => {
  expect(CLOCK_BOUNDS).toMatchObject({ behindMs: 10 * MINUTE, aheadMs: 5 * SECOND, readings: 5 });
});

describe('a clock that does not run on with ours is known, and its readings count from their receipt', () => {
  const STRIDES = [
    ['back by a second a minute', -SECOND, MINUTE],
    ['back by two minutes a minute', -2 * MINUTE, MINUTE],
    ['on by 8 s in a quarter of an hour, while the board is awake', 8 * SECOND, 15 * MINUTE],
    ['back by an hour each hour', -HOUR, HOUR],
    ['back by a millisecond in 5 s', -1, 5 * SECOND],
  ] as const;

  test.each(STRIDES)('%s', (_, strideMs, everyMs) => {
    const clock = createDeviceClock();
    for (let report = 0; report < 40; report++) {
      const deviceMs = NOON_MS + report * strideMs;
      const receivedAt = NOON_MS + report * everyMs;
      observeDeviceClock(clock, deviceMs, receivedAt);
      // Readings overtake each other by up to two minutes.
      if (report < 4 || report * (everyMs - strideMs) < 2 * MINUTE) continue;
      expect(stateOf(clock)).toBe('standing');
      expect(correctedTime(clock, deviceMs, receivedAt)).toBe(receivedAt);
    }
    const setRightMs = NOON_MS + 40 * everyMs;
    for (let report = 0; report < 5; report++) {
      observeDeviceClock(clock, setRightMs + report * everyMs, setRightMs + report * everyMs);
    }
    expect(stateOf(clock)).toBe('right');
  });

  test('one that begins at the same time with each wake, and says three readings then', () => {
    const clock = createDeviceClock();
    for (let reading = 0; reading < 30; reading++) {
      const wakeMs = Math.floor(reading / 3) * 15 * MINUTE;
      const sinceWakeMs = (reading % 3) * 5 * SECOND + ((reading * 37) % 11) * 100;
      observeDeviceClock(clock, NOON_MS - HOUR + sinceWakeMs, NOON_MS + wakeMs + sinceWakeMs);
      if (reading >= 15) expect(stateOf(clock)).toBe('standing');
    }
  });

  test.each([[2 * SECOND], [20 * SECOND]])(
    'but not a backlog of minutes that comes newest first, %i ms apart',
    (apartMs) => {
      const device = deviceWithClock();
      for (let minute = 0; minute < 60; minute++) device.say(minute * MINUTE, 200);
      for (let row = 0; row < 40; row++) {
        const trueMs = (100 - row) * MINUTE;
        device.say(trueMs, 100 * MINUTE + row * apartMs - trueMs);
        expect(device.clock.isOff).toBe(false);
      }
    },
  );
});

describe('a clock that loses time', () => {
  test.each([
    ['a twentieth', 0.05, MINUTE],
    ['a twentieth, of a gauge that reports each quarter of an hour', 0.05, 15 * MINUTE],
    ['half', 0.5, MINUTE],
  ])('%s is known after sixty reports, and dated well from then on', (_, share, everyMs) => {
    const clock = createDeviceClock();
    for (let report = 0; report < 400; report++) {
      const deviceMs = NOON_MS + Math.round(report * everyMs * (1 - share));
      const receivedAt = NOON_MS + report * everyMs;
      observeDeviceClock(clock, deviceMs, receivedAt);
      const lostMs = receivedAt - deviceMs;
      if (lostMs < 60 * everyMs * share + CLOCK_BOUNDS.behindMs) continue;
      expect(stateOf(clock)).toBe('drifting');
      const corrected = correctedTime(clock, deviceMs, receivedAt) as number;
      expect(receivedAt - corrected).toBeLessThanOrEqual(9 * everyMs * share + CLOCK_BOUNDS.steadyMs);
      expect(corrected).toBeLessThanOrEqual(receivedAt);
    }
  });

  test('has no time zone for its cause', () => {
    const clock = createDeviceClock();
    for (let report = 0; report < 61; report++) {
      observeDeviceClock(clock, NOON_MS + report * 30 * SECOND, NOON_MS + report * MINUTE);
    }
    expect(stateOf(clock)).toBe('drifting');
    expect(causeOfClock(clock)).toBeUndefined();
  });
});

test('a clock that goes back by minutes on a link that works is off at the fifth reading, and not before', () => {
  const device = deviceWithClock();
  for (let minute = 0; minute < 10; minute++) device.say(minute * MINUTE, 200);
  device.setAhead(-4 * MINUTE);
  for (let minute = 10; minute < 14; minute++) expect(device.say(minute * MINUTE)).toBe('right');
  expect(device.say(14 * MINUTE)).toBe('off');
  expect(device.correct(14 * MINUTE)).toBe(NOON_MS + 14 * MINUTE + 200);
  device.setAhead(0);
  for (let minute = 15; minute < 20; minute++) device.say(minute * MINUTE);
  expect(stateOf(device.clock)).toBe('right');
});
