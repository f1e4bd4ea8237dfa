/**
 * JournalCopy: copies the journal to InfluxDB, in order of ids, by a cursor of its own in the state database.
 *
 * One batch is on its way at a time, so that of two readings of one instant the later arrives last. After each
 * failure, and once a minute, the server is asked what it still has (cursor-mark.ts), and the copy goes back to
 * there, also while no reading comes. Ranges that somebody wants written again are written in between, when all that
 * is new is there. Invariants: the saved cursor never passes a reading that is not in InfluxDB, older than its
 * retention, or set aside; nothing but the journal needs to be durable; nobody waits for this.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BackOff } from '../../clock/back-off.ts';
import type { Reading } from '../../devices/reading.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import { describeError } from '../server/influx-error.ts';
import type { InfluxServer } from '../server/influx-server.ts';
import { CopyCursor } from './copy-cursor.ts';
import { CursorMark, type CursorMarkOptions } from './cursor-mark.ts';
import { deliverLines, NotDeliveredError } from './deliver-lines.ts';
import { PositionFinder, type PositionFinderOptions } from './find-position.ts';
import type { InfluxMetrics } from './influx-metrics.ts';
import type { FormatReading } from './reading-lines.ts';
import { Rewrite, type RewriteRange } from './rewrite-range.ts';

/** InfluxData recommends 5,000 lines. 3 Core answers with the next flush of its log, once a second: 3.7 MB a time. */
const FULL_BATCH: Readonly<Record<1 | 2 | 3, number>> = { 1: 5_000, 2: 5_000, 3: 20_000 };
/** Of a city of 500 devices, half an hour. */
const TOLD_AGAIN = 20_000;
/** With fewer than this waiting at the head, the next write waits a moment: InfluxDB pays per write. */
const SMALL_BATCH = 500;
const LINGER_MS = 200;
/** While nothing comes, the mark is said again, so that retention does not take it. */
const MARK_AGAIN_MS = 30 * 60_000;
/** After a failure: 0.25 s, doubling, with jitter. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;
export interface JournalCopyOptions extends CursorMarkOptions, PositionFinderOptions {
  readonly server: InfluxServer;
  readonly journal: Journal;
  readonly format: FormatReading;
  readonly metrics: InfluxMetrics;
  readonly random: () => number;
  /** Told when lines are taken again that were held: whoever mended it may have removed what we had written. */
  readonly onReleased?: () => void;
  /** Told of each reading that is there. */
  readonly onWritten?: (reading: Reading) => void;
  readonly lingerMs?: number;
}

export class JournalCopy {
  readonly #options: JournalCopyOptions;
  readonly #mark: CursorMark;
  readonly #cursor: CopyCursor;
  readonly #finder: PositionFinder;
  /** False before the first contact and after each failure: then the bucket and the mark are looked at. */
  #isPrepared = false;
  readonly #retry: BackOff;
  #nudge = new AbortController();
  /** A range that is written again, in turns with what is new. */
  #rewrite: Rewrite | undefined;
  /** Whether the last failure was a refusal of lines that are right: what others wrote may have cost what we had. */
  #wasHeld = false;
  #hasToldAgain = false;

  constructor(options: JournalCopyOptions) {
    this.#options = options;
    const { random, signal } = options;
    this.#retry = new BackOff({ firstMs: FIRST_RETRY_MS, lastMs: LAST_RETRY_MS, random, signal });
    this.#mark = new CursorMark(options);
    this.#cursor = new CopyCursor(options, this.#mark);
    this.#finder = new PositionFinder(options, this.#cursor, this.#mark);
  }

  get confirmedId(): number {
    return this.#cursor.id;
  }

  /** Entries that are not in InfluxDB yet, those that are written again among them. */
  get waitingEntries(): number {
    return Math.max(0, this.#options.journal.lastId - this.#cursor.id);
  }

  /** InfluxDB answers, and no more waits than one batch. */
  get isAtHead(): boolean {
    return this.#isPrepared && this.waitingEntries <= FULL_BATCH[this.#options.server.generation ?? 1];
  }

  /** Runs until the signal aborts; never throws. */
  async keepCopying(): Promise<void> {
    const { journal, signal } = this.#options;
    while (!signal.aborted) {
      try {
        await this.catchUp();
        await journal.waitForEntry(journal.lastId, AbortSignal.any([signal, this.#nudge.signal]));
        if (this.#nudge.signal.aborted) this.#nudge = new AbortController();
      } catch (error) {
        if (!signal.aborted) await this.#backOff(error);
      }
    }
    this.#rewrite?.giveUp(new Error('Siaga closes'));
    // So that nothing is written again at the next start.
    if (this.#isPrepared && this.#mark.position < this.#cursor.id) {
      await this.#mark.write(this.#cursor.id).catch((error: unknown) => {
        this.#options.log.debug({ err: error }, 'the last mark was not written');
      });
    }
  }

  /** Copies what the journal holds. Rejects with the first failure, after which calling it again goes on. */
  async catchUp(): Promise<void> {
    const { signal } = this.#options;
    try {
      do {
        signal.throwIfAborted();
        if (!this.#isPrepared) await this.#finder.recover();
        this.#isPrepared = true;
        if (!this.#hasToldAgain) await this.#tellAgain();
      } while ((await this.#copyBatch()) || (await this.#rewriteBatch()));
      this.#works();
    } catch (error) {
      this.#isPrepared = false;
      throw error;
    }
  }

  /** Looks whether InfluxDB still has what it acknowledged; where not, copying goes back. Call once a minute. */
  async checkMark(): Promise<void> {
    this.#options.health.remind();
    if (!this.#isPrepared) return;
    try {
      if (!(await this.#mark.isThere()) || !(await this.#mark.isAnchored())) this.lookAgain();
      else if (this.#mark.ageMs > MARK_AGAIN_MS && this.waitingEntries === 0) {
        await this.#mark.write(this.#cursor.id);
      }
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the mark was not read');
      this.lookAgain();
    }
  }

  /** Writes a range again, beside what is new; resolves with the number of readings. One at a time. */
  async rewrite(range: RewriteRange): Promise<number> {
    this.#options.signal.throwIfAborted();
    if (this.#rewrite) throw new Error('another range is being written again');
    this.#rewrite = new Rewrite(this.#options.journal, range);
    this.#nudge.abort();
    try {
      return await this.#rewrite.done;
    } finally {
      this.#rewrite = undefined;
    }
  }

  /** Entries of the journal that a range being written again has yet to go through. */
  get rewriteEntriesLeft(): number {
    return this.#rewrite ? Math.max(0, this.#cursor.id - this.#rewrite.position) : 0;
  }

  /** Has the bucket and the mark looked at before anything else is written. */
  lookAgain(): void {
    this.#isPrepared = false;
    this.#nudge.abort();
  }

  async #backOff(error: unknown): Promise<void> {
    const { health, metrics } = this.#options;
    const isHeld = error instanceof NotDeliveredError && error.isHeld;
    if (isHeld) metrics.holds.inc();
    this.#wasHeld ||= isHeld;
    health.fails('writing', error instanceof NotDeliveredError ? error.message : describeError(error));
    await this.#retry.pause(error instanceof NotDeliveredError ? error.waitMs : 0);
  }

  /** Writes the next batch; false when there is none. */
  async #copyBatch(): Promise<boolean> {
    const { journal, server } = this.#options;
    const through = journal.lastId;
    const entries = await journal.readAfter(this.#cursor.id, FULL_BATCH[server.generation ?? 1]);
    if (entries.length === 0) {
      // Where ids were skipped or trimmed nothing lies between here and there, and nothing ever will.
      await this.#cursor.save(Math.max(this.#cursor.id, through));
      if (this.#mark.position < this.#cursor.id) await this.#finder.writeMark(this.#cursor.id, undefined);
      return false;
    }
    await this.#deliver(entries);
    if (entries.length < SMALL_BATCH && !this.#rewrite) await this.#linger();
    return true;
  }

  async #deliver(entries: readonly JournalEntry[]): Promise<void> {
    const { metrics, delivery, format, now, onWritten } = this.#options;
    const [first] = entries as readonly [JournalEntry];
    const missed = first.id - this.#cursor.id - 1;
    if (missed > 0) metrics.lines.inc({ outcome: 'missed' }, missed);
    const lines = entries.map(({ reading }) => format(reading)).filter((line) => line !== undefined);
    const { line, confirm } = this.#mark.prepare(this.#cursor.id);
    const startedAt = now();
    const counts = await deliverLines(delivery, lines, line);
    confirm();
    metrics.writeSeconds.observe((now() - startedAt) / 1000);
    metrics.countLines(counts);
    metrics.lagSeconds.observe(Math.max(0, now() - first.reading.receivedAt) / 1000);
    for (const { reading } of entries) onWritten?.(reading);
    await this.#cursor.save((entries.at(-1) as JournalEntry).id);
    this.#works();
  }

  /** What came of the last readings before a kill may be lost: they are told of once more. */
  async #tellAgain(): Promise<void> {
    const { journal, onWritten } = this.#options;
    const position = this.#cursor.id;
    const entries = await journal.readAfter(Math.max(0, position - TOLD_AGAIN), TOLD_AGAIN);
    for (const { id, reading } of entries) if (id <= position) onWritten?.(reading);
    this.#hasToldAgain = true;
  }

  /** Writes the next batch of a range that is written again; false when there is none. */
  async #rewriteBatch(): Promise<boolean> {
    const { delivery, format, metrics, onWritten } = this.#options;
    return (
      (await this.#rewrite?.step(this.#cursor.id, async (readings) => {
        const lines = readings.map(format).filter((line) => line !== undefined);
        const { written } = await deliverLines(delivery, lines);
        metrics.lines.inc({ outcome: 'again' }, written);
        for (const reading of readings) onWritten?.(reading);
      })) ?? false
    );
  }

  #works(): void {
    const { health, onReleased } = this.#options;
    health.works('writing');
    this.#retry.reset();
    if (this.#wasHeld) onReleased?.();
    this.#wasHeld = false;
  }

  /** Writing a few readings at a time costs InfluxDB more than it gives: lets some gather. */
  async #linger(): Promise<void> {
    const { lingerMs = LINGER_MS, signal } = this.#options;
    if (lingerMs > 0) await delay(lingerMs, undefined, { signal });
  }
}
