import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseTime } from '../../../devices/parse-time.ts';

const MOMENT = Date.UTC(2026, 0, 15, 2, 30);

describe('a moment', () => {
  test('that was written as ISO 8601 is read back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (ms) => {
        expect(parseTime(new Date(ms).toISOString())).toBe(ms);
      }),
    );
  });

  test.each<[string | number, string]>([
    ['2026-01-15T09:30:00+07:00', 'RFC 3339'],
    ['2026-01-15T09:30:00+0700', 'strftime %z'],
    ['2026-01-15T09:30:00+07', 'an offset in hours'],
    ['2026-01-15 09:30:00 +0700', 'a blank before the offset, as Ruby and `%F %T %z` write it'],
    ['2026-01-15 02:30:00 UTC', 'UTC in letters'],
    ['2026-01-15T02:30:00GMT', 'GMT in letters'],
    ['2026-01-14T23:00:00-0330', 'west of Greenwich, half an hour'],
    ['2026-01-15 02:30:00z', 'a space and a small z'],
    ['2026-01-15T02:30Z', 'no seconds'],
    ['2026-01-15T02:29:60Z', 'a leap second'],
    [1_768_444_200, 'epoch seconds'],
    ['1768444200', 'epoch seconds as text'],
    ['1768444200.000', 'epoch seconds as text with a fraction'],
    [1_768_444_200_000, 'epoch milliseconds'],
    ['1768444200000', 'epoch milliseconds as text'],
    [1_768_444_200_000_000, 'epoch microseconds'],
    ['1768444200000000000', 'epoch nanoseconds as text'],
  ])('%s is understood: %s', (value, _what) => {
    expect(parseTime(value)).toBe(MOMENT);
  });

  test.each<[string | number, number]>([
    ['2026-01-15T02:30:00.123456789Z', MOMENT + 123],
    ['2026-01-15T02:30:00,5Z', MOMENT + 500],
    [1_768_444_200.25, MOMENT + 250],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    [0, 0],
    [34_567, 34_567_000],
    ['0001-01-01T00:00:00Z', -62_135_596_800_000],
  ])('%s is %i ms', (value, ms) => {
    expect(parseTime(value)).toBe(ms);
  });

  test.each([
    '2026-02-30T00:00:00Z',
    '2026-06-31T00:00:00+07:00',
    '2026-02-29T00:00:00Z',
    '2026-04-31T12:00:00+0700',
    '2026-00-10T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-15T24:30:00Z',
    '2026-01-15T02:60:00Z',
    '2026-01-15T02:30:61Z',
    '2026-01-15T02:30:00+25:00',
    '2026-01-15T02:30:00',
    '2026-01-15',
    'yesterday',
    '',
    ' ',
    '-1768444200000',
    '0x6968',
    '1e12',
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    1e300,
    null,
    true,
    {},
    [1_768_444_200],
  ])('%j is no moment', (value) => {
    expect(parseTime(value)).toBeUndefined();
  });
});
