/** Lists that were cut off or have a broken item: kept for their complete items, at any byte. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonFailure } from '../../../devices/parse-json.ts';
import { type JsonItems, parseJsonItems } from '../../../devices/parse-json-items.ts';

const read = (text: string) => parseJsonItems(Buffer.from(text)) as JsonItems;

const anItem = fc.record({
  levelM: fc.double({ min: -20, max: 120, noNaN: true }),
  note: fc.string({ unit: 'binary', maxLength: 12 }),
  more: fc.array(fc.record({ a: fc.string({ maxLength: 4 }) }), { maxLength: 2 }),
});

describe('a list that is cut off at any byte', () => {
  test.each([
    ['an array', (items: readonly object[]) => JSON.stringify(items)],
    ['lines', (items: readonly object[]) => items.map((item) => JSON.stringify(item)).join('\n')],
    [
      'objects without anything between',
      (items: readonly object[]) => items.map((i) => JSON.stringify(i)).join(''),
    ],
    ['an array over many lines', (items: readonly object[]) => JSON.stringify(items, null, 2)],
  ])('gives a beginning of its items and nothing else: %s', (_what, write) => {
    fc.assert(
      fc.property(
        fc.array(anItem, { minLength: 1, maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (items, share) => {
          const bytes = Buffer.from(write(items));
          const cut = parseJsonItems(bytes.subarray(0, Math.floor(share * bytes.length)));
          if (cut instanceof JsonFailure) return;
          const sound = items.map((item) => JSON.stringify(item)).slice(0, cut.items.length);
          expect(cut.items.map((item) => JSON.stringify(item))).toEqual(sound);
          expect(cut.refused.length).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  test('keeps each complete one and says which was cut', () => {
    const { items, refused, soundUntil } = read('[{"levelM":1.1},{"levelM":1.2},{"lev');
    expect(items).toEqual([{ levelM: 1.1 }, { levelM: 1.2 }]);
    expect(soundUntil).toBe(2);
    expect(refused).toEqual([
      { text: '{"lev', rejection: { reason: 'not-json', detail: expect.stringContaining('item 3') } },
    ]);
  });
});

describe('a broken item', () => {
  test.each([
    ['in the middle of an array', '[{"levelM":1},{"levelM":},,{levelM 2},{"levelM":3}]', 3],
    ['in the middle of lines', '{"levelM":1}\n{"levelM":2,"no\n{"levelM":3}\n', 2],
    ['that is what was left in the buffer', '{"levelM":1}2}', 1],
    ['before sound ones', 'boot v1.2\n{"levelM":1}\n{"levelM":3}', 2],
  ])('%s costs only itself', (_where, text, count) => {
    const { items, refused } = read(text);
    expect(items).toHaveLength(count);
    expect(refused.length).toBeGreaterThan(0);
  });

  test('of nothing but brackets, quotes or words gives the failure of the whole', () => {
    for (const text of [
      '',
      '[',
      '{"levelM":1',
      '{"a":{"levelM":1}',
      '"levelM',
      'null',
      '1 2 3',
      '}{',
      '[[[[',
    ]) {
      const whole = parseJsonItems(Buffer.from(text));
      if (!(whole instanceof JsonFailure)) expect(whole.refused).toEqual([]);
    }
    expect(read('{"a":{"levelM":1}')).toBeInstanceOf(JsonFailure);
  });

  test('a whole packet of opening brackets takes no time that anybody would notice', () => {
    expect(read('[{'.repeat(131_072))).toBeInstanceOf(JsonFailure);
    expect(read(`{"levelM":1}${'"'.repeat(262_144)}`).items).toHaveLength(1);
  });
});
