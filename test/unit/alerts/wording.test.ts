/** Clock times of the texts at the ends of days, months and years, and where clocks are set back. */
import { expect, test } from 'vitest';
import { createClock } from '../../../alerts/wording.ts';

const MINUTE = 60_000;
const clocks = (timeZone: string, iso: string, minutesLater: number) => {
  const atMs = Date.parse(iso);
  return createClock(timeZone)(atMs, atMs + minutesLater * MINUTE);
};

test.each([
  ['the same day', 'Asia/Jakarta', '2026-12-31T16:50:00Z', 5, '23:50', 'pukul 23.50'],
  [
    'the end of a year',
    'Asia/Jakarta',
    '2026-12-31T16:50:00Z',
    20,
    '23:50 on 31 December',
    'pukul 23.50 tanggal 31 Desember',
  ],
  [
    'a leap day',
    'Asia/Jakarta',
    '2028-02-29T16:50:00Z',
    20,
    '23:50 on 29 February',
    'pukul 23.50 tanggal 29 Februari',
  ],
  [
    'the same day a year ago',
    'Asia/Jakarta',
    '2026-01-15T02:30:00Z',
    365 * 24 * 60,
    '09:30 on 15 January 2026',
    'pukul 09.30 tanggal 15 Januari 2026',
  ],
  [
    'the first of two hours alike',
    'Europe/London',
    '2026-10-25T00:20:00Z',
    60,
    '01:20 (+01:00)',
    'pukul 01.20 (+01:00)',
  ],
  [
    'the second of them',
    'Europe/London',
    '2026-10-25T01:20:00Z',
    -30,
    '01:20 (+00:00)',
    'pukul 01.20 (+00:00)',
  ],
  ['the hour after them', 'Europe/London', '2026-10-25T02:00:00Z', 0, '02:00', 'pukul 02.00'],
  ['the hour that is left out', 'Europe/London', '2026-03-29T01:00:00Z', 0, '02:00', 'pukul 02.00'],
  [
    'the second of them, west of Greenwich',
    'America/New_York',
    '2026-11-01T06:10:00Z',
    0,
    '01:10 (-05:00)',
    'pukul 01.10 (-05:00)',
  ],
])('%s', (_, timeZone, iso, minutesLater, en, id) => {
  expect(clocks(timeZone, iso, minutesLater)).toEqual({ en, id });
});
