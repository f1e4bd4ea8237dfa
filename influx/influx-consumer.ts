/**
 * The consumer of the journal that writes readings to InfluxDB.
 *
 * keep-draining hands it entries in order and retries it with back-off. While it catches up, up to
 * MAX_IN_FLIGHT batches are on their way at once; at the head of the journal it answers only when all of them
 * are written, so that a failure is always seen by a call that is retried. Invariants: the saved cursor never
 * passes a reading that is not in InfluxDB; what was on its way when something failed is read again from the
 * journal; two batches that may hold the same device and instant are never on their way together, so that of
 * two readings the later one stays.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Reading } from '../devices/reading.ts';
import type { Journal, JournalEntry } from '../journal/journal.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import { CursorMark, type CursorMarkOptions } from './cursor-mark.ts';
import { type DeliveryTools, deliverBatch, InfluxUnavailableError } from './deliver-batch.ts';
import { createFlight, type Flight, mayCollide } from './flight.ts';
import type { InfluxMetrics } from './influx-metrics.ts';
import type { InfluxServer } from './influx-server.ts';

/** A server on the same machine is busy with 3; one at 20 ms needs 4 to stay so. */
const MAX_IN_FLIGHT = 4;
/** Behind the head, entries are gathered up to this before they are sent; InfluxData recommends 5,000 lines. */
const FULL_BATCH = 5_000;
/** A mark may lie behind the cursor by what can be held and on its way; more is a loss. */
const MARK_LAG = (MAX_IN_FLIGHT + 2) * 2 * FULL_BATCH;
/** With fewer than this waiting at the head, the next write waits a moment: InfluxDB pays per write. */
const SMALL_BATCH = 500;
const LINGER_MS = 200;

export interface InfluxConsumerOptions extends CursorMarkOptions {
  readonly journal: Journal;
  readonly server: InfluxServer;
  readonly delivery: DeliveryTools;
  readonly log: Logger;
  readonly metrics: InfluxMetrics;
  readonly signal: AbortSignal;
  readonly lingerMs?: number;
}

export const INFLUX_CONSUMER = 'influx';

export class InfluxConsumer implements JournalConsumer {
  readonly name = INFLUX_CONSUMER;
  readonly #options: InfluxConsumerOptions;
  /** Up to this id everything is in InfluxDB. */
  #confirmedId = 0;
  #savedId = 0;
  readonly #mark: CursorMark;
  /** InfluxDB no longer holds the mark that it acknowledged. */
  #isMarkGone = false;
  /** Up to this id everything is in InfluxDB, on its way, or held. */
  #takenId = 0;
  /** Gathered, not yet on its way. */
  #held: JournalEntry[] = [];
  #saving: Promise<void> | undefined;
  /** In the order of ids. */
  #flights: Flight[] = [];
  readonly #attempts = new Set<Promise<void>>();
  #failure: unknown;
  /** False before the first contact and after each failure: then the bucket and the mark are looked at. */
  #prepared = false;
  /** By the monotonic clock. */
  #notBeforeMs = 0;

  constructor(options: InfluxConsumerOptions) {
    this.#options = options;
    this.#mark = new CursorMark(options);
  }

  /** Undefined when the last write went well. */
  get problem(): string | undefined {
    return this.#failure === undefined ? undefined : (this.#failure as Error).message;
  }

  async loadCursor(): Promise<number> {
    const row = await this.#options.database
      .selectFrom('cursors')
      .select('position')
      .where('consumer', '=', this.name)
      .executeTakeFirst();
    this.#savedId = Number(row?.position ?? 0);
    this.#confirmedId = this.#savedId;
    await this.#recover();
    return this.#confirmedId;
  }

  /** Whether InfluxDB still has what it acknowledged; where not, the next call of `consume` goes back. */
  async checkMark(): Promise<void> {
    if (!this.#prepared || this.#attempts.size > 0 || this.#mark.position !== this.#confirmedId) return;
    if (await this.#mark.isGone()) this.#isMarkGone = true;
  }

  async consume(entries: readonly JournalEntry[]): Promise<void> {
    await this.#recover();
    await this.#takeFromJournal((entries[0]?.id ?? 0) - 1);
    await this.#take(entries);
    const lastId = entries.at(-1)?.id ?? 0;
    if (lastId < this.#options.journal.lastId) return;
    await this.#sendHeld();
    await this.#settle();
    await this.#linger(lastId);
  }

  /** After a failure: waits for what is on its way, asks the server what it has, and goes back to there. */
  async #recover(): Promise<void> {
    if (this.#prepared && this.#failure === undefined && !this.#isMarkGone) return;
    await Promise.all(this.#attempts);
    await this.#saving;
    this.#flights = [];
    this.#prepared = false;
    const { server, signal } = this.#options;
    const waitMs = this.#notBeforeMs - performance.now();
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
    try {
      await server.prepare();
      const mark = await this.#mark.read();
      if (mark < this.#confirmedId) await this.#rewind(mark);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#takenId = this.#confirmedId;
    this.#held = [];
    this.#failure = undefined;
    this.#isMarkGone = false;
    this.#prepared = true;
  }

  /** InfluxDB has less than it acknowledged: a wiped disk, a restored backup, or batches cut off on their way. */
  async #rewind(mark: number): Promise<void> {
    const { log, metrics, database } = this.#options;
    const details = { confirmed: this.#confirmedId, found: mark };
    // The copies of the logs (keep-following-events.ts) have no mark: they begin anew.
    await database.deleteFrom('cursors').where('consumer', 'like', 'influx-%').execute();
    if (mark === 0 || this.#isMarkGone || this.#confirmedId - mark > MARK_LAG) {
      metrics.rewinds.inc();
      log.warn(details, 'InfluxDB lost readings: the journal is written to it again from the last mark');
    } else log.info(details, 'the last readings are written to InfluxDB again');
    this.#confirmedId = mark;
    this.#mark.goBack(mark);
    await this.#saveCursor();
  }

  /** Takes what lies between the last taken and `untilId`: after a failure or a rewind there is something. */
  async #takeFromJournal(untilId: number): Promise<void> {
    while (this.#takenId < untilId) {
      this.#options.signal.throwIfAborted();
      const read = await this.#options.journal.readAfter(this.#takenId, FULL_BATCH);
      const missed = read.filter((entry) => entry.id <= untilId);
      if (missed.length === 0) return;
      await this.#take(missed);
    }
  }

  async #take(entries: readonly JournalEntry[]): Promise<void> {
    for (const entry of entries) if (entry.id > this.#takenId) this.#held.push(entry);
    this.#takenId = Math.max(this.#takenId, entries.at(-1)?.id ?? 0);
    if (this.#held.length >= FULL_BATCH) await this.#sendHeld();
  }

  /** Puts what is held on its way, as one batch; waits only for room. */
  async #sendHeld(): Promise<void> {
    const last = this.#held.at(-1);
    if (!last) return;
    const readings = this.#held.map((entry) => entry.reading);
    this.#held = [];
    const flight = createFlight(last.id, readings);
    this.#throwFailure();
    while (this.#attempts.size >= MAX_IN_FLIGHT || this.#flights.some((other) => mayCollide(other, flight))) {
      await Promise.race(this.#attempts);
      this.#throwFailure();
    }
    const mark = this.#flights.length === 0 ? flight.lastId : this.#confirmedId;
    this.#flights.push(flight);
    const attempt = this.#attempt(flight, readings, mark).finally(() => this.#attempts.delete(attempt));
    this.#attempts.add(attempt);
  }

  /** Never rejects: a failure is kept for the next call of `consume`. */
  async #attempt(flight: Flight, readings: readonly Reading[], mark: number): Promise<void> {
    const { metrics, delivery, now } = this.#options;
    try {
      const startedAt = performance.now();
      const { line, confirm } = this.#mark.prepare(mark);
      const counts = await deliverBatch(delivery, readings, line);
      metrics.writeSeconds.observe((performance.now() - startedAt) / 1000);
      metrics.lines.inc({ outcome: 'written' }, counts.written);
      metrics.lines.inc({ outcome: 'expired' }, counts.expired);
      metrics.lines.inc({ outcome: 'set-aside' }, counts.setAside);
      metrics.lagSeconds.observe(Math.max(0, now() - (readings[0] as Reading).receivedAt) / 1000);
      flight.done = true;
      confirm();
      this.#advance();
    } catch (error) {
      this.#failure ??= error;
      if (error instanceof InfluxUnavailableError) this.#notBeforeMs = performance.now() + error.waitMs;
    }
  }

  /** Moves the cursor over the batches that are done, up to the first that is not. */
  #advance(): void {
    while (this.#flights[0]?.done) this.#confirmedId = (this.#flights.shift() as Flight).lastId;
    this.#saving ??= this.#saveCursor()
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#saving = undefined;
      });
  }

  /** One save at a time, of the newest position. */
  async #saveCursor(): Promise<void> {
    while (this.#savedId !== this.#confirmedId) {
      const position = this.#confirmedId;
      await this.#options.database
        .insertInto('cursors')
        .values({ consumer: this.name, position })
        .onConflict((conflict) => conflict.column('consumer').doUpdateSet({ position }))
        .execute();
      this.#savedId = position;
      this.#options.metrics.confirmedId.set(position);
    }
  }

  /** Waits until all that is on its way is written, and makes the mark say so. */
  async #settle(): Promise<void> {
    await Promise.all(this.#attempts);
    await this.#saving;
    this.#throwFailure();
    if (this.#mark.position >= this.#confirmedId) return;
    this.#prepared = false;
    await this.#mark.write(this.#confirmedId);
    this.#prepared = true;
  }

  /** Writing a few readings at a time costs InfluxDB more than it gives: lets some gather. */
  async #linger(lastId: number): Promise<void> {
    const lingerMs = this.#options.lingerMs ?? LINGER_MS;
    if (this.#options.journal.lastId - lastId >= SMALL_BATCH || lingerMs === 0) return;
    await delay(lingerMs, undefined, { signal: this.#options.signal });
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
