/**
 * ReadingEntries: the log of readings as the event loop sees it, for those who follow it; message-entries.ts is the
 * same for `status` and `ack`.
 *
 * The newest come from memory, older ones from the thread that reads the file. Invariant: an entry is readable before
 * the append that brought it resolves.
 */
import type { FollowedLog, JournalEntry, JournalError } from '../../journal.ts';
import { unpackEntries } from '../file/packed-entries.ts';
import type { ReadingCodec } from '../file/reading-codec.ts';
import type { IdRange, PackedEntries } from '../journal-messages.ts';
import { EntryWaiters } from './entry-waiters.ts';
import { RecentEntries } from './recent-entries.ts';

/** Bounds of the memory: 50,000 of 80 bytes, a second of a saturated ingest. */
const RECENT_ENTRIES = 50_000;
const RECENT_BYTES = 4 * 1024 * 1024;

export interface ReadingEntriesOptions {
  readonly codec: ReadingCodec;
  readonly maxRecent?: number | undefined;
  readonly readDisk: (range: IdRange) => Promise<PackedEntries>;
  /** Why there are no more entries; undefined while there are. */
  readonly end: () => JournalError | undefined;
}

export class ReadingEntries implements FollowedLog<JournalEntry> {
  readonly #options: ReadingEntriesOptions;
  readonly #recent: RecentEntries;
  readonly #waiters = new EntryWaiters();
  #lastId = 0;

  constructor(options: ReadingEntriesOptions) {
    this.#options = options;
    const { codec, maxRecent = RECENT_ENTRIES } = options;
    this.#recent = new RecentEntries({ codec, maxEntries: maxRecent, maxBytes: RECENT_BYTES });
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** In memory. */
  get recentCount(): number {
    return this.#recent.count;
  }

  startAfter(lastId: number): void {
    this.#lastId = lastId;
  }

  /** The record of `length` numbers that starts at `start` in `records` is on disk. */
  push(id: number, records: Float64Array, start: number, length: number): void {
    this.#recent.push(id, records, start, length);
    this.#lastId = id;
  }

  /** All of a commit was pushed. */
  wake(): void {
    this.#waiters.wake(this.#lastId);
  }

  async readAfter(afterId: number, limit: number): Promise<readonly JournalEntry[]> {
    const { codec, end, readDisk } = this.#options;
    const ended = end();
    if (ended) throw ended;
    const throughId = this.#lastId;
    if (afterId >= throughId || limit <= 0) return [];
    const recent = this.#recent.after(afterId, limit);
    return recent ?? unpackEntries(await readDisk({ afterId, throughId, limit }), codec);
  }

  waitForEntry(afterId: number, signal: AbortSignal): Promise<void> {
    const ended = this.#options.end();
    // Not resolved: who reads on from an end would ask again at once, for ever.
    if (ended) return Promise.reject(ended);
    if (this.#lastId > afterId || signal.aborted) return Promise.resolve();
    return this.#waiters.wait(afterId, signal);
  }

  /** Retention took those through this id, or others stand in their place. */
  dropThrough(id: number): void {
    this.#recent.dropThrough(id);
  }

  /** The journal has ended. */
  wakeAll(): void {
    this.#waiters.wakeAll();
  }
}
