/** Times without an offset: read on the clock of the city, or refused with the reason, never guessed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LocalTimeFault, parseLocalTime } from '../../../devices/local-time.ts';
import { parseTime } from '../../../devices/parse-time.ts';

const ZONE = 'Asia/Jakarta';
/** 13:00 in Semarang. */
const MOMENT = Date.UTC(2026, 10, 28, 6);
const read = (value: unknown, zone = ZONE) => parseTime(value) ?? parseLocalTime(value, zone);

describe('on the clock of the city', () => {
  test.each<[string | number, string]>([
    ['20261128130000', 'digits, as a logger writes them'],
    [20_261_128_130_000, 'the same as a number'],
    ['202611281300', 'without seconds'],
    [202_611_281_300, 'the same as a number'],
    ['20261128130000000', 'with milliseconds'],
    ['20261128130000.000', 'with a fraction'],
    ['20261128T130000', 'ISO 8601, basic'],
    ['20261128T1300', 'basic, without seconds'],
    ['20261128 130000', 'a blank between'],
    ['2026-11-28 13:00:00', 'as SQL writes it'],
    ['2026-11-28T13:00:00', 'ISO 8601 without an offset, as Tasmota and Python write it'],
    ['2026-11-28T13:00:00.000', 'with milliseconds'],
    ['2026-11-28 13:00', 'without seconds'],
    ['2026/11/28 13:00:00', 'slashes'],
    ['2026-11-28,13:00:00', 'a comma between'],
    ['28/11/2026 13:00', 'the day first: there is no 28th month'],
    ['28-11-2026 13:00:00', 'the same with hyphens'],
    ['28.11.2026 13.00', 'with dots, as Indonesians write it'],
    ['11/28/2026 1:00 PM', 'the month first: there is no 28th month'],
    ['28 Nov 2026 13:00:00', 'a month in English'],
    ['28-Nov-2026 13:00', 'the same with hyphens'],
    ['Nov 28, 2026 1:00:00 pm', 'the month first, in words'],
    ['Sabtu, 28 Nopember 2026 13.00', 'Indonesian'],
    ['Sat Nov 28 13:00:00 2026', 'asctime of C'],
  ])('%s is the moment: %s', (value) => {
    expect(read(value)).toBe(MOMENT);
  });

  test.each<[string, string]>([
    ['20261128060000Z', 'UTC'],
    ['20261128T060000Z', 'UTC, basic'],
    ['20261128130000+0700', 'an offset'],
    ['2026-11-28 13:00:00 WIB', 'the zone of Java, as people there write it'],
    ['2026-11-28 14:00:00 WITA', 'that of Bali'],
    ['Sat, 28 Nov 2026 06:00:00 GMT', 'as HTTP writes it'],
    ['26/11/28,13:00:00+28', 'what a modem answers to AT+CCLK: quarters of an hour'],
    ['26/11/28,02:30:00-14', 'the same west of Greenwich'],
  ])('%s says its own zone: %s', (value) => {
    expect(read(value, 'America/New_York')).toBe(MOMENT);
  });

  test('whatever the zone, what it wrote is read back', () => {
    const zones = fc.constantFrom(
      'Asia/Jakarta',
      'Asia/Jayapura',
      'America/New_York',
      'Europe/Berlin',
      'UTC',
    );
    fc.assert(
      fc.property(zones, fc.integer({ min: 1_600_000_000, max: 2_000_000_000 }), (zone, second) => {
        const local = Temporal.Instant.fromEpochMilliseconds(second * 1000).toZonedDateTimeISO(zone);
        const plain = local.toPlainDateTime().toString({ smallestUnit: 'second' });
        const ways = [
          plain,
          plain.replace('T', ' '),
          plain.replace(/\D/g, ''),
          Number(plain.replace(/\D/g, '')),
        ];
        const said = ways.map((way) => read(way, zone));
        // One hour a year is there twice.
        expect(said).toEqual(said.map((each) => (each instanceof LocalTimeFault ? said[0] : second * 1000)));
      }),
    );
  });
});

describe('what could be two moments, or is none, is refused with the reason', () => {
  test.each<[string | number, string]>([
    ['05/11/2026 13:00', 'is 5 the day or the month'],
    ['5-6-2026 13:00:00', 'is 5 the day or the month'],
    ['28/11/26 13:00', 'which of the numbers is the year'],
    ['26-11-28 13:00:00', 'which of the numbers is the year'],
    ['261128130000', 'which of the numbers is the year'],
    ['2026-11-28', 'a date without a time of day'],
    ['13:00:00', 'a time of day without a date'],
    ['2026-11-28 13:00:00 CST', 'no zone "CST"'],
    ['2026-02-30 13:00:00', 'no such moment'],
    ['2026-11-28 25:00:00', 'no such moment'],
    ['20260230130000', 'no such moment'],
    ['30/02/2026 13:00', 'no such moment'],
  ])('%s: %s', (value, why) => {
    expect(parseLocalTime(value, ZONE)).toMatchObject({ why: expect.stringContaining(why) });
  });

  test('an hour that a change of the clocks repeats, or leaves out', () => {
    expect(read('2026-10-25 02:30:00', 'Europe/Berlin')).toBeInstanceOf(LocalTimeFault);
    expect(read('20260329023000', 'Europe/Berlin')).toBeInstanceOf(LocalTimeFault);
    expect(read('2026-10-25T02:30:00+01:00', 'Europe/Berlin')).toBe(Date.UTC(2026, 9, 25, 1, 30));
  });

  test.each(['yesterday', '', 'Online', '{}', '1e12', null, true, {}, 'x'.repeat(10_000)])(
    '%j is no time',
    (value) => {
      expect(read(value)).toBeUndefined();
    },
  );
});

test('an epoch stays an epoch, whatever digits it has', () => {
  expect(read(1_795_845_600_000)).toBe(MOMENT);
  expect(read('1795845600')).toBe(MOMENT);
  expect(read(1_795_845_600_000_000)).toBe(MOMENT);
  fc.assert(
    fc.property(fc.integer({ min: 1_262_304_000_000, max: 4_102_444_800_000 }), (ms) => {
      expect([read(ms), read(String(ms)), read(Math.floor(ms / 1000))]).toEqual([
        ms,
        ms,
        Math.floor(ms / 1000) * 1000,
      ]);
    }),
  );
});
