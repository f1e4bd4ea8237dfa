/**
 * MessageEntries: the log of `status` and `ack` as the event loop sees it, for those who follow it.
 *
 * The newest stay in memory, so that a follower in the steady state never reads the disk. Invariants: the ids in
 * memory have no gap; an entry is readable before the append that brought it is answered.
 */
import type { DeviceMessage, MessageEntry } from '../../device-messages.ts';
import { type FollowedLog, JournalError } from '../../journal.ts';
import type { IdRange, MessagesHeld } from '../journal-messages.ts';
import { isOverMessageBound, MAX_MESSAGES, MESSAGE_BYTES } from '../writing/message-bounds.ts';
import { EntryWaiters } from './entry-waiters.ts';

/** Bounds of the memory: all devices of a large city that connect at once. */
const RECENT_MESSAGES = 10_000;
const RECENT_BYTES = 4 * 1024 * 1024;

export interface MessageEntriesOptions {
  readonly readDisk: (range: IdRange) => Promise<readonly MessageEntry[]>;
  /** Why there are no more entries; undefined while there are. */
  readonly end: () => JournalError | undefined;
}

export class MessageEntries implements FollowedLog<MessageEntry> {
  readonly #options: MessageEntriesOptions;
  readonly #waiters = new EntryWaiters();
  #recent: MessageEntry[] = [];
  #recentBytes = 0;
  #lastId = 0;
  /** In the file. */
  held: MessagesHeld = { count: 0, bytes: 0 };

  constructor(options: MessageEntriesOptions) {
    this.#options = options;
  }

  get lastId(): number {
    return this.#lastId;
  }

  get isOverBound(): boolean {
    return isOverMessageBound(this.held);
  }

  /** Why no more are taken; undefined when they are. */
  get refusal(): JournalError | undefined {
    if (!isOverMessageBound(this.held, 2)) return undefined;
    return new JournalError(
      'JOURNAL_FULL',
      `more than ${2 * MAX_MESSAGES} status and ack wait to be followed`,
    );
  }

  startAfter(lastId: number, held: MessagesHeld): void {
    this.#lastId = lastId;
    this.held = held;
  }

  push(firstId: number, messages: readonly DeviceMessage[]): void {
    if (firstId !== this.#lastId + 1) this.#forget();
    messages.forEach((message, i) => {
      this.#recent.push({ id: firstId + i, message });
      this.#recentBytes += weigh(message);
    });
    this.#lastId = firstId + messages.length - 1;
    this.#dropOldest();
    this.#waiters.wake(this.#lastId);
  }

  async readAfter(afterId: number, limit: number): Promise<readonly MessageEntry[]> {
    const end = this.#options.end();
    if (end) throw end;
    const throughId = this.#lastId;
    if (afterId >= throughId || limit <= 0) return [];
    const first = this.#recent[0];
    if (!first || afterId + 1 < first.id) return this.#options.readDisk({ afterId, throughId, limit });
    const from = afterId + 1 - first.id;
    return this.#recent.slice(from, from + limit);
  }

  waitForEntry(afterId: number, signal: AbortSignal): Promise<void> {
    const end = this.#options.end();
    if (end) return Promise.reject(end);
    if (this.#lastId > afterId || signal.aborted) return Promise.resolve();
    return this.#waiters.wait(afterId, signal);
  }

  /** Retention took some of them through this id; those that stay are on disk. */
  dropThrough(id: number, held: MessagesHeld): void {
    this.held = held;
    this.#drop(this.#recent.findLastIndex((entry) => entry.id <= id) + 1);
  }

  /** The journal has ended. */
  wakeAll(): void {
    this.#waiters.wakeAll();
  }

  #dropOldest(): void {
    let drop = 0;
    let bytes = this.#recentBytes;
    while (this.#recent.length - drop > RECENT_MESSAGES || bytes > RECENT_BYTES) {
      bytes -= weigh((this.#recent[drop++] as MessageEntry).message);
    }
    this.#drop(drop);
  }

  #drop(count: number): void {
    for (const { message } of this.#recent.splice(0, count)) this.#recentBytes -= weigh(message);
  }

  #forget(): void {
    this.#recent = [];
    this.#recentBytes = 0;
  }
}

function weigh({ payload }: DeviceMessage): number {
  return payload.byteLength + MESSAGE_BYTES;
}
