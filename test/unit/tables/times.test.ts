import { describe, expect, test } from 'vitest';
import { createTimeReader, type DateOrder, parseTime } from '../../../tables/times.ts';

function readAll(texts: readonly string[], timeZone = 'UTC', dates?: DateOrder) {
  const cells = texts.map((text, index) => ({ line: index + 2, text }));
  const { parse, notes } = createTimeReader(cells, 'time', { timeZone, dates });
  const instants = texts.map((text) => {
    const atMs = parse(text);
    return atMs === undefined ? undefined : new Date(atMs).toISOString().replace(':00.000Z', 'Z');
  });
  return { instants, notes };
}

const at = (text: string, timeZone?: string) => readAll([text], timeZone).instants[0];

describe('a time that can be read in one way only', () => {
  test.each([
    ['2015-12-25 08:30', '2015-12-25T08:30Z'],
    ['2015-12-25T08:30:15', '2015-12-25T08:30:15.000Z'],
    ['2015-12-25 08:30:15.250', '2015-12-25T08:30:15.250Z'],
    ['2015-12-25', '2015-12-25T00:00Z'],
    ['2015/12/25 8:30', '2015-12-25T08:30Z'],
    ['2015.12.25 08.30', '2015-12-25T08:30Z'],
    ['25-12-2015 08:30', '2015-12-25T08:30Z'],
    ['25.12.2015 08.30', '2015-12-25T08:30Z'],
    ['25.12.2015 08.30.15', '2015-12-25T08:30:15.000Z'],
    ['25/12/2015, 08:30', '2015-12-25T08:30Z'],
    ['12/25/2015 8:30 AM', '2015-12-25T08:30Z'],
    ['12/25/2015 8:30:00 PM', '2015-12-25T20:30Z'],
    ['12/25/2015 12:05 am', '2015-12-25T00:05Z'],
    ['12/25/2015 12:05 p.m.', '2015-12-25T12:05Z'],
    ['12/25/2015 8 pm', '2015-12-25T20:00Z'],
    ['25 Dec 2015 08:30', '2015-12-25T08:30Z'],
    ['25-Des-2015 08:30', '2015-12-25T08:30Z'],
    ['December 25, 2015 8:30 AM', '2015-12-25T08:30Z'],
    ['20151225', '2015-12-25T00:00Z'],
    ['201512250830', '2015-12-25T08:30Z'],
    ['20151225T083000', '2015-12-25T08:30Z'],
    ['2015-12-25 24:00', '2015-12-26T00:00Z'],
    ['1451032200', '2015-12-25T08:30Z'],
    ['1451032200.5', '2015-12-25T08:30:00.500Z'],
    ['1451032200000', '2015-12-25T08:30Z'],
    ['2015-12-25T08:30:00Z', '2015-12-25T08:30Z'],
    ['2015-12-25 08:30 UTC', '2015-12-25T08:30Z'],
    ['2015-12-25T08:30:00+07:00', '2015-12-25T01:30Z'],
    ['2015-12-25 08:30 +07', '2015-12-25T01:30Z'],
    ['25/12/2015 08:30 -0330', '2015-12-25T12:00Z'],
  ])('%s', (text, expected) => {
    expect(at(text)).toBe(expected);
  });

  test.each([
    'now',
    '',
    '2025-02-30 10:00',
    '2025-13-01',
    '2025-01-01 24:30',
    '2025-01-01 10:60',
    '31/02/2015 00:00',
    '12/25/2015 13:30 PM',
    '2025-01-01 10',
    '25 Foo 2015',
    '42363.354',
    '2015-12-25 08:30 +99:00',
    '25/12/2015 08:30 or so',
    '025/12/2015',
  ])('%j is none', (text) => {
    expect(at(text)).toBeUndefined();
  });
});

describe('a zone', () => {
  test('gives local times their instant, in summer and in winter', () => {
    expect(at('2025-03-03 23:00:00', 'Asia/Jakarta')).toBe('2025-03-03T16:00Z');
    expect(at('2015-07-01 12:00', 'Europe/London')).toBe('2015-07-01T11:00Z');
    expect(at('2015-01-01 12:00', 'Europe/London')).toBe('2015-01-01T12:00Z');
    expect(at('2015-01-01 12:00', 'Asia/Kathmandu')).toBe('2015-01-01T06:15Z');
  });

  test('whose clocks change: the hour that comes twice is the first, the one that is skipped goes on from before', () => {
    expect(at('2015-10-25 01:30', 'Europe/London')).toBe('2015-10-25T00:30Z');
    expect(at('2015-03-29 01:30', 'Europe/London')).toBe('2015-03-29T01:30Z');
    expect(at('2015-04-05 02:30', 'Australia/Sydney')).toBe('2015-04-04T15:30Z');
  });

  test('that does not exist is refused', () => {
    expect(() => at('2015-01-01', 'Asia/Jakata')).toThrow('Asia/Jakata is no time zone');
  });
});

describe('the order of day and month', () => {
  test('is found by the first date that says it, and that row is named', () => {
    const texts = ['03/04/2015 08:00', '12/04/2015 08:00', '13/04/2015 08:00', '01/05/2015 08:00'];
    expect(readAll(texts)).toEqual({
      instants: ['2015-04-03T08:00Z', '2015-04-12T08:00Z', '2015-04-13T08:00Z', '2015-05-01T08:00Z'],
      notes: ['"time" is read as day-first, from row 4, "13/04/2015 08:00"'],
    });
    expect(readAll(['03/04/2015', '03/13/2015'])).toEqual({
      instants: ['2015-03-04T00:00Z', '2015-03-13T00:00Z'],
      notes: ['"time" is read as month-first, from row 3, "03/13/2015"'],
    });
  });

  test('that no date says is asked for, with the cell and what to pass', () => {
    expect(() => readAll(['04/04/2015', '03/04/2015 08:00'])).toThrow(
      'column "time", row 3, "03/04/2015 08:00": which number is the day? No date of the file says it; pass --dates day-first or --dates month-first',
    );
    expect(readAll(['03/04/2015'], 'UTC', 'month-first').instants).toEqual(['2015-03-04T00:00Z']);
    expect(readAll(['03-04-2015'], 'UTC', 'day-first').instants).toEqual(['2015-04-03T00:00Z']);
  });

  test('does not matter where day and month are one number', () => {
    expect(readAll(['04/04/2015', '05/05/2015']).instants).toEqual([
      '2015-04-04T00:00Z',
      '2015-05-05T00:00Z',
    ]);
  });

  test('of dates with dots is day-first, and said', () => {
    expect(readAll(['03.04.2015'])).toEqual({
      instants: ['2015-04-03T00:00Z'],
      notes: ['"time" is read as day-first, as dates with dots are'],
    });
  });

  test('that changes within the file is refused with both rows', () => {
    expect(() => readAll(['25/12/2015', '03/01/2016', '12/26/2015'])).toThrow(
      'column "time" is day-first in row 2, "25/12/2015" and month-first in row 4, "12/26/2015"; pass --dates day-first or --dates month-first',
    );
    expect(readAll(['25/12/2015', '12/26/2015'], 'UTC', 'day-first').instants).toEqual([
      '2015-12-25T00:00Z',
      undefined,
    ]);
  });

  test('of years with two digits is found the same way', () => {
    expect(readAll(['12/25/15 08:30']).instants).toEqual(['2015-12-25T08:30Z']);
    expect(readAll(['25.12.15 08:30']).instants).toEqual(['2015-12-25T08:30Z']);
    expect(readAll(['25.12.98']).instants).toEqual(['1998-12-25T00:00Z']);
    expect(() => readAll(['25/12/15'])).toThrow('pass --dates day-first or --dates year-first');
    expect(readAll(['15-12-25'], 'UTC', 'year-first').instants).toEqual(['2015-12-25T00:00Z']);
  });

  test('is not told by a date that is none in either order', () => {
    expect(readAll(['31/31/2015', '13/04/2015']).instants).toEqual([undefined, '2015-04-13T00:00Z']);
  });
});

test('ten digits that are an hour of a day or a second are asked about', () => {
  expect(() => at('2015122608')).toThrow('"2015122608": an hour of a day or seconds since 1970?');
});

test('one time alone is read like a column of one', () => {
  expect(parseTime(' 2025-03-01 ', { timeZone: 'Asia/Jakarta' })).toBe(Date.UTC(2025, 1, 28, 17));
  expect(() => parseTime('03/04/2025', { timeZone: 'UTC' })).toThrow('--dates');
  expect(() => parseTime('soon', { timeZone: 'UTC' })).toThrow('soon is no time; write 2015-12-26 08:00');
});
