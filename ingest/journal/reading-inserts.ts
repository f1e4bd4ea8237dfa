/**
 * Puts the readings of a batch into their table, twenty a statement, and says which the journal had already.
 *
 * How many rows a statement has stored tells whether there was a repeat among them, and not which: its rows
 * are then taken out again and stored one by one. Invariants: runs inside the caller's transaction; ids are
 * given in order and without gaps, to what is stored alone; an id that is taken throws, whatever stands there.
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
 * Rows of one statement. Processor µs a row in commits of 1,000: one 1.30, eight 0.93, twenty 0.85, fifty 0.82;
 * what is left of a batch goes one by one, and so does all around a repeat.
 */
const ROWS = 20;

/** Without numbers: SQLite looks for a numbered parameter in a list as long as there are parameters. */
const ROW_PARAMETERS = '(?, ?, ?, ?, ?)';
/** Parameters of a row: id, device, measured_at, digest, record. */
const ROW_WIDTH = 5;

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
    const insert = (rows: number) =>
      database.prepare(
        `insert into readings (id, device, measured_at, digest, record) values ${Array(rows).fill(ROW_PARAMETERS).join()} on conflict (measured_at, device, digest) do nothing`,
      );
    this.#insertOne = insert(1);
    this.#insertMany = insert(ROWS);
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
      parameters[at] = lastId + 1 + position - repeats.length;
      parameters[at + 1] = records[start + RECORD_DEVICE] as number;
      parameters[at + 2] = records[start + RECORD_MEASURED_AT] as number;
      parameters[at + 3] = digestOf(halves, storedAt, end);
      parameters[at + 4] = bytes.subarray(storedAt * 8, end * 8);
      start = end;
      if (++rows < ROWS && position < count - 1) continue;
      this.#storeRows(rows, position + 1 - rows, repeats);
      rows = 0;
    }
    // The rows hold views of the batch's buffer, which goes back to the event loop.
    parameters.length = 0;
    return { firstId: lastId + 1, repeats };
  }

  /** The first of the rows is at `firstPosition` of its batch. */
  #storeRows(rows: number, firstPosition: number, repeats: number[]): void {
    if (rows === ROWS && !this.#expectsRepeats) {
      if (this.#insertMany.run(...this.#parameters).changes === ROWS) return;
      const firstId = this.#parameters[0] as number;
      // Ids above the last one given: what stands there came with this statement, which else had thrown.
      this.#takeOut.run(firstId, firstId + ROWS - 1);
    }
    const repeatsBefore = repeats.length;
    let id = this.#parameters[0] as number;
    for (let row = 0; row < rows; row++) {
      const at = row * ROW_WIDTH;
      this.#parameters[at] = id;
      if (this.#insertOne.run(...this.#parameters.slice(at, at + ROW_WIDTH)).changes === 1) id++;
      else repeats.push(firstPosition + row);
    }
    this.#expectsRepeats = repeats.length > repeatsBefore;
  }
}
