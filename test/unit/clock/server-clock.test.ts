/** Whether this server's own clock is right, by the clocks of its devices: small fleets and large, ahead and behind. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDeviceClock, type DeviceClock, observeDeviceClock } from '../../../clock/device-clock.ts';
import { agreesWithDevices, doubtServerClock, isAlike } from '../../../clock/server-clock.ts';

const NOON_MS = Date.UTC(2026, 0, 15, 12);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A device that is `aheadMs` ahead of the true time, heard by a server that is `serverAheadMs` ahead of it. */
function heard(aheadMs: number, serverAheadMs = 0, readings = 3, delayMs = 200): DeviceClock {
  const clock = createDeviceClock();
  for (let index = 0; index < readings; index++) {
    const trueMs = NOON_MS + index * MINUTE;
    observeDeviceClock(clock, trueMs + aheadMs, trueMs + delayMs + serverAheadMs);
  }
  return clock;
}
const nowOf = (serverAheadMs: number) => NOON_MS + 5 * MINUTE + serverAheadMs;

describe.each([2, 3, 12, 500])('in a fleet of %i', (size) => {
  test.each([
    ['an hour ahead', HOUR],
    ['an hour behind', -HOUR],
    ['a day ahead', 24 * HOUR],
    ['20 s behind', -20 * SECOND],
    ['two minutes ahead', 2 * MINUTE],
    ['back in 1970', -NOON_MS + HOUR],
  ])('a server that is %s is doubted, and by how much is said', (_, serverAheadMs) => {
    const clocks = Array.from({ length: size }, (__, index) => heard((index % 5) * 300, serverAheadMs));
    const doubt = doubtServerClock(clocks, nowOf(serverAheadMs));
    expect(doubt).toMatchObject({ devices: size, of: size });
    expect(Math.abs((doubt?.lagMs ?? 0) - serverAheadMs)).toBeLessThan(2 * SECOND);
    expect(isAlike(clocks[0] as DeviceClock, doubt)).toBe(true);
  });

  test('a server that is right is not, whatever a minority says', () => {
    const wrong = Math.ceil(size / 2) - 1;
    const clocks = Array.from({ length: size }, (_, index) => heard(index < wrong ? 7 * HOUR : 0));
    expect(doubtServerClock(clocks, nowOf(0))).toBeUndefined();
  });

  test('a server is right where all devices are wrong, each in its own way', () => {
    const clocks = Array.from({ length: size }, (_, index) => heard((index + 1) * 7 * MINUTE));
    expect(doubtServerClock(clocks, nowOf(0))).toBeUndefined();
  });
});

test('one device alone doubts nobody, and one garbled time of each of two does not', () => {
  expect(doubtServerClock([heard(HOUR, 0, 20)], nowOf(0))).toBeUndefined();
  expect(doubtServerClock([heard(HOUR, 0, 1), heard(HOUR, 0, 1)], nowOf(0))).toBeUndefined();
});

test('what comes late alike after an outage is no doubt: a burst is one witness', () => {
  const clocks = Array.from({ length: 10 }, () => {
    const clock = createDeviceClock();
    for (let minute = 0; minute < 20; minute++) {
      observeDeviceClock(clock, NOON_MS + minute * MINUTE, NOON_MS + HOUR + minute);
    }
    return clock;
  });
  expect(doubtServerClock(clocks, NOON_MS + HOUR + MINUTE)).toBeUndefined();
});

test('clocks that were never set, and those that stand, have no say', () => {
  const unset = Array.from({ length: 10 }, () => {
    const clock = createDeviceClock();
    for (let minute = 0; minute < 5; minute++)
      observeDeviceClock(clock, minute * MINUTE, NOON_MS + minute * MINUTE);
    return clock;
  });
  const standing = Array.from({ length: 10 }, () => {
    const clock = createDeviceClock();
    for (let minute = 0; minute < 5; minute++)
      observeDeviceClock(clock, NOON_MS - HOUR, NOON_MS + minute * MINUTE);
    return clock;
  });
  expect(doubtServerClock([...unset, ...standing], nowOf(0))).toBeUndefined();
});

test('who was not heard for more than an hour has no say', () => {
  expect(doubtServerClock([heard(HOUR), heard(HOUR)], NOON_MS + 2 * HOUR)).toBeUndefined();
});

test('a fleet of honest clocks never doubts a right server, however slow its links are', () => {
  const delays = fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 2, maxLength: 50 });
  fc.assert(
    fc.property(delays, (all) => {
      expect(
        doubtServerClock(
          all.map((delayMs) => heard(0, 0, 5, delayMs)),
          nowOf(0),
        ),
      ).toBeUndefined();
    }),
  );
});

test('a new time is agreed with by devices that were heard since', () => {
  const [right, wrong] = [heard(0), heard(HOUR)];
  expect(agreesWithDevices([right], NOON_MS)).toBe(true);
  expect(agreesWithDevices([right, wrong], NOON_MS)).toBe(false);
  expect(agreesWithDevices([right], NOON_MS + HOUR)).toBe(false);
  expect(agreesWithDevices([], NOON_MS)).toBe(false);
});
