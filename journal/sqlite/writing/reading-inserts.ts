/**
 * Puts the readings of a batch into their table and says which of them the journal had already.
 *
 * Runs inside the commit's transaction (journal-store.ts). Invariants: ids are given in order and without gaps, to
 * what is stored alone; an id that is taken throws. Ids of a log outside ascend too, and one at or below the last is a
 * repeat; only a refill stores below it, where the id and the reading are not there.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  digestOf,
  RECORD_DEVICE,
  RECORD_LENGTH,
  RECORD_MEASURED_AT,
  RECORD_STORED,
} from '../file/record-layout.ts';
import type { BatchMessage } from '../journal-messages.ts';

const INSERT =
  'insert into readings (id, device, measured_at, digest, record) values (?, ?, ?, ?, ?) on conflict (measured_at, device, digest) do nothing';
const REFILL =
  'insert into readings (id, device, measured_at, digest, record) values (?, ?, ?, ?, ?) on conflict do nothing';

export interface StoredBatch {
  readonly firstId: number;
  /** Positions in the batch of the readings that the journal had. */
  readonly repeats: readonly number[];
  /** The largest id given by now. */
  readonly lastId: number;
}

export class ReadingInserts {
  readonly #insert: StatementSync;
  readonly #refill: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(INSERT);
    this.#refill = database.prepare(REFILL);
  }

  /** `lastId` is the largest id given so far. Throws SQLite's error; then the transaction is to be rolled back. */
  store({ records, count, given, isRefill = false }: BatchMessage, lastId: number): StoredBatch {
    const halves = new Uint32Array(records.buffer);
    const bytes = new Uint8Array(records.buffer);
    const repeats: number[] = [];
    const insert = isRefill ? this.#refill : this.#insert;
    let last = lastId;
    for (let start = 0, position = 0; position < count; position++) {
      const end = start + (records[start + RECORD_LENGTH] as number);
      const id = given ? (given.readings[position] as number) : last + 1;
      const storedAt = start + RECORD_STORED;
      const isNew =
        (isRefill || id > last) &&
        insert.run(
          id,
          records[start + RECORD_DEVICE] as number,
          records[start + RECORD_MEASURED_AT] as number,
          digestOf(halves, storedAt, end),
          bytes.subarray(storedAt * 8, end * 8),
        ).changes === 1;
      if (isNew) last = Math.max(last, id);
      else repeats.push(position);
      start = end;
    }
    return { firstId: lastId + 1, repeats, lastId: last };
  }
}
