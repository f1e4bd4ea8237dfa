/** Rows of readings read by the thousand: the bytes of each record as they were stored, in order. */
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDamage } from '../../../../../journal/sqlite/failure-policy.ts';
import { type RowRun, RUN_ROWS, readRuns } from '../../../../../journal/sqlite/file/row-runs.ts';

let database: DatabaseSync;

beforeEach(() => {
  database = new DatabaseSync(':memory:');
  database.exec(
    'create table readings (id integer primary key, device integer, measured_at integer, record blob)',
  );
});
afterEach(() => database.close());

function store(id: number, device: number, measuredAt: number, record: Uint8Array): void {
  database.prepare('insert into readings values (?, ?, ?, ?)').run(id, device, measuredAt, record);
}

function rowsOf({ ids, devices, measuredAts, bytes, numbers }: RowRun) {
  let from = numbers.byteOffset;
  return ids.map((id, i) => {
    const record = new Uint8Array(numbers.buffer, from, bytes[i]);
    from += bytes[i] as number;
    return { id, device: devices[i], measuredAt: measuredAts[i], record: [...record] };
  });
}

const allRows = () => [...readRuns(database, 'true', 0)].flatMap(rowsOf);

describe('a run of rows', () => {
  it('has the bytes of every record unchanged, those that are no text included', () => {
    const record = fc
      .integer({ min: 1, max: 6 })
      .chain((numbers) => fc.uint8Array({ minLength: numbers * 8, maxLength: numbers * 8 }));
    const time = fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), time, record), { maxLength: 30 }), (rows) => {
        database.exec('delete from readings');
        rows.forEach(([device, measuredAt, bytes], i) => {
          store(i + 1, device, measuredAt, bytes);
        });
        const stored = rows.map(([device, measuredAt, bytes], i) => {
          return { id: i + 1, device, measuredAt: measuredAt + 0, record: [...bytes] };
        });
        expect(allRows()).toEqual(stored);
      }),
    );
  });

  it('is followed by the next one until the last row', () => {
    const record = new Uint8Array(Float64Array.of(1, 2, 3, 15).buffer);
    database.exec('begin');
    for (let id = 1; id <= 2 * RUN_ROWS + 1; id++) store(id * 3, id % 2, id, record);
    database.exec('commit');
    expect([...readRuns(database, 'true', 0)].map(({ ids }) => ids.length)).toEqual([RUN_ROWS, RUN_ROWS, 1]);
    const odd = [...readRuns(database, 'device = ?', 3 * RUN_ROWS, 1)].flatMap(({ ids }) => ids);
    expect(odd).toEqual(Array.from({ length: RUN_ROWS / 2 + 1 }, (_, i) => 3 * (RUN_ROWS + 1 + 2 * i)));
  });

  it.each([
    ['cut short', [32, 30, 34]],
    ['empty', [32, 0, 32]],
  ])('with a record that is %s is damage', (_, lengths) => {
    for (const [i, length] of lengths.entries()) store(i + 1, 0, 0, new Uint8Array(length));
    let thrown: unknown;
    try {
      allRows();
    } catch (error) {
      thrown = error;
    }
    expect(isDamage(thrown)).toBe(true);
  });

  it('with a record that has become a text takes nothing from its neighbours', () => {
    store(1, 0, 0, new Uint8Array(32).fill(1));
    database.prepare("insert into readings values (2, 0, 0, 'éééééééé')").run();
    store(3, 0, 0, new Uint8Array(32).fill(3));
    const [first, , third] = allRows();
    expect(first?.record).toEqual(Array(32).fill(1));
    expect(third?.record).toEqual(Array(32).fill(3));
  });
});
