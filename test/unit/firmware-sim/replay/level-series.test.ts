import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseCsv, parseLevelSeries } from '../../../../firmware-sim/replay/level-series.ts';
import { createLocalTimeParser } from '../../../../firmware-sim/replay/local-time.ts';

const DATA_DIR = process.env['SIAGA_TEST_DATA_DIR'] ?? `${import.meta.dirname}/../../../../../shared/data`;
const JAKARTA = `${DATA_DIR}/jakarta-water-level-hourly.csv`;
const request = {
  timeColumn: 'time',
  valueColumn: 'level',
  unit: 'cm',
  timeZone: 'Asia/Jakarta',
  fromMs: Number.NEGATIVE_INFINITY,
  toMs: Number.POSITIVE_INFINITY,
} as const;

describe('local times', () => {
  const at = (text: string, zone: string) => {
    const parsed = createLocalTimeParser(zone)(text);
    return parsed === undefined ? undefined : new Date(parsed).toISOString();
  };

  it('are read in the zone they were written in', () => {
    expect(at('2025-03-03 23:00:00', 'Asia/Jakarta')).toBe('2025-03-03T16:00:00.000Z');
    expect(at('2025-03-03', 'Asia/Jakarta')).toBe('2025-03-02T17:00:00.000Z');
    expect(at('26/12/2015 05:15', 'UTC')).toBe('2015-12-26T05:15:00.000Z');
  });

  it('follow summer time', () => {
    expect(at('01/07/2015 12:00', 'Europe/London')).toBe('2015-07-01T11:00:00.000Z');
    expect(at('01/01/2015 12:00', 'Europe/London')).toBe('2015-01-01T12:00:00.000Z');
  });

  it('that carry an offset keep it', () => {
    expect(at('2025-03-03T23:00:00+08:00', 'Asia/Jakarta')).toBe('2025-03-03T15:00:00.000Z');
  });

  it('that are none are undefined', () => {
    for (const text of [
      '',
      'now',
      '2025-02-30 10:00',
      '2025-13-01',
      '2025-01-01 24:30',
      '31/02/2015 00:00',
    ]) {
      expect(at(text, 'UTC'), text).toBeUndefined();
    }
  });
});

describe('level series', () => {
  it('is in metres, within the bounds, and counts what it could not read', () => {
    const csv =
      'time,level\n2025-03-01 00:00,50\n2025-03-01 01:00,n/a\nyesterday,60\n2025-03-01 02:00,70.5\n2025-03-02 00:00,90\n';
    const toMs = Date.parse('2025-03-01T12:00:00Z');
    expect(parseLevelSeries(csv, { ...request, toMs })).toEqual({
      points: [
        { measuredAt: Date.parse('2025-02-28T17:00:00Z'), levelM: 0.5 },
        { measuredAt: Date.parse('2025-02-28T19:00:00Z'), levelM: 0.705 },
      ],
      unreadable: 2,
    });
  });

  it('names the columns there are when one is asked for that is not', () => {
    expect(() => parseLevelSeries('time,depth\n', request)).toThrow(
      'no column "level"; there are: time, depth',
    );
  });

  it('reads quoted cells, doubled quotes, and either line end', () => {
    expect(parseCsv('\ufeff"a, b",c\r\n"say ""hi""",2\n\n')).toEqual([
      ['a, b', 'c'],
      ['say "hi"', '2'],
    ]);
  });

  it.skipIf(!existsSync(JAKARTA))(
    'of the Jakarta flood of March 2025 has the peaks that were reported (skipped without ../shared/data)',
    () => {
      const csv = readFileSync(JAKARTA, 'utf8');
      const peak = (gauge: string) => {
        const { points } = parseLevelSeries(csv, {
          ...request,
          timeColumn: 'Tanggal',
          valueColumn: `${gauge} (air)`,
          fromMs: Date.parse('2025-03-01T00:00:00+07:00'),
          toMs: Date.parse('2025-03-06T00:00:00+07:00'),
        });
        expect(points).toHaveLength(121);
        return Math.max(...points.map((point) => point.levelM));
      };
      expect([peak('Katulampa'), peak('Depok'), peak('Manggarai')]).toEqual([1.9, 4, 8.5]);
    },
  );
});
