/** Line protocol to the letter: names and their escapes, values in all spellings, times, and where a bad line ends. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatFault, MAX_LINES, parseLines } from '../../../../devices/formats/line-protocol-lines.ts';
import type { Precision } from '../../../../devices/formats/line-protocol-values.ts';

/** The one line of a text as plain objects, or why there is none. */
function read(text: string, precision?: Precision) {
  const { lines, firstFault } = parseLines(text, precision);
  const [line] = lines;
  if (firstFault || !line) return firstFault?.reason;
  const { measurement, tags, fields, atMs } = line;
  return {
    ...{ measurement, tags: Object.fromEntries(tags), fields: Object.fromEntries(fields) },
    ...(atMs === undefined ? {} : { atMs }),
  };
}
const readValue = (text: string) => {
  const line = read(`m f=${text}`);
  return typeof line === 'object' ? line.fields['f'] : line;
};

describe('a name', () => {
  test.each([
    ['a measurement with a comma and a blank', 'w\\,a\\ b f=1', { measurement: 'w,a b' }],
    ['an equals sign in a measurement, which needs no backslash', 'a=b f=1', { measurement: 'a=b' }],
    ['a backslash that escapes nothing', 'a\\b,t=c\\d f=1', { measurement: 'a\\b', tags: { t: 'c\\d' } }],
    ['a backslash before an equals sign of a measurement', 'a\\=b f=1', { measurement: 'a\\=b' }],
    ['a tag with all three', 'm,a\\,b\\=c\\ d=e\\,f\\=g\\ h f=1', { tags: { 'a,b=c d': 'e,f=g h' } }],
    ['a field with all three', 'm a\\,b\\=c\\ d=1', { fields: { 'a,b=c d': 1 } }],
    ['quotes are no quotes in it', '"m",t="a" "f"=1', { measurement: '"m"', tags: { t: '"a"' } }],
    ['letters of any language', 'sungai,nama=Kali\\ Garàng tinggi°=1', { fields: { 'tinggi°': 1 } }],
  ])('%s', (_what, text, wanted) => expect(read(text)).toMatchObject(wanted));
});

describe('a value', () => {
  test.each([
    ...['t', 'T', 'true', 'True', 'TRUE'].map((text) => [text, true]),
    ...['f', 'F', 'false', 'False', 'FALSE'].map((text) => [text, false]),
    ...[
      ['1', 1],
      ['-1.5', -1.5],
      ['1.', 1],
      ['.5', 0.5],
      ['+2', 2],
      ['-1.5e-3', -0.0015],
      ['1E+2', 100],
    ],
    ...[
      ['12i', 12],
      ['-12i', -12],
      ['12u', 12],
      ['9223372036854775807i', 2 ** 63],
    ],
    ...[
      ['-9223372036854775808i', -(2 ** 63)],
      ['18446744073709551615u', 2 ** 64],
    ],
    ...[
      ['""', ''],
      ['"a b,c=d"', 'a b,c=d'],
      ['"say \\"a\\" \\\\ \\n"', 'say "a" \\ \\n'],
      ['"a\nb\r\nc"', 'a\nb\r\nc'],
    ],
    ...[
      'tRUE',
      'yes',
      'nan',
      'NaN',
      'inf',
      '1e',
      '1e400',
      '0x10',
      '1_0',
      '--1',
      '.',
      '1.5i',
      '-1u',
      '1ii',
    ].map((text) => [text, 'invalid number']),
    ['9223372036854775808i', '9223372036854775808i: value out of range'],
    ['18446744073709551616u', '18446744073709551616u: value out of range'],
    ['"never closed', 'unbalanced quotes'],
    ['"closed\\"', 'unbalanced quotes'],
    ['"a"b', 'invalid field format'],
    ['', 'missing field value'],
  ] as [string, unknown][])('%s is %j', (text, wanted) => expect(readValue(text)).toBe(wanted));
});

describe('a time', () => {
  test.each<[string, Precision | undefined, unknown]>([
    ['1768444140123456789', undefined, 1_768_444_140_123],
    ['1768444140123999999', 'ns', 1_768_444_140_123],
    ['1768444140123456', 'u', 1_768_444_140_123],
    ['1768444140123456', 'us', 1_768_444_140_123],
    ['1768444140123', 'ms', 1_768_444_140_123],
    ['1768444140', 's', 1_768_444_140_000],
    ['29474069', 'm', 1_768_444_140_000],
    ['491234', 'h', 1_768_442_400_000],
    ['0', undefined, 0],
    ['-1', undefined, -1],
    ['-1000000', undefined, -1],
    ['9223372036854775806', undefined, 9_223_372_036_854],
    ['9223372036854775807', undefined, 'time outside range'],
    ['9999999999999999999', 's', 'time outside range'],
    ['99999999999999999999', undefined, 'bad timestamp'],
    ['1.5', undefined, 'bad timestamp'],
    ['1768444140 1', undefined, 'bad timestamp'],
    ['2026-01-15T02:30:00Z', undefined, 'bad timestamp'],
  ])('%s in %s is %j', (text, precision, wanted) => {
    const line = read(`m f=1 ${text}`, precision);
    expect(typeof line === 'object' ? line.atMs : line).toBe(wanted);
  });
});

describe('a line', () => {
  test.each([
    [',t=a f=1', 'missing measurement'],
    ['m', 'missing fields'],
    ['m,t=a', 'missing fields'],
    ['m,t=a 1', 'invalid field format'],
    ['m,t f=1', 'missing tag value'],
    ['m,t= f=1', 'missing tag value'],
    ['m,=a f=1', 'missing tag key'],
    ['m,t=a,t=b f=1', 'duplicate tags'],
    ['m,t=a=b f=1', 'invalid tag format'],
    ['m =1', 'missing field key'],
    ['m f=1,', 'missing field key'],
    ['m f=1, g=2', 'missing field key'],
  ])('%s: %s', (text, reason) => expect(read(text)).toBe(reason));

  test('ends with LF or CRLF, and comments and blank lines are none', () => {
    const text = '\n# m f=0\r\n  m f=1 1\r\nm  f=2  2  \r\n\t\n#\nm f="x"\r\nm f=t';
    const { lines, faultCount } = parseLines(text);
    expect(lines.map(({ fields }) => fields.get('f'))).toEqual([1, 2, 'x', true]);
    expect(faultCount).toBe(0);
  });

  test('that is bad costs itself, is named by its number, and a quote takes no other with it', () => {
    const { lines, firstFault, faultCount } = parseLines('a f=1\n\nb f="open\nc f=2\nd\ne f=3');
    expect(lines.map(({ measurement }) => measurement)).toEqual(['a', 'c', 'e']);
    expect(firstFault && formatFault(firstFault)).toBe(`unable to parse 'b f="open': unbalanced quotes`);
    expect({ line: firstFault?.line, faultCount }).toEqual({ line: 3, faultCount: 2 });
  });

  test('beyond the bound is not looked at', () => {
    expect(parseLines('a b=1\n'.repeat(MAX_LINES))).toMatchObject({ isCut: false });
    const cut = parseLines('a b=1\n'.repeat(MAX_LINES + 1));
    expect(cut.isCut).toBe(true);
    expect(cut.lines).toHaveLength(MAX_LINES);
  });
});

test('whatever is written by the rules is read back', () => {
  // A backslash at the end of a name would escape what follows: the protocol has no way to write it.
  const name = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => !/[\\\n\r\t\0]|^[# ]/.test(text));
  const escapeName = (text: string, what: RegExp) => text.replace(what, '\\$&');
  const value = fc.oneof(
    // Minus zero is written like zero.
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => [String(each), each + 0] as const),
    fc.boolean().map((each) => [String(each), each] as const),
    fc.string().map((each) => [`"${each.replace(/[\\"]/g, '\\$&')}"`, each] as const),
  );
  const names = fc.uniqueArray(name, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      name,
      names,
      fc.array(fc.tuple(name, value), { minLength: 1 }),
      fc.date({ noInvalidDate: true, min: new Date(-9e12), max: new Date(9e12) }),
      (measurement, tags, fields, at) => {
        const escapeKey = (text: string) => escapeName(text, /[,= ]/g);
        const tagText = tags.map((tag) => `,${escapeKey(tag)}=${escapeKey(tag)}`).join('');
        const fieldText = fields.map(([key, [text]]) => `${escapeKey(key)}=${text}`).join(',');
        const text = `${escapeName(measurement, /[, ]/g)}${tagText} ${fieldText} ${BigInt(at.getTime()) * 1_000_000n}\r\n`;
        const wanted = new Map(fields.map(([key, [, each]]) => [key, each]));
        const { lines, firstFault } = parseLines(text);
        expect(firstFault).toBeUndefined();
        expect(lines).toHaveLength(1);
        expect(lines[0]?.measurement).toBe(measurement);
        expect([...(lines[0]?.tags ?? [])]).toEqual(tags.map((tag) => [tag, tag]));
        expect(lines[0]?.fields).toEqual(wanted);
        expect(lines[0]?.atMs).toBe(at.getTime());
      },
    ),
  );
});
