/** The ring of recent entries, held against a plain list: what it says it has, it has, and it has the newest. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReadingCodec } from '../../../../../journal/sqlite/file/reading-codec.ts';
import { createRecordBuffer } from '../../../../../journal/sqlite/file/record-layout.ts';
import { RecentEntries } from '../../../../../journal/sqlite/following/recent-entries.ts';
import { gaugeReading } from '../../../../support/journal-fixture.ts';

const RING_NUMBERS = 64;
const MAX_ENTRIES = 10;
/** Records of 12 numbers at most: (64 − 2 × 12) / 12. */
const ALWAYS_FIT = 3;

describe('recent entries', () => {
  it('are the newest without a gap, whatever their lengths, their trims and the jumps of their ids', () => {
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ values: fc.integer({ min: 1, max: 5 }) }) },
      { weight: 1, arbitrary: fc.record({ jump: fc.integer({ min: 1, max: 50 }) }) },
      { weight: 1, arbitrary: fc.record({ trim: fc.integer({ min: 0, max: 12 }) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const codec = new ReadingCodec({ devices: [], columns: [], words: [] });
        const recent = new RecentEntries({ codec, maxEntries: MAX_ENTRIES, maxBytes: RING_NUMBERS * 8 });
        let model: { id: number; reading: ReturnType<typeof gaugeReading> }[] = [];
        let lastId = 0;
        for (const each of steps) {
          if ('values' in each) {
            const names = ['levelM', 'rainMm', 'batteryV', 'rssiDbm', 'distanceM'].slice(0, each.values);
            const values = Object.fromEntries(names.map((name, at) => [name, lastId + at / 10]));
            const reading = gaugeReading(lastId, { values });
            const records = createRecordBuffer(32);
            const length = codec.encode(reading, records);
            recent.push(++lastId, records.values, 0, length);
            model.push({ id: lastId, reading });
          } else if ('jump' in each) {
            lastId += each.jump;
          } else {
            recent.dropThrough(lastId - each.trim);
            model = model.filter(({ id }) => id > lastId - each.trim);
          }
          const gap = model.findLastIndex(
            ({ id }, at) => model[at + 1] !== undefined && model[at + 1]?.id !== id + 1,
          );
          model = model.slice(gap + 1);
          expectNewest(recent, model);
        }
      }),
    );
  });
});

function expectNewest(recent: RecentEntries, model: readonly { id: number; reading: unknown }[]): void {
  const { count } = recent;
  const held = model.slice(model.length - count);
  expect(held).toHaveLength(count);
  // Some room is lost where a record would be cut at the ring's end, and where it overlaps the oldest.
  expect(count).toBeGreaterThanOrEqual(Math.min(MAX_ENTRIES, model.length, ALWAYS_FIT));
  const first = held[0];
  if (!first) return;
  // Others may have been given fewer: whoever asks on gets them all.
  const given = [];
  for (let next = first.id - 1; next < (held.at(-1)?.id as number); next = given.at(-1)?.id as number) {
    given.push(...(recent.after(next, 100) ?? []));
  }
  expect(given).toEqual(held.map(({ id, reading }) => ({ id, reading })));
  expect(recent.after(first.id - 1, 1)).toEqual([{ id: first.id, reading: first.reading }]);
  expect(recent.after(first.id - 2, 100)).toBeUndefined();
}
