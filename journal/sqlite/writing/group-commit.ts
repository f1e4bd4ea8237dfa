/**
 * The way of appends from the event loop to the disk and back, in order.
 *
 *   filling → ready (full ones) → (at the log, one at a time) → in flight (at most two, one being committed and one at
 *   hand) → settled
 *
 * What is appended while a commit runs goes into the next one, so that the number of fsyncs follows the disk and not
 * the number of messages. Where there is a log outside, a batch is in it before it goes to the disk. Invariants:
 * appends settle in order; `waitingBytes` is what was handed in and is not settled; entries reach `onStored` before
 * the waiter of the append that brought them is told.
 */
import type { Reading } from '../../../devices/reading.ts';
import type { RejectedMessage } from '../../../devices/rejection.ts';
import type { DeviceMessage } from '../../device-messages.ts';
import { JournalError } from '../../journal.ts';
import type { GivenIds, JournalLog, LogBatch } from '../../journal-log.ts';
import type { Waiter } from '../../waiter.ts';
import type { ReadingCodec } from '../file/reading-codec.ts';
import { RECORD_DEVICE, RECORD_LENGTH } from '../file/record-layout.ts';
import type { BatchMessage, BatchOutcome } from '../journal-messages.ts';
import { FillingBatch } from './filling-batch.ts';

/** One that is being committed and one at hand for the thread when it is done. */
const MAX_IN_FLIGHT = 2;

export interface GroupCommitOptions {
  readonly codec: ReadingCodec;
  readonly maxBatch: number;
  /** Above twice this, appends are refused with JOURNAL_FULL; the broker stops reading at once this. */
  readonly maxWaitingBytes: number;
  readonly post: (message: BatchMessage) => void;
  /** Of each reading stored: its id and its record, which is `length` numbers from `start`. */
  readonly onStored: (id: number, records: Float64Array, start: number, length: number) => void;
  /** Of each reading that the journal had already: the number of its device. */
  readonly onRepeat: (device: number) => void;
  /** Of messages stored together, the id of the first; the others follow without a gap. */
  readonly onMessages: (firstId: number, messages: readonly DeviceMessage[]) => void;
  /** So many readings, messages and rejections are not on disk, and their appends reject. */
  readonly onRefused: (count: number) => void;
  /** Where each batch goes before the disk; it gives the ids. */
  readonly log?: JournalLog;
}

export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #filling: FillingBatch;
  readonly #ready: FillingBatch[] = [];
  readonly #inFlight: FillingBatch[] = [];
  /** The buffer of a settled batch, to be filled again. */
  #spare: Float64Array<ArrayBuffer> | undefined;
  #isScheduled = false;
  /** The batch that the log has not answered for, and its way there. */
  #atLog: FillingBatch | undefined;
  #logging: Promise<void> | undefined;
  /** Of ready and in flight; what is being filled is added on demand. */
  #postedBytes = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
    this.#filling = this.#createFilling();
  }

  get waitingBytes(): number {
    return this.#postedBytes + this.#filling.bytes;
  }

  append(
    waiter: Waiter,
    readings: readonly Reading[],
    rejections: readonly RejectedMessage[],
    messages: readonly DeviceMessage[],
  ): void {
    const { maxBatch, maxWaitingBytes, codec } = this.#options;
    try {
      if (this.waitingBytes > 2 * maxWaitingBytes) {
        this.#options.onRefused(readings.length + rejections.length + messages.length);
        throw new JournalError('JOURNAL_FULL', `more than ${2 * maxWaitingBytes} bytes wait for the disk`);
      }
      this.#filling.add(codec, waiter, readings, rejections, messages);
    } catch (error) {
      waiter.refused(error as Error);
      return;
    }
    if (this.#filling.count >= maxBatch) this.#closeFilling();
    this.#schedule();
  }

  /** The thread's answer for the oldest batch in flight. */
  settle({ firstId, repeats, firstMessageId, records }: BatchOutcome): void {
    const batch = this.#takeOldest();
    if (!batch.isRefill) this.#tellEntries(batch, { firstId, repeats, firstMessageId, records });
    tellWaiters(batch, repeats);
    this.#spare = records;
    this.#postReady();
  }

  #tellEntries(batch: FillingBatch, { firstId, repeats, firstMessageId, records }: BatchOutcome): void {
    let start = 0;
    let id = firstId;
    let repeat = 0;
    for (let position = 0; position < batch.count; position++) {
      const length = records[start + RECORD_LENGTH] as number;
      if (repeats[repeat] === position) {
        repeat++;
        this.#options.onRepeat(records[start + RECORD_DEVICE] as number);
      } else {
        const given = batch.given?.readings[position];
        this.#options.onStored(given ?? id++, records, start, length);
      }
      start += length;
    }
    this.#tellMessages(batch, firstMessageId);
  }

  /** The oldest `batches` in flight are not on disk. */
  refuse(batches: number, error: JournalError): void {
    for (let i = 0; i < batches; i++) this.#refuseBatch(this.#takeOldest(), error);
    this.#postReady();
  }

  refuseAll(error: JournalError): void {
    const atLog = this.#atLog ? [this.#atLog] : [];
    this.#atLog = undefined;
    const batches = [...this.#inFlight.splice(0), ...atLog, ...this.#ready.splice(0), this.#filling];
    this.#filling = this.#createFilling();
    this.#postedBytes = 0;
    for (const batch of batches) this.#refuseBatch(batch, error);
  }

  /** Posts everything, however much is in flight: the last word before the thread is closed. */
  async flush(): Promise<void> {
    this.#closeFilling();
    while (this.#options.log && (this.#logging || this.#ready.length > 0)) {
      this.#logging ??= this.#logOldestReady(this.#options.log);
      await this.#logging;
    }
    while (this.#ready.length > 0) this.#post(this.#ready.shift() as FillingBatch);
  }

  /**
   * What the log has already, to be stored under its ids; resolves when it is on disk. Above the last id nothing else
   * is under way; a refill may come beside others, and is told to nobody who follows: they have passed it, or read it
   * from the disk.
   */
  copy({ readings, rejections, messages }: LogBatch, given: GivenIds, isRefill = false): Promise<void> {
    return new Promise((resolve, reject) => {
      const batch = new FillingBatch();
      const waiter: Waiter = { stored: () => resolve(), refused: reject };
      batch.add(this.#options.codec, waiter, readings, rejections, messages);
      batch.given = given;
      batch.isRefill = isRefill;
      this.#postedBytes += batch.bytes;
      this.#post(batch);
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // At the end of this turn: what the sockets brought in it goes with one message.
    setImmediate(() => {
      this.#isScheduled = false;
      this.#postReady();
    });
  }

  #postReady(): void {
    const { log } = this.#options;
    while (this.#inFlight.length < MAX_IN_FLIGHT) {
      if (log && this.#logging) return;
      if (this.#ready.length === 0) this.#closeFilling();
      if (this.#ready.length === 0) return;
      if (log) this.#logging = this.#logOldestReady(log);
      else this.#post(this.#ready.shift() as FillingBatch);
    }
  }

  /** The log has it first. Never rejects. */
  async #logOldestReady(log: JournalLog): Promise<void> {
    const batch = this.#ready.shift() as FillingBatch;
    this.#atLog = batch;
    try {
      batch.given = await log.append(batch);
      // Refused with all the others meanwhile: the journal has ended.
      if (this.#atLog === batch) this.#post(batch);
    } catch (error) {
      if (this.#atLog === batch) {
        this.#postedBytes -= batch.bytes;
        this.#refuseBatch(batch, error as Error);
      }
    }
    this.#atLog = undefined;
    this.#logging = undefined;
    this.#postReady();
  }

  /** Ids of the file have no gap within a batch; those of a log may. */
  #tellMessages({ messages, given }: FillingBatch, firstId: number): void {
    if (messages.length === 0) return;
    if (!given) this.#options.onMessages(firstId, messages);
    else
      for (const [i, each] of messages.entries())
        this.#options.onMessages(given.messages[i] as number, [each]);
  }

  #createFilling(spare?: Float64Array<ArrayBuffer>): FillingBatch {
    return new FillingBatch(spare, this.#options.log !== undefined);
  }

  #closeFilling(): void {
    if (this.#filling.waiters.length === 0) return;
    this.#postedBytes += this.#filling.bytes;
    this.#ready.push(this.#filling);
    this.#filling = this.#createFilling(this.#spare);
    this.#spare = undefined;
  }

  #post(batch: FillingBatch): void {
    this.#inFlight.push(batch);
    this.#options.post(batch.toMessage(this.#options.codec));
  }

  #refuseBatch({ waiters, count, rejections, messages }: FillingBatch, error: Error): void {
    const refused = count + rejections.length + messages.length;
    if (refused > 0) this.#options.onRefused(refused);
    for (const waiter of waiters) waiter.refused(error);
  }

  #takeOldest(): FillingBatch {
    const batch = this.#inFlight.shift();
    if (!batch) throw new Error('the journal answered for a batch that was not posted');
    this.#postedBytes -= batch.bytes;
    return batch;
  }
}

function tellWaiters(
  { waiters, readingCounts, rejectionCounts }: FillingBatch,
  repeats: readonly number[],
): void {
  let position = 0;
  let repeat = 0;
  for (let i = 0; i < waiters.length; i++) {
    const first = repeat;
    const count = readingCounts[i] as number;
    position += count;
    while (repeat < repeats.length && (repeats[repeat] as number) < position) repeat++;
    const repeated = repeat - first;
    (waiters[i] as Waiter).stored(count - repeated, repeated, rejectionCounts[i] as number);
  }
}
