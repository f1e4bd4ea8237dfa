/**
 * The event loop's side of the reading thread: entries older than memory holds, and rejections.
 *
 * The thread is started with the first question, since in the steady state nobody reads the disk.
 * Invariant: questions that wait when the thread is ended reject.
 */
import type { KeptRejection, RejectionReason } from '../rejection.ts';
import type { RejectionQuery } from './journal.ts';
import type { PackedEntries, ReaderCalls, RejectionAnswer } from './journal-messages.ts';
import { CallingWorker } from './worker-calls.ts';

export class JournalReads {
  readonly #file: string;
  readonly #onDeath: (error: Error) => void;
  #worker: CallingWorker<ReaderCalls> | undefined;

  constructor(file: string, onDeath: (error: Error) => void) {
    this.#file = file;
    this.#onDeath = onDeath;
  }

  readAfter(afterId: number, throughId: number, limit: number): Promise<PackedEntries> {
    return this.#thread().call('readAfter', { afterId, throughId, limit });
  }

  async rejections(query: RejectionQuery): Promise<readonly KeptRejection[]> {
    const rows = await this.#thread().call('rejections', query);
    return rows.map(toKeptRejection);
  }

  /** Another file has taken the place of the journal's. */
  async reopen(): Promise<void> {
    await this.#worker?.call('reopen', undefined);
  }

  async terminate(): Promise<void> {
    await this.#worker?.terminate();
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
