/**
 * Puts the readings of a batch into their table, twenty a statement, and says which the journal had already.
 *
 * A statement of many rows leaves their ids to SQLite, which goes on from the largest, and everything that it
 * cannot store aside. Where so many were not stored, or under other ids than are to be given (the largest is
 * trimmed away), its rows are taken out again and stored one by one. Invariants: runs inside the caller's
 * transaction; ids are given in order and without gaps, to what is stored alone; an id that is taken throws.
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { BatchMessage } from './journal-messages.ts';
import {
  digestOf,
  RECORD_DEVICE,
  RECORD_LENGTH,
  RECORD_MEASURED_AT,
  RECORD_STORED,
} from './record-layout.ts';

/**
 * Rows of one statement. Processor µs a row in commits of 1,000: one 1.30, twenty 0.64; fifty gain 0.03 more, but
 * what is left of a batch goes one by one. With the ids as parameters, and a conflict clause, twenty take 0.82.
 */
const ROWS = 20;

/** Without numbers: SQLite looks for a numbered parameter in a list as long as there are parameters. */
const INSERT_MANY = `insert or ignore into readings (device, measured_at, digest, record) values ${Array(ROWS).fill('(?, ?, ?, ?)').join()}`;
const INSERT_ONE =
  'insert into readings (device, measured_at, digest, record, id) values (?, ?, ?, ?, ?) on conflict (measured_at, device, digest) do nothing';
/** Parameters of a row: device, measured_at, digest, record. */
const ROW_WIDTH = 4;

export interface StoredBatch {
  readonly firstId: number;
  /** Positions in the batch of the readings that the journal had. */
  readonly repeats: readonly number[];
}

export class ReadingInserts {
  readonly #insertOne: StatementSync;
  readonly #insertMany: StatementSync;
  readonly #takeOut: StatementSync;
  /** Of the rows that are next, ROW_WIDTH of each. */
  readonly #parameters: SQLInputValue[] = [];
  /** Where repeats come they come in runs, so the rows after one are not tried together. */
  #expectsRepeats = false;

  constructor(database: DatabaseSync) {
    this.#insertOne = database.prepare(INSERT_ONE);
    this.#insertMany = database.prepare(INSERT_MANY);
    this.#takeOut = database.prepare('delete from readings where id between ? and ?');
  }

  /** `lastId` is the largest id given so far. Throws SQLite's error; then the transaction is to be rolled back. */
  store({ records, count }: BatchMessage, lastId: number): StoredBatch {
    const halves = new Uint32Array(records.buffer);
    const bytes = new Uint8Array(records.buffer);
    const parameters = this.#parameters;
    const repeats: number[] = [];
    let rows = 0;
    for (let start = 0, position = 0; position < count; position++) {
      const end = start + (records[start + RECORD_LENGTH] as number);
      const storedAt = start + RECORD_STORED;
      const at = rows * ROW_WIDTH;
      parameters[at] = records[start + RECORD_DEVICE] as number;
      parameters[at + 1] = records[start + RECORD_MEASURED_AT] as number;
      parameters[at + 2] = digestOf(halves, storedAt, end);
      parameters[at + 3] = bytes.subarray(storedAt * 8, end * 8);
      start = end;
      if (++rows < ROWS && position < count - 1) continue;
      const first = position + 1 - rows;
      this.#storeRows(rows, first, lastId + 1 + first - repeats.length, repeats);
      rows = 0;
    }
    // The rows hold views of the batch's buffer, which goes back to the event loop.
    parameters.length = 0;
    return { firstId: lastId + 1, repeats };
  }

  /** The first of the rows is at `firstPosition` of its batch; the first that is stored gets `firstId`. */
  #storeRows(rows: number, firstPosition: number, firstId: number, repeats: number[]): void {
    if (rows === ROWS && !this.#expectsRepeats && this.#storeTogether(firstId)) return;
    const repeatsBefore = repeats.length;
    let id = firstId;
    for (let row = 0; row < rows; row++) {
      const at = row * ROW_WIDTH;
      const { changes } = this.#insertOne.run(...this.#parameters.slice(at, at + ROW_WIDTH), id);
      if (changes === 1) id++;
      else repeats.push(firstPosition + row);
    }
    this.#expectsRepeats = repeats.length > repeatsBefore;
  }

  /** All of them, under the ids from `firstId` on; or none, and false. */
  #storeTogether(firstId: number): boolean {
    const result = this.#insertMany.run(...this.#parameters);
    const changes = Number(result.changes);
    const last = Number(result.lastInsertRowid);
    if (changes === ROWS && last === firstId + ROWS - 1) return true;
    // The ids that SQLite gave are the `changes` highest ones.
    if (changes > 0) this.#takeOut.run(last - changes + 1, last);
    return false;
  }
}
