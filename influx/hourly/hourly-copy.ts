/**
 * HourlyCopy: keeps the hourly measurements in InfluxDB, from which Grafana shows what is longer than two days.
 *
 * Whoever writes lines marks their hours (copy-journal.ts, sample-writer by open-influx-copy.ts), also those of late
 * readings, of a rewrite, and of a server that was wiped. A marked hour is asked and written a minute after its end or
 * after the mark, the hour that runs every ten minutes. Marks are in memory: what a restart forgets, and what was
 * there before, is found by counting, day by day, back to the oldest. Invariants: an hour is right when its `samples`
 * are as many as the sound readings that stand there; a mark goes before its hour is asked, so that what comes
 * meanwhile marks it anew; nobody waits for this, and it leaves InfluxDB three quarters of the time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DAY_MS } from '../copy/compare-copy.ts';
import type { CopyHealth } from '../copy/copy-health.ts';
import { type DeliveryTools, deliverLines } from '../copy/deliver-lines.ts';
import type { InfluxMetrics } from '../copy/influx-metrics.ts';
import { describeError } from '../server/influx-error.ts';
import type { InfluxServer } from '../server/influx-server.ts';
import { InfluxQueryError, quoteIdentifier, quoteLiteral } from '../server/influxql.ts';
import { countStatement, HOUR_MS, HOURLY_SUFFIX, type HourlySource, linesOfHour } from './hourly-form.ts';

/** Hours of all measurements that wait: a year of seven. Beyond it one is found by counting. */
export const MAX_MARKS = 60_000;
/** By then most readings of an hour are there, and most of those that come late together. */
const GRACE_MS = 60_000;
/** How often the hour that runs is written. */
const RUNNING_EVERY_MS = 10 * 60_000;
/** How far back is counted at a start and each night: beyond it only what was never done. */
const RECENT_DAYS = 8;
const MAX_LINES = 5_000;
const POLL_MS = 5_000;
/** After a failure, as many times as long as it looks for work. */
const RETRY_TIMES = 6;
/** After each step, as many times as long as it took. */
const REST = 3;

export interface HourlyCopyOptions {
  readonly city: string;
  readonly sources: readonly HourlySource[];
  readonly server: Pick<InfluxServer, 'query' | 'name'>;
  readonly delivery: DeliveryTools;
  readonly metrics: InfluxMetrics;
  readonly health: CopyHealth;
  readonly now: () => number;
  /** Whether InfluxDB is ready to be asked: no catching up to do. */
  readonly isIdle: () => boolean;
  /** The first moment that InfluxDB can be asked about. */
  readonly earliestMs: () => number;
  readonly signal: AbortSignal;
  /** How often it looks whether an hour is due. */
  readonly hoursPollMs?: number;
}

export class HourlyCopy {
  readonly #options: HourlyCopyOptions;
  /** By measurement: hours by their beginnings, and when they are due. */
  readonly #marks: ReadonlyMap<string, Map<number, number>>;
  /** Days that have yet to be counted, the next one last; undefined: which ones is not known yet. */
  #days: { readonly source: HourlySource; readonly dayMs: number }[] | undefined;
  /** Marks were left out: all days are counted again. */
  #isOverflown = false;

  constructor(options: HourlyCopyOptions) {
    this.#options = options;
    this.#marks = new Map(options.sources.map(({ measurement }) => [measurement, new Map<number, number>()]));
  }

  /** Hours that wait to be written, days that wait to be counted. */
  get waiting(): number {
    return this.#markCount + (this.#days?.length ?? 0);
  }

  /** True once all that was there has been looked at. */
  get isComplete(): boolean {
    return this.#days?.length === 0 && !this.#isOverflown;
  }

  /** Something was written to `measurement` at `atMs`: its hour is to be written, again if it was. */
  mark(measurement: string, atMs: number): void {
    const hourMs = Math.floor(atMs / HOUR_MS) * HOUR_MS;
    if (this.#marks.get(measurement)?.has(hourMs)) return;
    const nowMs = this.#options.now();
    const overMs = hourMs + HOUR_MS;
    const dueMs = Math.min(Math.max(overMs, nowMs) + GRACE_MS, Math.max(hourMs, nowMs + RUNNING_EVERY_MS));
    this.#add(measurement, hourMs, dueMs);
  }

  /** Has the last days counted. Call once a night. */
  lookAgain(): void {
    this.#days = undefined;
  }

  /** Runs until the signal aborts; never throws. */
  async keepWriting(): Promise<void> {
    const { signal, isIdle, hoursPollMs = POLL_MS } = this.#options;
    while (!signal.aborted) {
      const startedAt = performance.now();
      const hasMore = isIdle() && (await this.#tryStep());
      const restMs = hasMore ? REST * (performance.now() - startedAt) : hoursPollMs;
      await delay(hasMore === undefined ? RETRY_TIMES * hoursPollMs : restMs, undefined, { signal }).catch(
        () => undefined,
      );
    }
  }

  /** As `step`; undefined where it failed, which is said. */
  async #tryStep(): Promise<boolean | undefined> {
    const { health, signal } = this.#options;
    try {
      const hasMore = await this.step();
      health.works('hours');
      return hasMore;
    } catch (error) {
      if (!signal.aborted) health.fails('hours', `hourly measurements wait: ${describeError(error)}`);
      return undefined;
    }
  }

  /** Writes one hour, or counts one day; false when there is nothing to do. Throws where InfluxDB does not answer. */
  async step(): Promise<boolean> {
    const due = this.#nextHour();
    if (due) {
      await this.#write(due.source, due.hourMs);
      return true;
    }
    this.#days ??= await this.#daysToCount();
    const day = this.#days.at(-1);
    if (!day) return false;
    await this.#count(day.source, day.dayMs);
    this.#days?.pop();
    return true;
  }

  get #markCount(): number {
    let count = 0;
    for (const hours of this.#marks.values()) count += hours.size;
    return count;
  }

  #add(measurement: string, hourMs: number, dueMs: number): void {
    if (this.#markCount < MAX_MARKS) this.#marks.get(measurement)?.set(hourMs, dueMs);
    else {
      this.#isOverflown = true;
      this.#days = undefined;
      this.#options.metrics.hours.inc({ outcome: 'unmarked' });
    }
  }

  /** The newest hour that is due. */
  #nextHour(): { source: HourlySource; hourMs: number } | undefined {
    const nowMs = this.#options.now();
    let newest: { source: HourlySource; hourMs: number } | undefined;
    for (const source of this.#options.sources) {
      for (const [hourMs, dueMs] of this.#marks.get(source.measurement) ?? []) {
        if (dueMs <= nowMs && hourMs > (newest?.hourMs ?? 0)) newest = { source, hourMs };
      }
    }
    return newest;
  }

  async #write(source: HourlySource, hourMs: number): Promise<void> {
    const { city, server, delivery, metrics } = this.#options;
    this.#marks.get(source.measurement)?.delete(hourMs);
    try {
      const lines = await linesOfHour(source, city, hourMs, (statement) => server.query(statement));
      for (let at = 0; at < lines.length; at += MAX_LINES) {
        await deliverLines(delivery, lines.slice(at, at + MAX_LINES));
      }
      metrics.hours.inc({ outcome: 'written' });
    } catch (error) {
      if (isMissing(error)) return;
      this.#add(source.measurement, hourMs, 0);
      throw error;
    }
  }

  /** Marks the hours of a day that have more, or fewer, readings than their points say. */
  async #count(source: HourlySource, dayMs: number): Promise<void> {
    const { city } = this.#options;
    const { raw, hourly } = countStatement(source, city, dayMs, dayMs + DAY_MS);
    const [there, written] = [await this.#byHour(raw), await this.#byHour(hourly)];
    for (const [hourMs, count] of there) {
      if (written.get(hourMs) !== count) this.#add(source.measurement, hourMs, 0);
    }
  }

  async #byHour(statement: string): Promise<ReadonlyMap<number, number>> {
    const rows = (await this.#ask(statement))?.values ?? [];
    return new Map(rows.map(([atMs, count]) => [Number(atMs), Number(count)]));
  }

  /** The last days, and all before the first hour that was written; the newest last. */
  async #daysToCount() {
    const { sources, now, earliestMs } = this.#options;
    const todayMs = Math.floor(now() / DAY_MS) * DAY_MS;
    const days: { source: HourlySource; dayMs: number }[] = [];
    for (const source of sources) {
      const firstMs = Math.max(earliestMs(), await this.#firstOf(source.measurement, source.counted));
      const doneFromMs = await this.#firstOf(source.measurement + HOURLY_SUFFIX, 'samples');
      for (let dayMs = Math.floor(firstMs / DAY_MS) * DAY_MS; dayMs <= todayMs; dayMs += DAY_MS) {
        const isRecent = dayMs > todayMs - RECENT_DAYS * DAY_MS;
        if (isRecent || this.#isOverflown || dayMs <= doneFromMs) days.push({ source, dayMs });
      }
    }
    this.#isOverflown = false;
    return days.sort((a, b) => a.dayMs - b.dayMs);
  }

  /** The time of the first point; endless where there is none. */
  async #firstOf(measurement: string, field: string): Promise<number> {
    const { city, earliestMs, now } = this.#options;
    const first = await this.#ask(
      `SELECT first(${quoteIdentifier(field)}) FROM ${quoteIdentifier(measurement)} ` +
        `WHERE "city" = ${quoteLiteral(city)} AND time >= ${earliestMs()}ms AND time < ${now() + DAY_MS}ms`,
    );
    return Number(first?.values[0]?.[0] ?? Number.POSITIVE_INFINITY);
  }

  async #ask(statement: string) {
    try {
      return (await this.#options.server.query(statement))[0];
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

/** Nothing was ever written there. */
function isMissing(error: unknown): boolean {
  return error instanceof InfluxQueryError && error.isMissing;
}
