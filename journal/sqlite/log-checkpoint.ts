/**
 * Carries the write-ahead log into the journal's file beside the commits, before one of them has to.
 *
 * SQLite would do it inside the commit that makes the log too long: 8 ms at rest, for which the readings of
 * that commit waited though they were on disk. A thread does it while commits go on; what they add meanwhile,
 * a few pages, is carried between two of them, since only a log that is carried whole begins anew. How long the
 * log is SQLite does not say without a checkpoint, so its growth is estimated. Invariant: only when, never
 * whether: SQLite's own checkpoint stays behind it, at four times the length (journal-file.ts), and no promise
 * depends on either.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { CheckpointThread } from './checkpoint-thread.ts';
import { CHECKPOINT_PAGES } from './journal-file.ts';
import type { BatchMessage } from './journal-messages.ts';

const PAGE_BYTES = 4096;
/** The last pages of table and index, begun and filled up again by every commit. */
const PAGES_PER_COMMIT = 4;
/** Of a reading, with its row's columns and once more in the identity, as its pages fill. */
const BYTES_PER_READING = 150;

export class LogCheckpoint {
  readonly #thread: CheckpointThread;
  readonly #checkpoint: StatementSync;
  /** Estimated; since the thread began, or the log. */
  #pages = 0;
  /** The thread has begun with the log, and its end is left. */
  #isBegun = false;

  /** `onThreadEnd` is told once where there is no such thread (any more): the writing thread does its work. */
  constructor(database: DatabaseSync, file: string, onThreadEnd: (error: Error) => void) {
    this.#thread = new CheckpointThread(file, onThreadEnd);
    this.#checkpoint = database.prepare('pragma wal_checkpoint(passive)');
  }

  /** A batch has been committed. */
  grow({ count, rejections }: BatchMessage): void {
    const bytes = count * BYTES_PER_READING + (rejections?.payloads.byteLength ?? 0);
    this.#pages += PAGES_PER_COMMIT + bytes / PAGE_BYTES;
  }

  /** Between two commits. The end of the log is carried as soon as the thread is done, while it is short. */
  run(isIdle: boolean): void {
    if (this.#thread.isBusy) return;
    if (this.#isBegun) {
      this.#finish();
      return;
    }
    if (this.#pages < CHECKPOINT_PAGES) return;
    if (this.#thread.start()) {
      this.#isBegun = true;
      this.#pages = 0;
    } else if (isIdle || this.#pages >= 2 * CHECKPOINT_PAGES) this.#finish();
  }

  /** No checkpoint goes on when this returns. */
  close(): void {
    this.#thread.close();
  }

  #finish(): void {
    this.#isBegun = false;
    this.#pages = 0;
    try {
      this.#checkpoint.get();
    } catch {
      // What is wrong with the disk shows in the next commit, as it does with SQLite's own checkpoint; the log
      // is kept, and tried again when it has grown by as much.
    }
  }
}
