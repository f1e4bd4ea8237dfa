/** Readings of a batch: what is a repeat, and which ids are given. */
import type { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openJournalFile } from '../../../../../journal/sqlite/file/journal-file.ts';
import { ReadingCodec } from '../../../../../journal/sqlite/file/reading-codec.ts';
import { createRecordBuffer } from '../../../../../journal/sqlite/file/record-layout.ts';
import { readRuns } from '../../../../../journal/sqlite/file/row-runs.ts';
import type { BatchMessage } from '../../../../../journal/sqlite/journal-messages.ts';
import { ReadingInserts } from '../../../../../journal/sqlite/writing/reading-inserts.ts';
import { createJournalGround, gaugeReading } from '../../../../support/journal-fixture.ts';

function batchOf(codec: ReadingCodec, numbers: readonly number[]): BatchMessage {
  const records = createRecordBuffer(64);
  for (const n of numbers) codec.encode(gaugeReading(n), records);
  return { append: true, records: records.values, count: numbers.length };
}

function numbersById(database: DatabaseSync, codec: ReadingCodec): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  for (const { ids, devices, measuredAts, bytes, numbers } of readRuns(database, 'true', 0)) {
    let from = 0;
    ids.forEach((id, i) => {
      const reading = codec.decode(devices[i] as number, measuredAts[i] as number, numbers, from);
      expect(reading).toEqual(gaugeReading(reading.seq as number));
      found.push([id, reading.seq as number]);
      from += (bytes[i] as number) / 8;
    });
  }
  return found;
}

/** Some rows of a batch alike, some new: repeats at its ends, in runs, within the batch. */
const batches = fc.array(
  fc
    .record({ from: fc.nat(120), count: fc.integer({ min: 1, max: 70 }), again: fc.array(fc.nat(190)) })
    .map(({ from, count, again }) => [...Array.from({ length: count }, (_, i) => from + i), ...again]),
  { minLength: 1, maxLength: 6 },
);

describe('the readings of a batch', () => {
  it('are stored once each, with ids in their order and without gaps, whatever of them the journal has', () => {
    fc.assert(
      fc.property(batches, (sent) => {
        using ground = createJournalGround();
        using database = openJournalFile(ground.file);
        const codec = new ReadingCodec({ devices: [], columns: [], words: [] });
        const inserts = new ReadingInserts(database);
        const known: number[] = [];
        // One transaction, as a commit is; one fsync instead of hundreds.
        database.exec('begin');
        for (const numbers of sent) {
          const firstId = known.length + 1;
          const repeats = numbers.flatMap((n, position) => {
            if (known.includes(n)) return [position];
            known.push(n);
            return [];
          });
          expect(inserts.store(batchOf(codec, numbers), firstId - 1)).toMatchObject({ firstId, repeats });
        }
        expect(numbersById(database, codec)).toEqual(known.map((n, i) => [i + 1, n]));
      }),
      { numRuns: 40 },
    );
  });

  it('get the ids that follow the last one given, also where the readings that bore it are gone', () => {
    using ground = createJournalGround();
    using database = openJournalFile(ground.file);
    const codec = new ReadingCodec({ devices: [], columns: [], words: [] });
    const inserts = new ReadingInserts(database);
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    database.exec('begin');
    expect(inserts.store(batchOf(codec, numbers), 1_000)).toEqual({
      ...{ firstId: 1_001, repeats: [], lastId: 1_050 },
    });
    expect(numbersById(database, codec)).toEqual(numbers.map((n) => [1_001 + n, n]));
  });

  it('get the ids that a log outside gave; what it gave before, and what the file knows, are repeats', () => {
    using ground = createJournalGround();
    using database = openJournalFile(ground.file);
    const codec = new ReadingCodec({ devices: [], columns: [], words: [] });
    const inserts = new ReadingInserts(database);
    const store = (numbers: number[], readings: number[], lastId: number) => {
      const given = { readings, messages: [], rejections: [] };
      return inserts.store({ ...batchOf(codec, numbers), given }, lastId);
    };
    database.exec('begin');
    expect(store([1, 2, 1], [5, 9, 5], 0)).toMatchObject({ repeats: [2], lastId: 9 });
    // The log had let go of reading 2, and gave it an id again.
    expect(store([2, 3], [10, 11], 9)).toMatchObject({ repeats: [0], lastId: 11 });
    expect(numbersById(database, codec)).toEqual([
      [5, 1],
      [9, 2],
      [11, 3],
    ]);
  });

  it('never take the place of a reading whose id they are given by mistake', () => {
    using ground = createJournalGround();
    using database = openJournalFile(ground.file);
    const codec = new ReadingCodec({ devices: [], columns: [], words: [] });
    const inserts = new ReadingInserts(database);
    const first = Array.from({ length: 40 }, (_, n) => n);
    inserts.store(batchOf(codec, first), 0);
    const others = first.map((n) => n + 100);
    expect(() => inserts.store(batchOf(codec, others), 10)).toThrow('UNIQUE constraint failed: readings.id');
    expect(numbersById(database, codec)).toEqual(first.map((n) => [n + 1, n]));
  });
});
