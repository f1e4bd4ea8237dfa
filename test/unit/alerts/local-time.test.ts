import { expect, test } from 'vitest';
import { formatLocalTime } from '../../../alerts/notices/local-time.ts';

test.each([
  ['Asia/Jakarta', Date.UTC(2026, 0, 15, 2, 30, 0, 999), '2026-01-15T09:30:00+07:00'],
  ['UTC', Date.UTC(2026, 0, 15, 2, 30), '2026-01-15T02:30:00-00:00'],
  // Offset nothing in winter, an hour in summer; the schema wants -00:00 for the first.
  ['Europe/London', Date.UTC(2026, 0, 15, 2, 30), '2026-01-15T02:30:00-00:00'],
  ['Europe/London', Date.UTC(2026, 6, 15, 2, 30), '2026-07-15T03:30:00+01:00'],
  ['America/St_Johns', Date.UTC(2026, 0, 15, 2, 30), '2026-01-14T23:00:00-03:30'],
  ['Asia/Kathmandu', Date.UTC(2026, 0, 15, 2, 30), '2026-01-15T08:15:00+05:45'],
])('in %s an instant has its local time and offset', (timeZone, atMs, expected) => {
  expect(formatLocalTime(atMs, timeZone)).toBe(expected);
});
