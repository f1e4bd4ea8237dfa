/**
 * PostgresLog: the journal's log in PostgreSQL, as the owner of the city writes it.
 *
 * A batch is tried until it is there; what may already be there of it is found again by its identity. Invariants:
 * `append` resolves when PostgreSQL has committed without a warning, with JOURNAL_SYNC=two on two machines; after
 * another owner's claim it never does.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import { BackOff } from '../../clock/back-off.ts';
import { OwnershipLostError } from '../../database/fenced-dialect.ts';
import { JournalError } from '../journal.ts';
import type { GivenIds, JournalLog, LogBatch } from '../journal-log.ts';
import { type Claim, ClaimedLog, type ClaimOptions, type Ends } from './claimed-log.ts';
import { formatBatch, type LogRow, type Series } from './log-entries.ts';
import { createLogMetrics } from './log-metrics.ts';
import type { LoggedRow, ReadableLog } from './log-reader.ts';
import { APPEND, NOTE_COPY, READ_AFTER, READ_ONE, trimStatement } from './log-statements.ts';

/** Pause before a batch is tried again: 0.1 s, doubling, at most 2 s. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 2_000;
/** How often an idle log is looked at, so that readiness knows before a device does. */
const LOOK_EVERY_MS = 5_000;

export interface LogOptions extends ClaimOptions {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly monotonicNow: () => number;
  /** Told once, where another server owns the city. */
  readonly onLost: (error: OwnershipLostError) => void;
}

export class PostgresLog implements JournalLog, ReadableLog {
  readonly #options: LogOptions;
  readonly #claimed: ClaimedLog;
  readonly #ending = new AbortController();
  readonly #metrics: ReturnType<typeof createLogMetrics>;
  #watch: NodeJS.Timeout | undefined;
  #problem: string | undefined;
  /** Since when a batch waits. */
  waitingSinceMs: number | undefined;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#claimed = new ClaimedLog(options);
    this.#metrics = createLogMetrics(this, options.monotonicNow, options.metrics);
  }

  get problem(): string | undefined {
    if (this.#problem === undefined) return undefined;
    return `the journal's log in PostgreSQL: ${this.#problem}; nothing is acknowledged until the log has it`;
  }

  /** Claims the log, begins it behind `ends` of `journal` where there is none. Tries until it is answered. */
  async open(journal: string, ends: Ends): Promise<Claim> {
    this.#claimed.begin = { journal, ends };
    const { claim } = await this.#untilDone(() => this.#claimed.connected());
    this.#watch = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    this.#watch.unref();
    return claim;
  }

  /** Ids up to `ends` are not given (again). Called once this journal is known to follow the log. */
  async follow(ends: Ends): Promise<void> {
    this.#claimed.known = ends;
    await this.#untilDone(async () => this.#claimed.raise(await this.#claimed.connected(), ends));
  }

  async append(batch: LogBatch): Promise<GivenIds> {
    const { monotonicNow } = this.#options;
    const { rows, positions } = dropRepeats(formatBatch(batch, randomUUID()));
    const startedAtMs = monotonicNow();
    this.waitingSinceMs = startedAtMs;
    try {
      const ids = await this.#untilDone(() => this.#write(rows));
      this.#metrics.commitSeconds.observe((monotonicNow() - startedAtMs) / 1_000);
      return this.#sort(
        batch,
        positions.map((position) => ids[position] as number),
      );
    } finally {
      this.waitingSinceMs = undefined;
    }
  }

  readAfter(series: Series, afterId: number, limit: number): Promise<readonly LoggedRow[]> {
    const values = [this.#options.city, series, afterId, limit];
    return this.#untilDone(() => this.#claimed.query<LoggedRow>(READ_AFTER, values));
  }

  async readIdentity(series: Series, id: number) {
    type Identity = Pick<LogRow, 'at' | 'device' | 'digest'>;
    const values = [this.#options.city, series, id];
    const [row] = await this.#untilDone(() => this.#claimed.query<Identity>(READ_ONE, values));
    return row;
  }

  countCopied(entries: number): void {
    this.#metrics.copied.inc(entries);
  }

  /** Says how far `journal` has come, for the log's retention. */
  async noteCopy(journal: string, { readings, messages, rejections }: Ends, now: number): Promise<void> {
    const values = [this.#options.city, journal, readings, messages, rejections, now];
    await this.#untilDone(() => this.#claimed.query(NOTE_COPY, values));
  }

  /** One step; returns how many entries went. `times` are those of `trimStatement`. */
  async trimStep(
    series: Series,
    keepAfterId: number,
    rows: number,
    times: readonly number[],
  ): Promise<number> {
    const values = [this.#options.city, series, keepAfterId, rows, ...times];
    let row: { readonly trimmed: number } | undefined;
    try {
      [row] = await this.#claimed.query<{ trimmed: number }>(trimStatement(series), values);
    } catch (error) {
      // The job comes again in a minute.
      this.#claimed.drop();
      throw error;
    }
    this.#metrics.trimmed.inc(row?.trimmed ?? 0);
    return row?.trimmed ?? 0;
  }

  end(): void {
    clearInterval(this.#watch);
    this.#ending.abort();
  }

  async close(): Promise<void> {
    this.end();
    await this.#claimed.close();
  }

  async #write(rows: readonly LogRow[]): Promise<readonly number[]> {
    const claimed = await this.#claimed.connected();
    const column = <Name extends keyof LogRow>(name: Name) => rows.map((row) => row[name]);
    const columns = [column('series'), column('kind'), column('at'), column('receivedAt')];
    const values = [...columns, column('device'), column('digest'), column('document')];
    const [row] = await claimed.session.query<{ held: number; ids: number[] }>(
      APPEND,
      [this.#options.city, claimed.writer, ...values],
      'append',
    );
    // The next try claims it again, or finds whose it is.
    if (!row || row.held === 0) throw new Error('another connection has claimed the log');
    await this.#claimed.confirmStandby(claimed);
    return row.ids;
  }

  /** Tries until it succeeds. Throws JournalError after the end, OwnershipLostError where the city is another's. */
  async #untilDone<T>(work: () => Promise<T>): Promise<T> {
    const { log, onLost } = this.#options;
    const { signal } = this.#ending;
    const backOff = new BackOff({ firstMs: FIRST_RETRY_MS, lastMs: LAST_RETRY_MS, signal });
    for (;;) {
      try {
        const result = await work();
        if (this.#problem !== undefined) log.info('the log in PostgreSQL answers again');
        this.#problem = undefined;
        return result;
      } catch (error) {
        this.#claimed.drop();
        this.#metrics.failed.inc();
        if (error instanceof OwnershipLostError) {
          onLost(error);
          throw error;
        }
        if (signal.aborted) {
          const sentence = `the log in PostgreSQL does not have it: ${(error as Error).message}`;
          throw new JournalError('JOURNAL_CLOSED', sentence, { cause: error });
        }
        this.#say(error as Error);
        await backOff.pause();
      }
    }
  }

  #say(error: Error): void {
    if (this.#problem === undefined) {
      this.#options.log.warn(
        { err: error },
        'the log in PostgreSQL does not take commits, they are tried again',
      );
    }
    this.#problem = error.message;
  }

  /** Where nothing else asks: whether the log would take a commit now. */
  async #look(): Promise<void> {
    if (this.waitingSinceMs !== undefined) return;
    try {
      const claimed = await this.#claimed.connected();
      await claimed.session.query('select 1', []);
      await this.#claimed.confirmStandby(claimed);
      if (this.waitingSinceMs === undefined) this.#problem = undefined;
    } catch (error) {
      if (this.waitingSinceMs !== undefined || this.#ending.signal.aborted) return;
      this.#claimed.drop();
      if (error instanceof OwnershipLostError) this.#options.onLost(error);
      else this.#say(error as Error);
    }
  }

  #sort({ readings, messages }: LogBatch, ids: readonly number[]): GivenIds {
    const from = readings.length + messages.length;
    const given = {
      readings: ids.slice(0, readings.length),
      messages: ids.slice(readings.length, from),
      rejections: ids.slice(from),
    };
    const { known } = this.#claimed;
    if (known) {
      const last = (series: Series) => given[series].reduce((a, b) => Math.max(a, b), known[series]);
      this.#claimed.known = {
        readings: last('readings'),
        messages: last('messages'),
        rejections: last('rejections'),
      };
    }
    return given;
  }
}

/** A batch may hold a reading twice. `positions` says for each of the given rows which of `rows` it is. */
function dropRepeats(given: Iterable<LogRow>) {
  const rows: LogRow[] = [];
  const positions: number[] = [];
  const known = new Map<string, number>();
  for (const row of given) {
    const key = `${row.at} ${row.device} ${row.digest}`;
    const position = known.get(key) ?? rows.push(row) - 1;
    known.set(key, position);
    positions.push(position);
  }
  return { rows, positions };
}
