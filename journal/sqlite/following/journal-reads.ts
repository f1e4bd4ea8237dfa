/**
 * The event loop's side of the reading thread: entries and messages older than memory holds, and rejections.
 *
 * The thread is started with a question and ended when nobody has asked for a minute: in the steady state nobody
 * reads the disk, and a thread is some 10 MB. Invariants: it never ends by itself while a question waits;
 * questions that wait when it is ended reject.
 */

import { CallingWorker } from '../../../database/worker-calls.ts';
import type { KeptRejection, RejectionReason } from '../../../devices/rejection.ts';
import type { MessageEntry } from '../../device-messages.ts';
import type { RejectionQuery } from '../../journal.ts';
import type { IdRange, PackedEntries, ReaderCalls, RejectionAnswer } from '../journal-messages.ts';

/** Longer than the pauses between the reads of a restart, or of a person who leafs through rejections. */
const END_AFTER_MS = 60_000;

export class JournalReads {
  readonly #file: string;
  readonly #onDeath: (error: Error) => void;
  #worker: CallingWorker<ReaderCalls> | undefined;
  /** Questions without an answer yet. */
  #open = 0;
  #endWhenIdle: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(file: string, onDeath: (error: Error) => void) {
    this.#file = file;
    this.#onDeath = onDeath;
  }

  readAfter(range: IdRange): Promise<PackedEntries> {
    return this.#ask((thread) => thread.call('readAfter', range));
  }

  messagesAfter(range: IdRange): Promise<readonly MessageEntry[]> {
    return this.#ask((thread) => thread.call('messagesAfter', range));
  }

  async rejections(query: RejectionQuery): Promise<readonly KeptRejection[]> {
    const rows = await this.#ask((thread) => thread.call('rejections', query));
    return rows.map(toKeptRejection);
  }

  /** Another file has taken the place of the journal's. */
  async reopen(): Promise<void> {
    if (this.#worker) await this.#ask((thread) => thread.call('reopen', undefined));
  }

  async terminate(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#endWhenIdle);
    await this.#worker?.terminate();
  }

  async #ask<T>(question: (thread: CallingWorker<ReaderCalls>) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new Error('closed');
    clearTimeout(this.#endWhenIdle);
    this.#open++;
    try {
      return await question(this.#thread());
    } finally {
      this.#open--;
      if (this.#open === 0) this.#endWhenIdle = setTimeout(() => this.#endIdle(), END_AFTER_MS).unref();
    }
  }

  #endIdle(): void {
    const idle = this.#worker;
    this.#worker = undefined;
    idle?.terminate();
  }

  #thread(): CallingWorker<ReaderCalls> {
    this.#worker ??= new CallingWorker({
      file: new URL('./journal-reader.ts', import.meta.url),
      workerData: { file: this.#file },
      onDeath: this.#onDeath,
    });
    return this.#worker;
  }
}

function toKeptRejection({ device, replayedAt, reason, ...rest }: RejectionAnswer): KeptRejection {
  return {
    ...rest,
    reason: reason as RejectionReason,
    ...(device === null ? {} : { device }),
    ...(replayedAt === null ? {} : { replayedAt }),
  };
}
