/**
 * What a mapping reads bytes with: numbers of either order and sign, bits, fields; and how it says what is not there.
 */
import jsonata from 'jsonata';
import { describe, expect, test } from 'vitest';
import { registerByteFunctions } from '../../../../devices/formats/mapping-bytes.ts';

function evaluate(expression: string, input: unknown = {}): Promise<unknown> {
  const compiled = jsonata(expression);
  registerByteFunctions(compiled);
  return compiled.evaluate(input);
}

const hex = (digits: string) => ({ h: digits });

describe('a mapping reads', () => {
  test.each<[string, unknown, unknown]>([
    ['$bytes(d)', { d: 'DU4E0g==' }, [13, 78, 4, 210]],
    ['$bytes(d)', { d: '_-8' }, [255, 239]],
    ['$bytes(h, "hex")', hex('0D4e ff'), [13, 78, 255]],
    ['$bytes(h, "hex")[0]', hex('07'), 7],
    ['$uint($bytes(h, "hex"), 1, 2)', hex('00fffe'), 65_534],
    ['$uintLE($bytes(h, "hex"), 1, 2)', hex('00fffe'), 65_279],
    ['$int($bytes(h, "hex"), 1, 2)', hex('00fffe'), -2],
    ['$intLE($bytes(h, "hex"), 1, 2)', hex('00feff'), -2],
    ['$int($bytes(h, "hex"), 0, 1)', hex('80'), -128],
    ['$uint($bytes(h, "hex"), 0, 6)', hex('ffffffffffff'), 2 ** 48 - 1],
    ['$intLE($bytes(h, "hex"), 0, 3)', hex('ffffff'), -1],
    ['$float($bytes(h, "hex"), 0)', hex('3fb5c28f'), 1.42],
    ['$floatLE($bytes(h, "hex"), 0, 4)', hex('8fc2b53f'), 1.42],
    ['$float($bytes(h, "hex"), 0, 8)', hex('3ff6b851eb851eb8'), 1.42],
    ['$bits(n, 14, 2)', { n: 0xcd4e }, 3],
    ['$bits(n, 0, 14)', { n: 0xcd4e }, 0x0d4e],
    ['$bits(n, 40)', { n: 2 ** 40 }, 1],
    ['$fields($bytes(h, "hex"), {"0175": 1, "03": 2})', hex('030102017564'), { '0175': [100], '03': [1, 2] }],
    ['$fields($bytes(h, "hex"), {"0175": 1})', hex('017564ff0b01'), { '0175': [100] }],
  ])('%s of %j as %j', async (expression, input, expected) => {
    const found = await evaluate(expression, input);
    expect(JSON.parse(JSON.stringify(found))).toEqual(expected);
  });

  test.each([
    '$bytes(none)',
    '$uint($bytes(none), 0, 2)',
    '$float($bytes(none), 0)',
    '$bits(none, 0)',
    '$fields($bytes(none), {"01": 1})',
    // Not a number as a float says it.
    '$float($bytes("f8AAAA=="), 0)',
  ])('nothing where nothing is: %s', async (expression) => {
    expect(await evaluate(expression)).toBeUndefined();
  });
});

describe('what cannot be read is said', () => {
  test.each([
    ['$uint($bytes("AQI="), 1, 2)', '$uint: bytes 1 to 2 of a message of 2'],
    ['$uint($bytes("AQI="), -1, 2)', 'the place of its first byte'],
    ['$uint($bytes("AQI="), 0.5, 1)', 'the place of its first byte'],
    ['$uint($bytes("AQI="), 0, 7)', 'a length of 1 to 6 bytes'],
    ['$uint($bytes("AQI="), 0)', 'a length of 1 to 6 bytes'],
    ['$uint("AQI=", 0, 2)', '$uint: its first word must be $bytes(…)'],
    ['$int([1, 256], 0, 2)', 'its first word must be $bytes(…)'],
    ['$float($bytes("AQI="), 0, 2)', '4 or 8 bytes'],
    ['$bytes("not base64!")', 'is no base64'],
    ['$bytes("abc", "hex")', 'is no hex'],
    ['$bytes("abc", "utf8")', 'say "base64" or "hex"'],
    ['$bytes(7)', 'expected a text, found number'],
    ['$bits(-1, 0)', 'expected a whole number from 0'],
    ['$bits(1, 0, 49)', 'expected a whole number from 0'],
    ['$bits("x", 0)', 'expected a whole number from 0'],
    ['$bits(null, 0)', 'expected a whole number from 0'],
    ['$bits("", 0)', 'expected a whole number from 0'],
    ['$bits(true, 0)', 'expected a whole number from 0'],
    ['$bits(5, null)', 'expected a whole number from 0'],
    ['$bytes("AQIDB")', 'is no base64'],
    ['$fields($bytes("AXU="), $merge([1000..1300].{$string($): 1}))', '$fields: more than 256 keys'],
    ['$fields($bytes("AXU="), {"0175": 1})', '$fields: 0175 wants 1 bytes, 0 are left'],
    ['$fields($bytes("AXU="), {"017": 1})', 'expected keys in hex'],
    ['$fields($bytes("AXU="), {"": 0})', 'expected keys in hex'],
    ['$fields($bytes("AXU="), {"01": -2})', 'expected keys in hex'],
  ])('%s', async (expression, sentence) => {
    await expect(evaluate(expression)).rejects.toThrow(sentence);
  });

  test('so are more bytes than any node sends', async () => {
    const bytes = Buffer.alloc(5_000).toString('base64');
    await expect(evaluate('$bytes(d)', { d: bytes })).rejects.toThrow('more than 4096 bytes');
  });
});
