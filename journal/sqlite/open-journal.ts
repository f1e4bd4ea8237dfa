/**
 * openJournal: the journal as the event loop sees it.
 *
 * Appends go through group-commit.ts to the writing thread; the newest entries stay in memory for those who
 * follow, older ones are read by a thread of their own. A damaged file is salvaged, by the writing thread at
 * the start or when it or the reader stumbles. Invariants: an entry is readable before the append that
 * brought it resolves; after the writing thread died nothing is acknowledged any more.
 */

import { CallingWorker, type WorkerCallError } from '../../database/worker-calls.ts';
import type { Reading } from '../../devices/reading.ts';
import type { KeptRejection, RejectedMessage } from '../../devices/rejection.ts';
import type { DeviceMessage, MessageEntry } from '../device-messages.ts';
import {
  type AppendOutcome,
  type Journal,
  type JournalEntry,
  JournalError,
  type RejectionQuery,
} from '../journal.ts';
import { outcomeOf, type Waiter } from '../waiter.ts';
import { backupDatabaseFile, JOURNAL_TABLES } from './backup-journal.ts';
import { EntryWaiters } from './entry-waiters.ts';
import { GroupCommit } from './group-commit.ts';
import type { OpenedJournal, WriterCalls, WriterData, WriterEvent } from './journal-messages.ts';
import {
  createJournalMetrics,
  type JournalMetrics,
  measureCommit,
  reportOpened,
  reportSalvage,
} from './journal-metrics.ts';
import type { JournalOptions } from './journal-options.ts';
import { JournalReads } from './journal-reads.ts';
import { JournalTrims } from './journal-trims.ts';
import { JournalTrouble } from './journal-trouble.ts';
import { MessageEntries } from './message-entries.ts';
import { unpackEntries } from './packed-entries.ts';
import { readOrSalvage } from './read-or-salvage.ts';
import { ReadingCodec } from './reading-codec.ts';
import { RecentEntries } from './recent-entries.ts';
import { RECORD_DEVICE } from './record-layout.ts';

/** Bounds of the memory of recent entries: 50,000 of 80 bytes, a second of a saturated ingest. */
const RECENT_ENTRIES = 50_000;
const RECENT_BYTES = 4 * 1024 * 1024;
const NONE: readonly never[] = [];

/** Opens the journal, creates it where absent, salvages it where damaged. Throws JournalError. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const journal = new SqliteJournal(options);
  try {
    await journal.open();
    return journal;
  } catch (error) {
    await journal.abandon();
    throw error;
  }
}

class SqliteJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #writer: CallingWorker<WriterCalls, WriterEvent>;
  readonly #reads: JournalReads;
  readonly #metrics: JournalMetrics;
  readonly #codec = new ReadingCodec({ devices: [], columns: [], words: [] });
  readonly #commits: GroupCommit;
  readonly #recent: RecentEntries;
  readonly #waiters = new EntryWaiters();
  readonly #trouble: JournalTrouble;
  readonly #trims: JournalTrims;
  readonly messages: MessageEntries;
  #lastId = 0;
  /** Set once: nothing is appended after it. */
  #end: JournalError | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    const { file, maxBatch, maxRejections, retentionMs, maxBytes } = options;
    const openedAt = options.now();
    const data: WriterData = { file, openedAt, maxBatch, maxRejections, retentionMs, maxBytes };
    this.#writer = new CallingWorker({
      file: new URL('./journal-writer.ts', import.meta.url),
      workerData: data,
      onEvent: (event) => this.#take(event),
      onDeath: (error) => this.#die(error),
    });
    this.#reads = new JournalReads(file, (error) => this.#die(error));
    this.#recent = new RecentEntries({
      codec: this.#codec,
      maxEntries: options.recentEntries ?? RECENT_ENTRIES,
      maxBytes: RECENT_BYTES,
    });
    this.messages = new MessageEntries({
      readDisk: (range) => this.#read(() => this.#reads.messagesAfter(range)),
      end: () => this.#end,
    });
    this.#commits = new GroupCommit({
      codec: this.#codec,
      maxBatch,
      maxWaitingBytes: options.maxWaitingBytes,
      post: (message) => this.#writer.post(message, [message.records.buffer]),
      onStored: (id, records, start, length) => {
        this.#recent.push(id, records, start, length);
        this.#lastId = id;
        this.#metrics.countReading(records[start + RECORD_DEVICE] as number);
      },
      onRepeat: (device) => {
        this.#metrics.countReading(device);
        options.onRepeat?.(this.#codec.deviceAt(device));
      },
      onMessages: (firstId, messages) => {
        this.messages.push(firstId, messages);
        for (const { channel } of messages) this.#metrics.messages.inc({ channel });
      },
      onRefused: (count) => this.#metrics.refused.inc(count),
    });
    this.#metrics = createJournalMetrics(options.metrics, {
      waitingBytes: () => this.waitingBytes,
      recentEntries: () => this.#recent.count,
      lastId: () => this.#lastId,
      hasProblem: () => this.problem !== undefined,
      kindOf: (device) => this.#codec.columnsOf(device).kind,
      messagesHeld: () => this.messages.held.count,
    });
    const { log, now } = options;
    this.#trims = new JournalTrims({
      trimStep: (step) => this.#read(() => this.#writer.call('trim', step)),
      trimMessagesStep: (step) => this.#read(() => this.#writer.call('trimMessages', step)),
      ...{ recent: this.#recent, messages: this.messages, metrics: this.#metrics, maxBytes, log },
      hasEnded: () => this.#end !== undefined,
    });
    this.#trouble = new JournalTrouble({ log, now, failedCommits: this.#metrics.failedCommits });
  }

  async open(): Promise<void> {
    let opened: OpenedJournal;
    try {
      opened = await this.#writer.call('open', undefined);
    } catch (error) {
      const code = (error as WorkerCallError).code === 'JOURNAL_TOO_NEW' ? 'JOURNAL_TOO_NEW' : 'JOURNAL_IO';
      throw new JournalError(code, (error as Error).message, { cause: error });
    }
    this.#codec.learn(opened.dictionary);
    this.#lastId = opened.lastId;
    this.#metrics.fileBytes.set(opened.fileBytes);
    this.messages.startAfter(opened.lastMessageId, opened.messagesHeld);
    this.#trims.usedBytes = opened.usedBytes;
    reportOpened(this.#options.log, this.#metrics, opened);
  }

  get lastId(): number {
    return this.#lastId;
  }

  get waitingBytes(): number {
    return this.#commits.waitingBytes;
  }

  get problem(): string | undefined {
    return this.#trouble.problem;
  }

  get isOverBound(): boolean {
    return this.#trims.isOverBound;
  }

  async append(...entries: Parameters<Journal['append']>): Promise<AppendOutcome> {
    const { stored, repeated } = await outcomeOf((waiter) => this.appendFor(waiter, ...entries));
    return { stored, repeated };
  }

  appendFor(
    waiter: Waiter,
    readings: readonly Reading[],
    rejections: readonly RejectedMessage[],
    messages: readonly DeviceMessage[] = NONE,
  ): void {
    const refusal = this.#end ?? (messages.length > 0 ? this.messages.refusal : undefined);
    if (refusal) {
      this.#metrics.refused.inc(readings.length + rejections.length + messages.length);
      waiter.refused(refusal);
    } else if (readings.length + rejections.length + messages.length === 0) waiter.stored(0, 0, 0);
    else this.#commits.append(waiter, readings, rejections, messages);
  }

  async readAfter(afterId: number, limit: number): Promise<readonly JournalEntry[]> {
    if (this.#end) throw this.#end;
    const throughId = this.#lastId;
    if (afterId >= throughId || limit <= 0) return [];
    const recent = this.#recent.after(afterId, limit);
    if (recent) return recent;
    this.#metrics.diskReads.inc();
    const packed = await this.#read(() => this.#reads.readAfter(afterId, throughId, limit));
    return unpackEntries(packed, this.#codec);
  }

  waitForEntry(afterId: number, signal: AbortSignal): Promise<void> {
    // Not resolved: who reads on from an end would ask again at once, for ever.
    if (this.#end) return Promise.reject(this.#end);
    if (this.#lastId > afterId || signal.aborted) return Promise.resolve();
    return this.#waiters.wait(afterId, signal);
  }

  async latest(): Promise<readonly JournalEntry[]> {
    const packed = await this.#read(() => this.#writer.call('latest', undefined));
    return unpackEntries(packed, this.#codec);
  }

  latestStatuses(): Promise<readonly MessageEntry[]> {
    return this.#read(() => this.#writer.call('latestStatuses', undefined));
  }

  rejections(query: RejectionQuery): Promise<readonly KeptRejection[]> {
    return this.#read(() => this.#reads.rejections(query));
  }

  markReplayed(rejectionId: number, replayedAt: number): Promise<void> {
    return this.#read(() => this.#writer.call('markReplayed', { id: rejectionId, replayedAt }));
  }

  trim(keepAfterId: number, now: number, keepMessagesAfterId = 0): Promise<number> {
    return this.#trims.trim(keepAfterId, keepMessagesAfterId, now);
  }

  salvage(cause: string): Promise<void> {
    return this.#writer.call('salvage', { cause });
  }

  async backup(file: string): Promise<void> {
    await backupDatabaseFile({ from: this.#options.file, to: file, tables: JOURNAL_TABLES });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#end) return this.abandon();
    this.#end = new JournalError('JOURNAL_CLOSED', 'the journal is closed');
    this.#commits.flush();
    await this.#writer.call('close', undefined).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'the journal did not close cleanly');
    });
    await this.abandon();
  }

  /** Ends the threads; what is not on disk by now rejects. */
  async abandon(): Promise<void> {
    this.#end ??= new JournalError('JOURNAL_CLOSED', 'the journal is closed');
    await Promise.all([this.#writer.terminate(), this.#reads.terminate()]);
    this.#commits.refuseAll(this.#end);
    this.#waiters.wakeAll();
    this.messages.wakeAll();
  }

  #take(event: WriterEvent): void {
    switch (event.event) {
      case 'committed':
        for (const outcome of event.outcomes) this.#commits.settle(outcome);
        this.#trims.usedBytes = event.usedBytes;
        this.messages.held = event.messagesHeld;
        this.#waiters.wake(this.#lastId);
        measureCommit(this.#options.log, this.#metrics, event);
        return;
      case 'problem':
        this.#trouble.failed(event.sentence, event.cause);
        return;
      case 'well':
        this.#trouble.ended();
        return;
      case 'gave-up': {
        const error = new JournalError(event.code, `readings are not on disk: ${event.cause}`);
        this.#trouble.refused(error, event.cause);
        this.#commits.refuse(event.batches, error);
        return;
      }
      case 'salvaged':
        reportSalvage(this.#options.log, this.#metrics, event.report);
        // Its file is another one now.
        this.#reads.reopen().catch((error: unknown) => this.#die(error as Error));
    }
  }

  #read<T>(read: () => Promise<T>): Promise<T> {
    return readOrSalvage(read, { salvage: (cause) => this.salvage(cause), end: () => this.#end });
  }

  #die(error: Error): void {
    if (this.#end) return;
    this.#end = new JournalError('JOURNAL_IO', `the journal's thread died: ${error.message}`, {
      cause: error,
    });
    this.#trouble.died(this.#end);
    this.#commits.refuseAll(this.#end);
    this.#waiters.wakeAll();
    this.messages.wakeAll();
    this.#options.onDeath?.(this.#end);
  }
}
