import { describe, expect, test } from 'vitest';
import { createNumberReader, type Decimal } from '../../../tables/numbers.ts';

function readAll(texts: readonly string[], decimal?: Decimal): (number | undefined)[] {
  const cells = texts.map((text, index) => ({ line: index + 2, text }));
  return texts.map(createNumberReader(cells, 'level', decimal).parse);
}

describe('a column of numbers', () => {
  test.each<[string[], (number | undefined)[]]>([
    [
      ['1.25', '0.985', '-.5', '+3', '12'],
      [1.25, 0.985, -0.5, 3, 12],
    ],
    [
      ['1,25', '0,985', '-0,5', '12'],
      [1.25, 0.985, -0.5, 12],
    ],
    [
      ['1.234,5', '985', '1.234'],
      [1234.5, 985, 1234],
    ],
    [
      ['1,234.5', '985', '1,234'],
      [1234.5, 985, 1234],
    ],
    [['1.234.567'], [1234567]],
    [
      ['1 234,5', "1'234,5", '0,5'],
      [1234.5, 1234.5, 0.5],
    ],
    [
      ['\u22120.25', '2.5e-1'],
      [-0.25, 0.25],
    ],
    // What loggers write: three decimals, and never a whole number beside them.
    [
      ['1.234', '0.985'],
      [1.234, 0.985],
    ],
    [
      ['n/a', '', '-', '<0.5', '1.2 m', '1.2', '1.2.3', 'NaN', 'Infinity', '0x10'],
      [
        undefined,
        undefined,
        undefined,
        undefined,
        undefined,
        1.2,
        undefined,
        undefined,
        undefined,
        undefined,
      ],
    ],
  ])('%j', (texts, expected) => {
    const decimal = texts.includes('1.2.3') ? 'point' : undefined;
    expect(readAll(texts, decimal)).toEqual(expected);
  });

  test('with three digits behind every comma is asked about, with the cell', () => {
    expect(() => readAll(['12', '1,234', '2,345'])).toThrow(
      'column "level", row 3, "1,234": thousands or three decimals? Pass --decimal comma or --decimal point',
    );
    expect(readAll(['1,234'], 'comma')).toEqual([1.234]);
    expect(readAll(['1,234'], 'point')).toEqual([1234]);
  });

  test('with three digits behind points beside whole hundreds is asked about', () => {
    expect(() => readAll(['985', '1.012'])).toThrow('row 3, "1.012": thousands or three decimals?');
    expect(readAll(['985', '1.012'], 'comma')).toEqual([985, 1012]);
  });

  test('with both signs as decimals is refused with both cells', () => {
    expect(() => readAll(['1,25', '1.5'])).toThrow(
      'column "level" has decimal commas (row 2, "1,25") and decimal points (row 3, "1.5"); pass --decimal comma or --decimal point',
    );
  });
});
