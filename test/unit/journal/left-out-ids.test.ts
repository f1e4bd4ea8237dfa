/** Ids that an older Siaga left out, looked for in the file of a journal. */
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openJournalFile } from '../../../journal/sqlite/file/journal-file.ts';
import { BLOCK_IDS, BLOCKS_A_STEP, noteLeftOutIds } from '../../../journal/sqlite/file/left-out-ids.ts';
import { forgetLostIds, readLostIds } from '../../../journal/sqlite/file/lost-ids.ts';

let database: DatabaseSync;
beforeEach(() => {
  database = openJournalFile(':memory:');
});
afterEach(() => database.close());

/** Readings under each `every` of these ids. */
function fill(from: number, to: number, every = 1): void {
  const insert = database.prepare("insert into readings values (?, 0, ?, 0, x'')");
  database.exec('begin');
  for (let id = from; id < to; id += every) insert.run(id, id);
  database.exec('commit');
}

test.each([1_502, 2_500, 2_501, 2_502, 3_499])(
  'a gap of two blocks behind %i is found whole, one that thinning leaves is not',
  (begin) => {
    // What is below is gone by retention; every tenth is left of a track.
    fill(1_501, begin);
    fill(begin + 2 * BLOCK_IDS, begin + 6 * BLOCK_IDS, 10);
    noteLeftOutIds(database);
    expect(readLostIds(database)).toEqual({
      readings: [[begin, begin + 2 * BLOCK_IDS - 1]],
      messages: [],
      rejections: [],
    });
  },
);

test('a large file is looked through in steps, once', () => {
  const stepIds = BLOCKS_A_STEP * BLOCK_IDS;
  fill(1, stepIds + 2, BLOCK_IDS);
  fill(2 * stepIds, 2 * stepIds + 1);
  noteLeftOutIds(database);
  expect(readLostIds(database).readings).toEqual([]);
  noteLeftOutIds(database);
  expect(readLostIds(database).readings).toEqual([[stepIds + 2, 2 * stepIds - 1]]);
  forgetLostIds(database, false);
  fill(4 * stepIds, 4 * stepIds + 1);
  noteLeftOutIds(database);
  expect(readLostIds(database).readings).toEqual([]);
});

test('an empty file is looked through at once', () => {
  noteLeftOutIds(database);
  fill(1, 2);
  fill(10 * BLOCK_IDS, 10 * BLOCK_IDS + 1);
  noteLeftOutIds(database);
  expect(readLostIds(database).readings).toEqual([]);
});
