import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type LevelRequest, readLevelSeries } from '../../../tables/level-series.ts';
import { readTable } from '../../../tables/table.ts';

const DATA_DIR = process.env['SIAGA_TEST_DATA_DIR'] ?? `${import.meta.dirname}/../../../../shared/data`;
const JAKARTA = `${DATA_DIR}/jakarta-water-level-hourly.csv`;

const request: LevelRequest = {
  timeColumn: 'time',
  valueColumn: 'level',
  unit: 'm',
  timeZone: 'UTC',
};

function read(csv: string, more: Partial<LevelRequest> = {}) {
  const asked = { ...request, ...more };
  const quality = asked.qualityColumn === undefined ? [] : [asked.qualityColumn];
  const table = readTable(csv, [asked.timeColumn, asked.valueColumn, ...quality]);
  return readLevelSeries(table, asked);
}

const shown = (csv: string, more: Partial<LevelRequest> = {}) =>
  read(csv, more).points.map(({ atMs, levelM }) => `${new Date(atMs).toISOString().slice(0, 16)} ${levelM}`);

describe('what a person’s file may look like', () => {
  test('lines of metadata above, semicolons, decimal commas, dotted dates and times', () => {
    const csv = [
      'Pegelonline;Export',
      'Station;Köln, linkes Ufer',
      'Einheit;cm',
      '',
      'Datum;time;level;Bemerkung',
      ';25.12.2015 08.30;1.234,5;"ein Wort; zwei"',
      ';25.12.2015 08.45;985,0;',
    ].join('\r\n');
    expect(read(csv, { unit: 'cm' })).toMatchObject({
      points: [
        { atMs: Date.UTC(2015, 11, 25, 8, 30), levelM: 12.345 },
        { atMs: Date.UTC(2015, 11, 25, 8, 45), levelM: 9.85 },
      ],
      rows: 2,
      unreadable: 0,
      notes: [
        'columns are separated by ;',
        'the header is row 5',
        '"time" is read as day-first, from row 6, "25.12.2015 08.30"',
        '"level" is read with decimal commas, from row 6, "1.234,5"',
      ],
    });
  });

  test('tabs, a byte-order mark, quotes in quotes, empty lines and a line end of either kind', () => {
    const csv =
      '\uFEFFtime\tlevel\t"a ""word"""\r\n2015-12-26 05:15\t1.5\t"x"\n\n\t\t\n2015-12-26 05:30\t1.6\ty\n';
    expect(shown(csv)).toEqual(['2015-12-26T05:15 1.5', '2015-12-26T05:30 1.6']);
  });

  test('decimal commas between commas are refused with the row, and are read in quotes', () => {
    expect(() => read('time,level\n2015-12-26 05:15,1,25\n2015-12-26 05:30,1,5\n')).toThrow(
      'row 2 has 3 cells below 2 names: decimal commas between commas? Save it with semicolons',
    );
    expect(shown('time,level\n2015-12-26 05:15,"1,25"\n')).toEqual(['2015-12-26T05:15 1.25']);
  });

  test('a remark with a comma in one row spoils that row and says so', () => {
    const csv =
      'time,level,remark\n2015-12-26 05:15,1,ok\n2015-12-26 05:30,2,cold, wet\n2015-12-26 05:45,3,\n';
    const { points, unreadable, notes } = read(csv);
    expect(points.map(({ levelM }) => levelM)).toEqual([1, 3]);
    expect(unreadable).toBe(1);
    expect(notes).toEqual(['1 rows could not be read: row 3 with 4 cells below 3 names']);
  });

  test('rows that cannot be read are counted and named, by row and cell', () => {
    const csv =
      'time,level\n2025-03-01 00:00,0.5\n2025-03-01 01:00,n/a\nyesterday,0.6\n2025-03-01 02:00,0.705\n';
    const { points, unreadable, notes } = read(csv, { timeZone: 'Asia/Jakarta' });
    expect(points).toEqual([
      { atMs: Date.parse('2025-02-28T17:00:00Z'), levelM: 0.5 },
      { atMs: Date.parse('2025-02-28T19:00:00Z'), levelM: 0.705 },
    ]);
    expect(unreadable).toBe(2);
    expect(notes).toEqual(['2 rows could not be read: row 3, "n/a"; row 4, "yesterday"']);
  });

  test('a file of which nothing can be read is refused with its first cells', () => {
    expect(() => read('time,level\nnever,1\nsoon,2\n')).toThrow(
      'no row could be read: 2 rows could not be read: row 2, "never"; row 3, "soon"',
    );
    expect(() => read('time,level\n')).toThrow('no row could be read: there is none');
  });

  test('a column that is not there is named with those that are', () => {
    expect(() => read('# a station\ntime,depth\n2015-12-26,1\n')).toThrow(
      'no column "level"; there are: time, depth',
    );
    expect(() => read('time;depth;rain\n')).toThrow('no column "level"; there are: time, depth, rain');
  });

  test('two columns of one name are refused', () => {
    expect(() => read('time,level,level\n2015-12-26,1,2\n')).toThrow(
      'two columns are named "level", the 2. and the 3.',
    );
  });
});

describe('the order of the rows', () => {
  const rows = ['2015-12-26 05:00,1', '2015-12-26 06:00,2', '2015-12-26 07:00,3'];
  const inOrder = ['2015-12-26T05:00 1', '2015-12-26T06:00 2', '2015-12-26T07:00 3'];
  const csv = (of: readonly string[]) => ['time,level', ...of].join('\n');

  test('newest first is turned round, and said', () => {
    expect(shown(csv(rows.toReversed()))).toEqual(inOrder);
    expect(read(csv(rows.toReversed())).notes).toEqual(['the newest row comes first: turned round']);
  });

  test('no order is sorted, and said', () => {
    const mixed = [rows[1], rows[0], rows[2]] as string[];
    expect(shown(csv(mixed))).toEqual(inOrder);
    expect(read(csv(mixed)).notes).toEqual(['1 rows are out of order: sorted']);
  });

  test('a repeated row counts once, also newest first', () => {
    const doubled = rows.flatMap((row) => [row, row]);
    for (const each of [doubled, doubled.toReversed()]) {
      expect(shown(csv(each))).toEqual(inOrder);
      expect(read(csv(each))).toMatchObject({ rows: 6, repeated: 3 });
      expect(read(csv(each)).notes).toContain('3 rows repeat the time of another: the first one counts');
    }
  });

  test('a time with two levels keeps the first, and names the other', () => {
    expect(read(csv([...rows, '2015-12-26 06:00,9'])).notes).toContain(
      '1 of them have another level: row 5, "9" after 2 m',
    );
  });
});

describe('a quality column', () => {
  const csv = (...words: string[]) =>
    ['time,level,Quality', ...words.map((word, hour) => `2015-12-26 0${hour}:00,${hour},${word}`)].join('\n');
  const quality = { qualityColumn: 'Quality' };

  test('leaves out what it calls bad, and says how much of what', () => {
    const { points, notes } = read(csv('Good', 'Suspect', 'good', 'Missing', 'Suspect'), quality);
    expect(points.map(({ levelM }) => levelM)).toEqual([0, 2]);
    expect(notes).toEqual(['3 rows are left out by "Quality": Suspect 2, Missing 1']);
  });

  test('asks for words that it does not know, and takes them', () => {
    expect(() => read(csv('Good', 'Estimated', 'Good'), quality)).toThrow(
      'column "Quality", row 3, "Estimated": good or not? The column has "Good", "Estimated"; pass the good ones as --good Good,…',
    );
    const { points } = read(csv('10', '50', '140', '10'), { ...quality, good: ['10', '50'] });
    expect(points.map(({ levelM }) => levelM)).toEqual([0, 1, 3]);
  });

  test('that nobody asked for is pointed at', () => {
    expect(read(csv('Good')).notes).toEqual(['column "Quality" is not looked at; --quality "Quality" does']);
  });
});

test('units become metres without crumbs', () => {
  const csv = 'time,level\n2015-12-26 05:00,550\n2015-12-26 06:00,70.5\n';
  expect(read(csv, { unit: 'cm' }).points.map(({ levelM }) => levelM)).toEqual([5.5, 0.705]);
  expect(read(csv, { unit: 'ft' }).points.map(({ levelM }) => levelM)).toEqual([167.64, 21.4884]);
});

test('a month of quarter hours is read by the row far down that tells the order', () => {
  const lines = Array.from({ length: 2_976 }, (_, index) => {
    const at = new Date(Date.UTC(2015, 0, 1) + index * 900_000);
    const two = (value: number) => String(value).padStart(2, '0');
    const date = `${two(at.getUTCDate())}/${two(at.getUTCMonth() + 1)}/${at.getUTCFullYear()}`;
    return `${date} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())};${(1 + (index % 97) / 100).toFixed(2).replace('.', ',')}`;
  });
  const { points, notes } = read(['time;level', ...lines].join('\n'), { timeZone: 'Asia/Jakarta' });
  expect(points).toHaveLength(2_976);
  expect(points.at(-1)?.atMs).toBe(Date.UTC(2015, 0, 1, -7) + 2_975 * 900_000);
  expect(notes).toContain('"time" is read as day-first, from row 1154, "13/01/2015 00:00"');
});

test.skipIf(!existsSync(JAKARTA))(
  'of the Jakarta flood of March 2025 the peaks are those that were reported (skipped without ../shared/data)',
  () => {
    const gauges = ['Katulampa', 'Depok', 'Manggarai'].map((gauge) => `${gauge} (air)`);
    const table = readTable(readFileSync(JAKARTA, 'utf8'), ['Tanggal', ...gauges]);
    const [from, to] = [Date.parse('2025-03-01T00:00:00+07:00'), Date.parse('2025-03-06T00:00:00+07:00')];
    const peaks = gauges.map((valueColumn) => {
      const asked: LevelRequest = {
        timeColumn: 'Tanggal',
        valueColumn,
        unit: 'cm',
        timeZone: 'Asia/Jakarta',
      };
      const points = readLevelSeries(table, asked).points.filter(({ atMs }) => atMs >= from && atMs <= to);
      expect(points).toHaveLength(121);
      return Math.max(...points.map((point) => point.levelM));
    });
    expect(peaks).toEqual([1.9, 4, 8.5]);
  },
);
