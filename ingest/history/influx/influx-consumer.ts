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
import type { Database } from '../../../database/database.ts';
import type { Reading } from '../../../devices/reading.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';
import type { JournalConsumer } from '../../keep-draining.ts';
import { formatCursorLine, readCursorMark } from './cursor-mark.ts';
import { type DeliveryTools, deliverBatch, InfluxUnavailableError } from './deliver-batch.ts';
import type { InfluxMetrics } from './influx-metrics.ts';
import type { InfluxServer } from './influx-server.ts';

/** A server on the same machine is busy with 3; one at 20 ms needs 4 to stay so. */
const MAX_IN_FLIGHT = 4;
/** Entries in one batch where we read the journal ourselves. */
const MAX_BATCH = 2_000;
/** With fewer than this waiting at the head, the next write waits a moment: InfluxDB pays per write. */
const SMALL_BATCH = 500;
const LINGER_MS = 200;

export interface InfluxConsumerOptions {
  readonly city: string;
  readonly journal: Journal;
  readonly database: Database;
  readonly server: InfluxServer;
  readonly delivery: DeliveryTools;
  readonly log: Logger;
  readonly metrics: InfluxMetrics;
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly lingerMs?: number;
}

interface Flight {
  readonly lastId: number;
  readonly spans: ReadonlyMap<string, Span>;
  done: boolean;
}
interface Span {
  firstMs: number;
  lastMs: number;
}

export const INFLUX_CONSUMER = 'influx';

export class InfluxConsumer implements JournalConsumer {
  readonly name = INFLUX_CONSUMER;
  readonly #options: InfluxConsumerOptions;
  /** Up to this id everything is in InfluxDB. */
  #confirmedId = 0;
  #savedId = 0;
  /** Up to this id everything is in InfluxDB or on its way. */
  #sentId = 0;
  /** The largest mark that InfluxDB has acknowledged. */
  #markId = 0;
  /** In the order of ids. */
  #flights: Flight[] = [];
  readonly #attempts = new Set<Promise<void>>();
  #failure: unknown;
  /** False before the first contact and after each failure: then the bucket and the mark are looked at. */
  #prepared = false;
  #notBeforeMs = 0;

  constructor(options: InfluxConsumerOptions) {
    this.#options = options;
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

  async consume(entries: readonly JournalEntry[]): Promise<void> {
    await this.#recover();
    const firstId = entries[0]?.id ?? 0;
    const lastId = entries.at(-1)?.id ?? 0;
    await this.#sendFromJournal(firstId);
    const fresh = entries.filter((entry) => entry.id > this.#sentId);
    if (fresh.length > 0) await this.#send(fresh);
    if (lastId < this.#options.journal.lastId) return;
    await this.#settle();
    await this.#linger(lastId);
  }

  /** After a failure: waits for what is on its way, asks the server what it has, and goes back to there. */
  async #recover(): Promise<void> {
    if (this.#prepared && this.#failure === undefined) return;
    await Promise.all(this.#attempts);
    this.#flights = [];
    this.#prepared = false;
    const { server, signal, now, city } = this.#options;
    const waitMs = this.#notBeforeMs - now();
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
    try {
      await server.prepare();
      const mark = await readCursorMark(server, city);
      if (mark < this.#confirmedId) await this.#rewind(mark);
    } catch (error) {
      this.#failure = error;
      throw error;
    }
    this.#sentId = this.#confirmedId;
    this.#failure = undefined;
    this.#prepared = true;
  }

  /** InfluxDB has less than it acknowledged: a wiped disk, a restored backup, or batches cut off on their way. */
  async #rewind(mark: number): Promise<void> {
    const { log, metrics } = this.#options;
    const details = { confirmed: this.#confirmedId, found: mark };
    if (this.#confirmedId - mark > MAX_IN_FLIGHT * MAX_BATCH) {
      metrics.rewinds.inc();
      log.warn(details, 'InfluxDB lost readings: the journal is written to it again from the last mark');
    } else log.info(details, 'the last readings are written to InfluxDB again');
    this.#confirmedId = mark;
    this.#markId = mark;
    await this.#saveCursor();
  }

  /** Sends what lies between the last sent and `beforeId`: after a failure or a rewind there is something. */
  async #sendFromJournal(beforeId: number): Promise<void> {
    while (this.#sentId < beforeId - 1) {
      this.#options.signal.throwIfAborted();
      const read = await this.#options.journal.readAfter(this.#sentId, MAX_BATCH);
      const missed = read.filter((entry) => entry.id < beforeId);
      if (missed.length === 0) return;
      await this.#send(missed);
    }
  }

  /** Puts one batch on its way; waits only for room. */
  async #send(entries: readonly JournalEntry[]): Promise<void> {
    const readings = entries.map((entry) => entry.reading);
    const flight: Flight = {
      lastId: (entries.at(-1) as JournalEntry).id,
      spans: spansOf(readings),
      done: false,
    };
    this.#throwFailure();
    while (this.#attempts.size >= MAX_IN_FLIGHT || this.#flights.some((other) => mayCollide(other, flight))) {
      await Promise.race(this.#attempts);
      this.#throwFailure();
    }
    const mark = this.#flights.length === 0 ? flight.lastId : this.#confirmedId;
    this.#flights.push(flight);
    this.#sentId = flight.lastId;
    const attempt = this.#attempt(flight, readings, mark).finally(() => this.#attempts.delete(attempt));
    this.#attempts.add(attempt);
  }

  /** Never rejects: a failure is kept for the next call of `consume`. */
  async #attempt(flight: Flight, readings: readonly Reading[], mark: number): Promise<void> {
    const { metrics, delivery, now, city } = this.#options;
    try {
      const startedAt = now();
      const counts = await deliverBatch(delivery, readings, formatCursorLine(city, mark, startedAt));
      metrics.writeSeconds.observe((now() - startedAt) / 1000);
      metrics.lines.inc({ outcome: 'written' }, counts.written);
      metrics.lines.inc({ outcome: 'expired' }, counts.expired);
      metrics.lines.inc({ outcome: 'set-aside' }, counts.setAside);
      metrics.lagSeconds.observe(Math.max(0, now() - (readings[0] as Reading).receivedAt) / 1000);
      flight.done = true;
      this.#markId = Math.max(this.#markId, mark);
      await this.#advance();
    } catch (error) {
      this.#failure ??= error;
      if (error instanceof InfluxUnavailableError) this.#notBeforeMs = now() + error.waitMs;
    }
  }

  /** Moves the cursor over the batches that are done, up to the first that is not. */
  async #advance(): Promise<void> {
    while (this.#flights[0]?.done) this.#confirmedId = (this.#flights.shift() as Flight).lastId;
    await this.#saveCursor();
  }

  /** Saves when there is something to save. Saves that overlap write the newer position last or twice. */
  async #saveCursor(): Promise<void> {
    const position = this.#confirmedId;
    if (position === this.#savedId) return;
    await this.#options.database
      .insertInto('cursors')
      .values({ consumer: this.name, position })
      .onConflict((conflict) => conflict.column('consumer').doUpdateSet({ position }))
      .execute();
    this.#savedId = position;
    this.#options.metrics.confirmedId.set(position);
  }

  /** Waits until all that is on its way is written, and makes the mark say so. */
  async #settle(): Promise<void> {
    await Promise.all(this.#attempts);
    this.#throwFailure();
    if (this.#markId >= this.#confirmedId) return;
    const { server, city, now } = this.#options;
    const mark = this.#confirmedId;
    await server.write(formatCursorLine(city, mark, now()));
    this.#markId = mark;
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

/** From the first to the last instant of each device in a batch. */
function spansOf(readings: readonly Reading[]): ReadonlyMap<string, Span> {
  const spans = new Map<string, Span>();
  for (const { device, measuredAt } of readings) {
    const span = spans.get(device);
    if (!span) spans.set(device, { firstMs: measuredAt, lastMs: measuredAt });
    else if (measuredAt > span.lastMs) span.lastMs = measuredAt;
    else if (measuredAt < span.firstMs) span.firstMs = measuredAt;
  }
  return spans;
}

/** Whether two batches may hold the same device and instant: then their order decides which value stays. */
function mayCollide(a: Flight, b: Flight): boolean {
  if (a.done || b.done) return false;
  for (const [device, span] of a.spans) {
    const other = b.spans.get(device);
    if (other && span.firstMs <= other.lastMs && other.firstMs <= span.lastMs) return true;
  }
  return false;
}
