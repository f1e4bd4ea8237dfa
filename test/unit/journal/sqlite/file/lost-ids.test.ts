/** The note of ids that a journal may have lost: it names too many and never too few, and outlives a salvage. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { IdSpan } from '../../../../../journal/journal-log.ts';
import { openJournalFile } from '../../../../../journal/sqlite/file/journal-file.ts';
import {
  forgetLostIds,
  noteLostIds,
  readIdentity,
  readLostIds,
} from '../../../../../journal/sqlite/file/lost-ids.ts';
import { salvageJournal } from '../../../../../journal/sqlite/salvage/salvage.ts';
import {
  createJournalGround,
  type JournalGround,
  TEST_START_MS,
} from '../../../../support/journal-fixture.ts';

let ground: JournalGround;
beforeEach(() => {
  ground = createJournalGround();
});
afterEach(() => ground[Symbol.dispose]());

const ofReadings = (...readings: IdSpan[]) => ({ readings, messages: [], rejections: [] });

test('spans that touch or overlap are one, and an empty one is none', () => {
  using database = openJournalFile(ground.file);
  noteLostIds(database, ofReadings([1, 0]));
  expect(readLostIds(database)).toEqual(ofReadings());
  noteLostIds(database, ofReadings([30, 40], [5, 9]));
  noteLostIds(database, ofReadings([10, 12], [35, 50], [60, 60]));
  expect(readLostIds(database)).toEqual(ofReadings([5, 12], [30, 50], [60, 60]));
});

test('of more than two hundred the last reaches over the rest', () => {
  using database = openJournalFile(ground.file);
  noteLostIds(
    database,
    ofReadings(...Array.from({ length: 300 }, (_, i): IdSpan => [i * 10 + 1, i * 10 + 2])),
  );
  const { readings } = readLostIds(database);
  expect(readings).toHaveLength(200);
  expect(readings.at(-1)).toEqual([1_991, 2_992]);
});

test('the note and the identity outlive a salvage; forgotten it changes the identity only where something came back', () => {
  const database = openJournalFile(ground.file);
  const first = readIdentity(database);
  noteLostIds(database, ofReadings([3, 4]));
  forgetLostIds(database, false);
  expect(readLostIds(database)).toEqual(ofReadings());
  expect(readIdentity(database)).toBe(first);
  forgetLostIds(database, true);
  const second = readIdentity(database);
  expect(second).not.toBe(first);
  noteLostIds(database, ofReadings([7, 8]));
  database.close();
  salvageJournal({ file: ground.file, cause: 'a test', atMs: TEST_START_MS });
  using salvaged = openJournalFile(ground.file);
  expect(readLostIds(salvaged)).toEqual(ofReadings([7, 8]));
  expect(readIdentity(salvaged)).toBe(second);
});
