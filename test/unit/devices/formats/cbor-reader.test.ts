/** CBOR: examples of RFC 8949, appendix A, and bytes that promise more than they hold. */
import { describe, expect, test } from 'vitest';
import { CborError, readCbor } from '../../../../devices/formats/cbor-reader.ts';

const read = (hex: string): unknown => readCbor(Buffer.from(hex, 'hex'));

describe('CBOR', () => {
  test.each<[string, unknown]>([
    ['00', 0],
    ['1903e8', 1_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['3903e7', -1_000],
    ['f93e00', 1.5],
    ['f9c400', -4],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['f90001', 2 ** -24],
    ['fa47c35000', 100_000],
    ['fb3ff199999999999a', 1.1],
    ['f4', false],
    ['f6', null],
    ['6449455446', 'IETF'],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['c11a514b67b0', 1_363_896_240],
    ['4401020304', undefined],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    [
      'a201020304',
      new Map([
        [1, 2],
        [3, 4],
      ]),
    ],
    [
      'bf6346756ef563416d7421ff',
      new Map<string, unknown>([
        ['Fun', true],
        ['Amt', -2],
      ]),
    ],
  ])('%s is read as RFC 8949 says', (hex, value) => {
    expect(read(hex)).toEqual(value);
  });

  test.each([
    ['a list of 2^63 values', '9b7fffffffffffffff'],
    ['a text longer than the message', '7b7fffffffffffffff61'],
    ['a map without its last value', 'a2010203'],
    ['a list that never ends', '9f01'],
    ['lists within lists within lists', '81'.repeat(200)],
    ['tags of tags', 'c1'.repeat(200)],
    ['two values', '0000'],
    ['nothing', ''],
    ['a simple value that is none', 'f8ff'],
    ['a reserved length', '1c'],
  ])('%s is refused', (_what, hex) => {
    expect(() => read(hex)).toThrow(CborError);
  });
});
