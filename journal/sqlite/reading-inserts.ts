/**
 * Puts the readings of a batch into their table and says which of them the journal had already.
 *
 * Runs inside the commit's transaction (journal-store.ts). Invariants: ids are given in order and without gaps, to
 * what is stored alone; an id that is taken throws.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { BatchMessage } from './journal-messages.ts';
import {
  digestOf,
  RECORD_DEVICE,
  RECORD_LENGTH,
  RECORD_MEASURED_AT,
  RECORD_STORED,
} from './record-layout.ts';

const INSERT =
  'insert into readings (id, device, measured_at, digest, record) values (?, ?, ?, ?, ?) on conflict (measured_at, device, digest) do nothing';

export interface StoredBatch {
  readonly firstId: number;
  /** Positions in the batch of the readings that the journal had. */
  readonly repeats: readonly number[];
}

export class ReadingInserts {
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(INSERT);
  }

  /** `lastId` is the largest id given so far. Throws SQLite's error; then the transaction is to be rolled back. */
  store({ records, count }: BatchMessage, lastId: number): StoredBatch {
    const halves = new Uint32Array(records.buffer);
    const bytes = new Uint8Array(records.buffer);
    const repeats: number[] = [];
    let id = lastId + 1;
    for (let start = 0, position = 0; position < count; position++) {
      const end = start + (records[start + RECORD_LENGTH] as number);
      const storedAt = start + RECORD_STORED;
      const { changes } = this.#insert.run(
        id,
        records[start + RECORD_DEVICE] as number,
        records[start + RECORD_MEASURED_AT] as number,
        digestOf(halves, storedAt, end),
        bytes.subarray(storedAt * 8, end * 8),
      );
      if (changes === 1) id++;
      else repeats.push(position);
      start = end;
    }
    return { firstId: lastId + 1, repeats };
  }
}
