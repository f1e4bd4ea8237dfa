/**
 * The journal's file as its writing thread sees it: commits of batches, and the newest reading of each device.
 *
 * One transaction holds everything of a commit: dictionary, readings, messages, rejections. Invariants: a commit that
 * throws has changed neither the file nor the ids; an id is given in order and once, without gaps within a
 * run, but for those that a log outside has given: they may leave some out, and a refill comes in below the last.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Dictionary } from '../file/dictionary.ts';
import { openJournalFile, pragma, readLastId, writeDictionary, writeMeta } from '../file/journal-file.ts';
import type {
  BatchMessage,
  MessageTrimOutcome,
  PackedEntries,
  TrimStep,
  WriterData,
} from '../journal-messages.ts';
import { LatestReadings } from './latest-readings.ts';
import { MessageLog } from './message-log.ts';
import { ReadingInserts, type StoredBatch } from './reading-inserts.ts';
import { RejectionShelf } from './rejection-shelf.ts';

const NONE: readonly never[] = [];

export interface StoredCommit {
  readonly batches: readonly (StoredBatch & { readonly firstMessageId: number })[];
  readonly rejections: number;
  readonly rejectionsDropped: number;
  readonly rejectionsOfShare: number;
  readonly beyondShare: readonly string[];
}

export class JournalStore {
  readonly database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #pageCount: StatementSync;
  readonly #freePages: StatementSync;
  readonly #pageBytes: number;
  readonly #inserts: ReadingInserts;
  readonly #latest: LatestReadings;
  readonly #shelf: RejectionShelf;
  readonly messages: MessageLog;
  readonly #retentionMs: number;
  #lastId: number;
  #pages: number;
  #usedPages = 0;
  /** Numbered by the event loop, and not yet on disk because no commit has succeeded since. */
  #unwritten: Dictionary[] = [];

  /** Opens the file, creates it where absent. Throws JournalError JOURNAL_TOO_NEW, or SQLite's own error. */
  constructor(options: WriterData) {
    this.database = openJournalFile(options.file);
    this.#begin = this.database.prepare('begin immediate');
    this.#commit = this.database.prepare('commit');
    this.#pageCount = this.database.prepare('pragma page_count');
    this.#freePages = this.database.prepare('pragma freelist_count');
    this.#pageBytes = pragma(this.database, 'page_size');
    this.#pages = this.#readPages();
    this.#usedPages = this.#pages - this.#readFreePages();
    this.#inserts = new ReadingInserts(this.database);
    this.#latest = new LatestReadings(this.database);
    this.#shelf = new RejectionShelf(this.database, options.maxRejections);
    this.messages = new MessageLog(this.database);
    this.#retentionMs = options.retentionMs;
    this.#lastId = readLastId(this.database);
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** Of the last commit. */
  get fileBytes(): number {
    return this.#pages * this.#pageBytes;
  }

  /** Without the free pages. */
  get usedBytes(): number {
    return this.#usedPages * this.#pageBytes;
  }

  /** Names that the next commit writes before its readings. */
  learn(dictionary: Dictionary): void {
    this.#unwritten.push(dictionary);
  }

  /** Returns when everything is on disk (fsync of the WAL). Throws SQLite's error, and then nothing happened. */
  commit(batches: readonly BatchMessage[]): StoredCommit {
    const before = this.#lastId;
    const { lastId: lastMessageId, held } = this.messages;
    this.#begin.run();
    try {
      for (const dictionary of this.#unwritten) writeDictionary(this.database, dictionary);
      const stored = batches.map((batch) => this.#storeBatch(batch));
      const shelved = batches.flatMap((batch) =>
        batch.rejections
          ? [this.#shelf.store(batch.rejections, batch.given?.rejections, batch.isRefill)]
          : [],
      );
      const refilled = batches.flatMap(({ isRefill, given }) => (isRefill && given?.readings[0]) || []);
      if (refilled.length > 0) this.#latest.goBack(Math.min(...refilled) - 1);
      const writesLatest = refilled.length === 0 && this.#latest.isDue(before);
      if (writesLatest) this.#latest.write(before);
      // Here it costs no locks of its own.
      const pages = this.#readPages();
      const usedPages = pages - this.#readFreePages();
      this.#commit.run();
      this.#pages = pages;
      this.#usedPages = usedPages;
      this.#unwritten = [];
      if (writesLatest) this.#latest.written(before);
      batches.forEach((batch, i) => {
        this.#latest.move(batch, stored[i] as StoredBatch);
      });
      return {
        batches: stored,
        rejections: shelved.reduce((sum, each) => sum + each.stored, 0),
        rejectionsDropped: shelved.reduce((sum, each) => sum + each.dropped, 0),
        rejectionsOfShare: shelved.reduce((sum, each) => sum + each.droppedOfShare, 0),
        beyondShare: shelved.flatMap((each) => each.beyondShare),
      };
    } catch (error) {
      this.#lastId = before;
      this.messages.takeBack(lastMessageId, held);
      this.#rollBack();
      this.#shelf.forget();
      throw error;
    }
  }

  /** Ids up to this one are not given (again). */
  skipIds(throughId: number, messagesThroughId: number): void {
    writeMeta(this.database, 'idsGivenThrough', throughId);
    this.#lastId = Math.max(this.#lastId, throughId);
    this.messages.skipIds(messagesThroughId);
  }

  trimMessages(step: TrimStep): MessageTrimOutcome {
    return this.messages.trimStep(step, this.#retentionMs);
  }

  /** The latest reading of every device that is still in the journal. */
  latest(): PackedEntries {
    return this.#latest.read();
  }

  markReplayed(id: number, replayedAt: number): void {
    this.database.prepare('update rejections set replayed_at = ? where id = ?').run(replayedAt, id);
  }

  close(): void {
    if (!this.database.isOpen) return;
    try {
      this.database.exec('begin immediate');
      this.#latest.write(this.#lastId);
      this.database.exec('commit');
      this.#latest.written(this.#lastId);
    } catch {
      // A full or damaged disk: the next start reads on from the last `latest` that was written.
      this.#rollBack();
    }
    this.database.close();
  }

  /** Closes a damaged file without writing to it. */
  abandon(): void {
    this.database.close();
  }

  #storeBatch(batch: BatchMessage): StoredCommit['batches'][number] {
    const stored = this.#inserts.store(batch, this.#lastId);
    this.#lastId = stored.lastId;
    const firstMessageId = this.messages.store(batch.messages ?? NONE, batch.given?.messages, batch.isRefill);
    return { ...stored, firstMessageId };
  }

  #readPages(): number {
    return Number(this.#pageCount.get()?.['page_count']);
  }

  #readFreePages(): number {
    return Number(this.#freePages.get()?.['freelist_count']);
  }

  #rollBack(): void {
    // SQLite has rolled back by itself after some errors (full, I/O).
    if (this.database.isOpen && this.database.isTransaction) this.database.exec('rollback');
  }
}
