/**
 * openJournal: the journal as the event loop sees it.
 *
 * Appends go through group-commit.ts to the writing thread, and what is on disk is followed through
 * reading-entries.ts and message-entries.ts. A damaged file is salvaged, by the writing thread at the start or when it
 * or the reader stumbles. With a log outside, each commit is there first. Invariant: after the writing thread died
 * nothing is acknowledged any more.
 */

import { CallingWorker, type WorkerCallError } from '../../database/worker-calls.ts';
import type { Reading } from '../../devices/reading.ts';
import type { KeptRejection, RejectedMessage } from '../../devices/rejection.ts';
import type { DeviceMessage, MessageEntry } from '../device-messages.ts';
import { type AppendOutcome, type JournalEntry, JournalError, type RejectionQuery } from '../journal.ts';
import type { CopyingJournal, GivenIds, LogBatch, LostIds } from '../journal-log.ts';
import type { ThinOrder } from '../thin-track.ts';
import { outcomeOf, type Waiter } from '../waiter.ts';
import { noteExit } from './file/open-mark.ts';
import { unpackEntries } from './file/packed-entries.ts';
import { ReadingCodec } from './file/reading-codec.ts';
import { RECORD_DEVICE } from './file/record-layout.ts';
import { JournalReads } from './following/journal-reads.ts';
import { MessageEntries } from './following/message-entries.ts';
import { ReadingEntries } from './following/reading-entries.ts';
import type { OpenedJournal, WriterCalls, WriterData, WriterEvent } from './journal-messages.ts';
import {
  createJournalMetrics,
  type JournalMetrics,
  measureCommit,
  reportOpened,
  reportSalvage,
} from './journal-metrics.ts';
import type { JournalOptions } from './journal-options.ts';
import { JournalTrouble } from './journal-trouble.ts';
import { readOrSalvage } from './salvage/read-or-salvage.ts';
import { backupDatabaseFile, JOURNAL_TABLES } from './upkeep/backup-journal.ts';
import { JournalTrims } from './upkeep/journal-trims.ts';
import { GroupCommit } from './writing/group-commit.ts';

const NONE: readonly never[] = [];

/** Opens the journal, creates it where absent, salvages it where damaged. Throws JournalError. */
export async function openJournal(options: JournalOptions): Promise<CopyingJournal> {
  const journal = new SqliteJournal(options);
  try {
    await journal.open();
    return journal;
  } catch (error) {
    await journal.abandon();
    throw error;
  }
}

class SqliteJournal implements CopyingJournal {
  readonly #options: JournalOptions;
  readonly #writer: CallingWorker<WriterCalls, WriterEvent>;
  readonly #reads: JournalReads;
  readonly #metrics: JournalMetrics;
  readonly #codec = new ReadingCodec({ devices: [], columns: [], words: [] });
  readonly #commits: GroupCommit;
  readonly #readings: ReadingEntries;
  readonly #trouble: JournalTrouble;
  readonly #trims: JournalTrims;
  readonly messages: MessageEntries;
  readonly #onExit: () => void;
  /** Set once: nothing is appended after it. */
  #end: JournalError | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    const { file, maxBatch, maxRejections, retentionMs, maxBytes } = options;
    const openedAt = options.now();
    const { followsLog = options.outside !== undefined } = options;
    const bounds = { maxBatch, maxRejections, retentionMs, maxBytes };
    const data: WriterData = { file, openedAt, ...bounds, followsLog };
    this.#writer = new CallingWorker({
      file: new URL('./writing/journal-writer.ts', import.meta.url),
      workerData: data,
      onEvent: (event) => this.#take(event),
      onDeath: (error) => this.#die(error),
    });
    this.#reads = new JournalReads(file, (error) => this.#die(error));
    this.#onExit = () => noteExit(file);
    process.on('exit', this.#onExit);
    this.#readings = new ReadingEntries({
      codec: this.#codec,
      maxRecent: options.recentEntries,
      readDisk: (range) => {
        this.#metrics.diskReads.inc();
        return this.#read(() => this.#reads.readAfter(range));
      },
      end: () => this.#end,
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
        this.#readings.push(id, records, start, length);
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
      ...(options.outside ? { log: options.outside } : {}),
    });
    this.#metrics = createJournalMetrics(options.metrics, {
      waitingBytes: () => this.waitingBytes,
      recentEntries: () => this.#readings.recentCount,
      lastId: () => this.lastId,
      hasProblem: () => this.problem !== undefined,
      kindOf: (device) => this.#codec.columnsOf(device).kind,
      messagesHeld: () => this.messages.held.count,
    });
    const { log, now } = options;
    this.#trims = new JournalTrims({
      trimStep: (step) => this.#read(() => this.#writer.call('trim', step)),
      trimMessagesStep: (step) => this.#read(() => this.#writer.call('trimMessages', step)),
      thinStep: (order) => this.#read(() => this.#writer.call('thin', order)),
      ...{ readings: this.#readings, messages: this.messages, metrics: this.#metrics, maxBytes, log },
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
    this.#readings.startAfter(opened.lastId);
    this.#metrics.fileBytes.set(opened.fileBytes);
    this.messages.startAfter(opened.lastMessageId, opened.messagesHeld);
    this.#trims.usedBytes = opened.usedBytes;
    reportOpened(this.#options.log, this.#metrics, opened);
  }

  get lastId(): number {
    return this.#readings.lastId;
  }

  get waitingBytes(): number {
    return this.#commits.waitingBytes;
  }

  get problem(): string | undefined {
    return this.#options.outside?.problem ?? this.#trouble.problem;
  }

  get isOverBound(): boolean {
    return this.#trims.isOverBound;
  }

  async append(...entries: Parameters<CopyingJournal['append']>): Promise<AppendOutcome> {
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

  copy(batch: LogBatch, ids: GivenIds): Promise<void> {
    return this.#end ? Promise.reject(this.#end) : this.#commits.copy(batch, ids);
  }

  refill(batch: LogBatch, ids: GivenIds): Promise<void> {
    return this.#end ? Promise.reject(this.#end) : this.#commits.copy(batch, ids, true);
  }

  lostIds(): Promise<LostIds> {
    return this.#read(() => this.#writer.call('lostIds', undefined));
  }

  forgetLostIds(hadSome: boolean): Promise<void> {
    return this.#read(() => this.#writer.call('forgetLostIds', { hadSome }));
  }

  readAfter(afterId: number, limit: number): Promise<readonly JournalEntry[]> {
    return this.#readings.readAfter(afterId, limit);
  }

  waitForEntry(afterId: number, signal: AbortSignal): Promise<void> {
    return this.#readings.waitForEntry(afterId, signal);
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

  thinTracks(order: ThinOrder): Promise<number> {
    return this.#trims.thin(order);
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
    this.#options.outside?.end();
    await this.#commits.flush();
    await this.#writer.call('close', undefined).catch((error: unknown) => {
      this.#options.log.error({ err: error }, 'the journal did not close cleanly');
    });
    await this.abandon();
  }

  /** Ends the threads; what is not on disk by now rejects. */
  async abandon(): Promise<void> {
    this.#end ??= new JournalError('JOURNAL_CLOSED', 'the journal is closed');
    await Promise.all([this.#writer.terminate(), this.#reads.terminate()]);
    process.off('exit', this.#onExit);
    this.#commits.refuseAll(this.#end);
    this.#readings.wakeAll();
    this.messages.wakeAll();
  }

  #take(event: WriterEvent): void {
    switch (event.event) {
      case 'committed':
        for (const outcome of event.outcomes) this.#commits.settle(outcome);
        this.#trims.usedBytes = event.usedBytes;
        this.messages.held = event.messagesHeld;
        this.#readings.wake();
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
        // The log has what this file lacks, and what came after it must not be stored before: the start copies it.
        if (this.#options.outside) this.#die(error);
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
    this.#readings.wakeAll();
    this.messages.wakeAll();
    this.#options.onDeath?.(this.#end);
  }
}
