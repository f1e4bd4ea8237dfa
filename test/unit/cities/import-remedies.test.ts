/** What a person reads of a row that lacks something: which column says it, by the names that it may have. */
import { describe, expect, test } from 'vitest';
import { formatBadRow } from '../../../cities/import-city.ts';

const remedyOf = (sentence: string) =>
  /→ (.*)/.exec(formatBadRow({ where: 'line 2', reasons: [sentence] }))?.[1];
const missing = (path: string, type: string) =>
  `${path}: Invalid input: expected ${type}, received undefined`;

describe('what is missing in a row', () => {
  test.each([
    ['devices.x-1.lat', 'number', 'add the column lat (or latitude, lintang)'],
    ['hospitals.rs-9.name', 'string', 'add the column name (or nama)'],
    ['devices.x-1.river', 'string', 'add the column river'],
    ['devices.x-1.sensorRangeM', 'tuple', 'add the columns sensorRangeM.0 and sensorRangeM.1'],
    ['devices.x-1.upstream', 'array', 'add the column upstream.0, and for more of them upstream.1'],
    ['hospitals.rs-9.beds', 'object', 'add its columns, whose names begin with "beds."'],
    ['hospitals.rs-9.beds.ward', 'number', 'add the column beds.ward'],
  ])('%s, expected as a %s: %s', (path, type, remedy) => {
    expect(remedyOf(missing(path, type))).toBe(remedy);
  });

  test('of a ladder are its steps', () => {
    expect(remedyOf(missing('devices.x-1.thresholds', 'array'))).toMatch(
      /minorM, moderateM, severeM, extremeM/,
    );
  });

  test('is another thing than what is wrong', () => {
    expect(remedyOf('devices.x-1.lat: Invalid input: expected number, received string')).toMatch(
      /decimal point/,
    );
  });
});
