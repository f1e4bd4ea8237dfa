/** The strip of the last six hours: what was told, what is heard since, and holes. */
import { expect, test } from 'vitest';
import { runsOf, StoryBook } from '../../../../dashboards/situation-room/state/story-book.ts';

const EVERY_MS = 300_000;
const FROM_MS = 5_000 * EVERY_MS;
const END_MS = FROM_MS + 4 * EVERY_MS;

function bookOf(rows: Record<string, (number | null)[]>): StoryBook {
  const book = new StoryBook();
  book.load({
    from: new Date(FROM_MS).toISOString(),
    everyS: 300,
    gauges: Object.entries(rows).map(([device, steps]) => ({ device, steps })),
    gaugesLeftOut: 0,
    uplinksDown: [0, 0, 1, 0],
  });
  return book;
}

test('a window without a reading stays a hole, and what is heard now is in the window that runs', () => {
  const book = bookOf({ a: [0, null, 2, null] });
  book.note('a', 1, END_MS - 1);
  expect(book.cells('a', END_MS - 1)).toEqual([0, undefined, 2, 1]);
});

test('the worse of two words on one window counts, and the strip moves on by itself', () => {
  const book = bookOf({ a: [0, 0, 2, 3] });
  book.note('a', 1, END_MS - 1);
  book.note('a', 4, END_MS + 1);
  expect(book.cells('a', END_MS + 1)).toEqual([0, 2, 3, 4]);
  expect(book.fromMs(END_MS + 1)).toBe(FROM_MS + EVERY_MS);
});

test('an answer that others had before takes nothing away that was heard since', () => {
  const book = bookOf({ a: [0, 0, 0, 0] });
  book.note('a', 3, END_MS - 1);
  book.note('a', 2, END_MS + 1);
  book.load({
    from: new Date(FROM_MS).toISOString(),
    everyS: 300,
    gauges: [{ device: 'a', steps: [0, 0, 0, 1] }],
    gaugesLeftOut: 0,
    uplinksDown: [0, 0, 0, 0],
  });
  expect(book.cells('a', END_MS + 1)).toEqual([0, 0, 3, 2]);
});

test('of several gauges the worst counts; calm beside silence is not known to be calm', () => {
  const book = bookOf({ a: [0, 0, 1, 0], b: [0, null, null, null], never: [null, null, null, null] });
  expect(book.worst(['a', 'b', 'never'], END_MS - 1)).toEqual([0, undefined, 1, 0]);
  expect(book.worst(['never'], END_MS - 1)).toEqual([undefined, undefined, undefined, undefined]);
});

test('equal cells become one run', () => {
  expect(runsOf([0, 0, undefined, 2, 2])).toEqual([
    { cell: 0, windows: 2 },
    { cell: undefined, windows: 1 },
    { cell: 2, windows: 2 },
  ]);
});
