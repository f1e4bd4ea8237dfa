/**
 * Carries the write-ahead log into the journal's file between two commits, when nobody waits for one.
 *
 * SQLite would do it inside the commit that makes the log too long: 8 ms at rest, for which the readings of
 * that commit waited though they were on disk. How long the log is it does not say without a checkpoint, so
 * its growth is estimated. Invariant: only when, never whether: SQLite's own checkpoint stays behind it, at
 * four times the length (journal-file.ts), and no promise depends on either.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { CHECKPOINT_PAGES } from './journal-file.ts';
import type { BatchMessage } from './journal-messages.ts';

const PAGE_BYTES = 4096;
/** The last pages of table and index, begun and filled up again by every commit. */
const PAGES_PER_COMMIT = 4;
/** Of a reading, with its row's columns and once more in the identity, as its pages fill. */
const BYTES_PER_READING = 150;

export class LogCheckpoint {
  readonly #checkpoint: StatementSync;
  /** Estimated. */
  #pages = 0;

  constructor(database: DatabaseSync) {
    this.#checkpoint = database.prepare('pragma wal_checkpoint(passive)');
  }

  /** A batch has been committed. */
  grow({ count, rejections }: BatchMessage): void {
    const bytes = count * BYTES_PER_READING + (rejections?.payloads.byteLength ?? 0);
    this.#pages += PAGES_PER_COMMIT + bytes / PAGE_BYTES;
  }

  /** When it is due, and at twice that also where a batch waits. */
  run(isIdle: boolean): void {
    if (this.#pages < (isIdle ? 1 : 2) * CHECKPOINT_PAGES) return;
    this.#pages = 0;
    try {
      this.#checkpoint.get();
    } catch {
      // What is wrong with the disk shows in the next commit, as it does with SQLite's own checkpoint; the log
      // is kept, and tried again when it has grown by as much.
    }
  }
}
