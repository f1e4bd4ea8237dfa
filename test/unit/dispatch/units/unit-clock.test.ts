/** When a word was said, by a clock that is right, ahead, behind, set anew, or not there. */
import { describe, expect, test } from 'vitest';
import { createDeviceClock, observeDeviceClock } from '../../../../clock/device-clock.ts';
import { ownTimeOf, QualityFlag } from '../../../../devices/reading.ts';
import { compareToInstant, timeWord } from '../../../../dispatch/units/unit-clock.ts';
import { createQuality } from '../../../../ingest/quality.ts';
import { readingOf } from '../../../support/alert-house.ts';
import { openDispatchHouse, SCENE } from '../../../support/dispatch-house.ts';

const NOON_MS = Date.UTC(2026, 0, 15, 12);
const HOUR_MS = 3_600_000;

/** A unit whose clock is ahead of ours, or behind; it says something at a true time that arrives later. */
function unitWithClock(initialAheadMs: number) {
  const clock = createDeviceClock();
  let aheadMs = initialAheadMs;
  return {
    setClock(nextAheadMs: number) {
      aheadMs = nextAheadMs;
    },
    say(trueS: number, delayS = 0, quality = 0) {
      const measuredAt = NOON_MS + trueS * 1_000 + aheadMs;
      const receivedAt = NOON_MS + (trueS + delayS) * 1_000;
      const word = { measuredAt, receivedAt, quality, values: {} };
      const ownMs = ownTimeOf(word);
      if (ownMs !== undefined) observeDeviceClock(clock, ownMs, receivedAt);
      const saidAt = timeWord(clock, word);
      return (orderS: number) => compareToInstant(saidAt, NOON_MS + orderS * 1_000);
    },
  };
}

test('a clock that agrees with ours is taken at its word, to the millisecond', () => {
  const unit = unitWithClock(0);
  const isAfter = unit.say(10, 0.1);
  expect([isAfter(9), isAfter(10), isAfter(11)]).toEqual(['after', 'after', 'before']);
});

test('what a stalled link holds back was said when it was measured, whatever the receipt says', () => {
  const unit = unitWithClock(0);
  for (const second of [0.001, 5, 10]) unit.say(second, 0.1);
  const held = [12, 17, 22].map((second) => unit.say(second, 24 - second));
  expect(held.map((each) => each(23))).toEqual(['before', 'before', 'before']);
  expect(held.map((each) => each(14.5))).toEqual(['before', 'after', 'after']);
});

test.each([
  ['second', 1],
  ['minute', 60],
])(
  'a clock that is cut to the %s never makes a word of after the order one of before it',
  (_name, grainS) => {
    const unit = unitWithClock(0);
    const cut = (trueS: number) => {
      const saidS = Math.floor(trueS / grainS) * grainS;
      return unit.say(saidS, trueS + 0.1 - saidS);
    };
    for (let second = 0; second <= 600; second += 60) cut(second + 0.2);
    // Ordered at the beginning of the second or minute, said at its end.
    const isAfter = cut(660 + 0.9 * grainS);
    expect(isAfter(660 + 0.5 * grainS)).toBe('unsure');
    expect(isAfter(660 + 2 * grainS)).toBe('before');
  },
);

describe.each([
  ['7 h behind', -7 * HOUR_MS],
  ['7 h ahead', 7 * HOUR_MS],
  ['20 s behind', -20_000],
  ['20 s ahead', 20_000],
  ['half a second ahead', 500],
])('a clock that is %s', (_name, aheadMs) => {
  test('is not believed at its first word, and is at the third that agrees', () => {
    const unit = unitWithClock(aheadMs);
    expect(unit.say(0, 0.1)(-1)).toBe('unsure');
    unit.say(5, 0.1);
    const third = unit.say(10, 0.1);
    expect([third(5), third(12)]).toEqual(['after', 'before']);
  });

  test('never makes a word of before an order one of after it', () => {
    const unit = unitWithClock(aheadMs);
    for (const second of [0, 5, 10, 15]) unit.say(second, 0.3);
    for (const second of [16, 18, 20, 22]) expect(unit.say(second, 24 - second)(23)).not.toBe('after');
  });
});

test('a word without a time of its own is never sure, unless it came before the order', () => {
  const unit = unitWithClock(0);
  for (const second of [0, 5, 10]) unit.say(second);
  const timeless = unit.say(20, 0, QualityFlag.serverTime);
  expect([timeless(5), timeless(21)]).toEqual(['unsure', 'before']);
});

test('a clock that is set forward is not believed until it has been seen again', () => {
  const unit = unitWithClock(0);
  for (const second of [0, 5, 10]) unit.say(second);
  unit.setClock(30_000);
  expect(unit.say(12, 8)(19)).toBe('unsure');
  for (const second of [25, 30, 35]) unit.say(second);
  expect(unit.say(40)(36)).toBe('after');
});

test('a clock that is set back is in doubt from the second word on, and known at the fifth', () => {
  const unit = unitWithClock(0);
  for (const second of [0, 5, 10]) unit.say(second);
  unit.setClock(-60_000);
  unit.say(100);
  expect(unit.say(105)(99)).toBe('unsure');
  for (const second of [110, 115, 120]) unit.say(second);
  expect(unit.say(125)(120)).toBe('after');
});

test('a device that delivers its backlog first is known by the words after it', () => {
  const unit = unitWithClock(0);
  for (const second of [0, 60, 120]) unit.say(second, 300 - second);
  expect(unit.say(310, 0.2)(305)).toBe('after');
});

test.each([
  ['7 h behind', -7 * HOUR_MS],
  ['7 h ahead', 7 * HOUR_MS],
  ['1,024 weeks behind', -1_024 * 168 * HOUR_MS],
])(
  'a tracker that is %s is offered with the age of its fix by our clock, once its clock is known',
  async (_, aheadMs) => {
    await using house = await openDispatchHouse();
    const quality = createQuality();
    for (let count = 0; count < 6; count++) {
      await house.pass(5);
      const receivedAt = house.clock.ms;
      const ownMs = receivedAt - 200 + aheadMs;
      const isRefused = aheadMs > 0 || aheadMs < -8_760 * HOUR_MS;
      const values = {
        ...SCENE,
        speedMps: 0,
        status: 'available',
        ...(isRefused ? { deviceClockMs: ownMs } : {}),
      };
      const said = readingOf('u1', isRefused ? receivedAt : ownMs, values, {
        receivedAt,
        quality: isRefused ? QualityFlag.serverTime | QualityFlag.clockRefused : 0,
      });
      const reading = quality.assess({ ...said, kind: 'ambulance' });
      await house.say('u1', reading.values, reading.measuredAt, reading.quality);
    }
    expect(house.dispatch.board.now('u1', house.clock.ms)?.fixAgeMs).toBeLessThan(1_000);
    const { candidates } = await house.dispatch.recommend({ at: SCENE, limit: 10 });
    expect(candidates.map(({ unit }) => unit)).toContain('u1');
  },
);
