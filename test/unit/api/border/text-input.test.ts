import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { booleanInput, limitInput, numberInput, numericId } from '../../../../api/border/text-input.ts';

const latitude = numberInput(z.number().min(-90).max(90), -6.99);
const messageOf = (schema: z.ZodType, text: unknown) =>
  schema.safeParse(text).error?.issues.map(({ message }) => message);

describe('a number in text', () => {
  test.each([
    ['-7', -7],
    ['0', 0],
    ['-0.5', -0.5],
    ['.5', 0.5],
    ['7.', 7],
    ['6.99e1', 69.9],
    ['1E-3', 0.001],
    ['007', 7],
  ])('is read from %s', (text, number) => {
    expect(latitude.parse(text)).toBe(number);
  });

  test.each(['', ' ', '\t', '%20'.replace('%20', ' ')])('is not read from nothing: "%s"', (text) => {
    expect(messageOf(latitude, text)).toEqual(['is empty: a number is expected']);
  });

  test.each([
    '0x10',
    '0b1',
    '0o7',
    '1_0',
    '1,5',
    ' 7',
    '7 ',
    '+7',
    'NaN',
    'Infinity',
    '-',
    '.',
    'e5',
    '1e',
    '--1',
    '٧',
    'seven',
    '1n',
  ])('is not read from %s', (text) => {
    expect(messageOf(latitude, text)).toEqual(['must be a number, in decimal: -6.99']);
  });

  test.each(['1e400', '-1e999', '1e-999', '-4.9e-999', '9'.repeat(310)])(
    'is not read from %s, beyond what a number holds',
    (text) => {
      expect(messageOf(latitude, text)).toEqual([
        'is beyond what a number holds: write it without such an exponent',
      ]);
    },
  );

  test('that is none shows one of its kind: how many, or which', () => {
    expect(messageOf(limitInput(50, 5), 'many')).toEqual(['must be a number, in decimal: 5']);
    expect(messageOf(numericId, 'abc')).toEqual(['must be a number, in decimal: 17']);
  });

  test('may be nothing, however it is written', () => {
    expect(['0e-999', '0.0e99', '-0'].map((text) => Math.abs(latitude.parse(text)))).toEqual([0, 0, 0]);
  });

  test('has the bounds of its schema, and is finite', () => {
    expect(latitude.safeParse('90.0001').success).toBe(false);
    expect(numberInput(z.number(), 1).safeParse('1e999').success).toBe(false);
    for (const text of ['0', '-1', '1.5', '9007199254740992', '0x1', '']) {
      expect([text, numericId.safeParse(text).success]).toEqual([text, false]);
    }
    expect(numericId.parse('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  });

  test('that is missing is the schema to judge, and one that is given twice is none', () => {
    expect(limitInput(50, 5).parse(undefined)).toBe(5);
    expect(limitInput(50, 5).safeParse('51').success).toBe(false);
    expect(latitude.safeParse(undefined).success).toBe(false);
    expect(latitude.safeParse(['1', '2']).success).toBe(false);
  });

  test('is a number, an integer and a flag in the document', () => {
    const input = { io: 'input' } as const;
    expect(z.toJSONSchema(latitude, input)).toMatchObject({ type: 'number', minimum: -90, maximum: 90 });
    expect(z.toJSONSchema(limitInput(50, 5), input)).toMatchObject({ type: 'integer', default: 5 });
    expect(z.toJSONSchema(booleanInput(false), input)).toMatchObject({ type: 'boolean', default: false });
  });
});

describe('a flag in text', () => {
  test('is true or false, in the words that people use', () => {
    expect(['true', '1', 'YES', 'on'].map((text) => booleanInput(false).parse(text))).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['false', '0', 'No', 'off'].map((text) => booleanInput(false).parse(text))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(messageOf(booleanInput(false), '')).toEqual(['must be true or false']);
  });
});
