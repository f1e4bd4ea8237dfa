/** What the API says of a device's clock. */
import { expect, test } from 'vitest';
import { formatDataHealth } from '../../../../api/devices/device-json.ts';
import { observeDeviceClock } from '../../../../clock/device-clock.ts';
import { createDataHealth } from '../../../../fleet/data-health.ts';

const NOON_MS = Date.UTC(2026, 0, 15, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function clockOf(aheadMs: number, readings: number) {
  const health = createDataHealth();
  for (let minute = 0; minute < readings; minute++) {
    const receivedAt = NOON_MS + minute * MINUTE;
    observeDeviceClock(health.clock, receivedAt - 200 - minute + aheadMs, receivedAt);
  }
  const device = { health } as Parameters<typeof formatDataHealth>[0];
  return formatDataHealth(device).clock;
}

test.each([
  [7 * HOUR, 'is 7 h ahead: local time sent as UTC?', 'time-zone'],
  [-8 * HOUR, 'is 8 h behind: local time sent as UTC?', 'time-zone'],
  [
    -1_024 * 168 * HOUR,
    'is 7168 days behind: its GPS counts weeks from a wrong start (1,024 weeks)?',
    'gps-week-rollover',
  ],
])('a clock that is off by %i ms is said in words, with what makes it so', (aheadMs, says, cause) => {
  expect(clockOf(aheadMs, 5)).toEqual({ state: 'off', offsetMs: aheadMs - 200, spreadMs: 4, cause, says });
});

test('of one that is right, offset and spread are told; of one that is not known, nothing', () => {
  expect(clockOf(0, 5)).toEqual({ state: 'right', offsetMs: -200, spreadMs: 4 });
  expect(clockOf(0, 0)).toEqual({ state: 'unknown' });
});
