import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTime, parseDuration, parseTime } from '../../../../api/border/time.ts';

describe('a time', () => {
  test('that was formatted is parsed back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
        expect(parseTime(formatTime(ms))).toBe(ms);
      }),
    );
  });

  test.each([
    ['2026-01-15T09:30:00+07:00', Date.UTC(2026, 0, 15, 2, 30)],
    ['2026-01-15T09:30:00 07:00', Date.UTC(2026, 0, 15, 2, 30)],
    ['2026-01-14T16:30:00-10:00', Date.UTC(2026, 0, 15, 2, 30)],
    ['2026-01-15 02:30:00z', Date.UTC(2026, 0, 15, 2, 30)],
    ['2026-01-15T02:30:00.123456789Z', Date.UTC(2026, 0, 15, 2, 30, 0, 123)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
    ['1768444200000', Date.UTC(2026, 0, 15, 2, 30)],
    ['1768444200', Date.UTC(2026, 0, 15, 2, 30)],
    ['2026-01-15T09:30:00 0700', Date.UTC(2026, 0, 15, 2, 30)],
    ['2026-01-15T09:30:00+07', Date.UTC(2026, 0, 15, 2, 30)],
  ])('%s is understood', (text, ms) => {
    expect(parseTime(text)).toBe(ms);
  });

  test.each([
    '',
    'now',
    '2026-01-15',
    '2026-01-15T02:30:00',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-15T24:30:00Z',
    '2026-01-15T02:60:00Z',
    '2026-01-15T02:30:00+25:00',
    '17684442',
    '2026-02-30T00:00:00 07:00',
    '-1768444200000',
  ])('%s is refused', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});

describe('a duration', () => {
  test.each([
    ['1s', 1_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
  ])('%s is understood', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '5', 'm', '0m', '05m', '1.5h', '-5m', '5 m', '5M', '1w', '1234567s'])(
    '%s is refused',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );
});
