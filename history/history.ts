/**
 * Port of history: what the API, the pages and the back-test read. The embedded adapter (sqlite/) follows the
 * journal always and answers every question; InfluxDB (influx/) gets a copy and is asked nothing.
 *
 * Invariants, kept by a contract suite: a range is [fromMs, toMs); points ascend by time; the
 * last written of two readings with the same device, time and quantity counts; a window of `every` starts at
 * a multiple of it in the given time zone's local time (so that a day is a day in Asia/Jakarta); an empty
 * window gives no point; readings of failed quality are in history (raw) and never in down-samples.
 */
import type { Values } from '../devices/reading.ts';

/**
 * `increase` is of counters alone: by how much one grew from the last reading before the window, which need not be in
 * the range, to the last in it. It is the same whichever readings between them were lost, late or repeated. A fall says
 * that the counter began again from 0: what it then says counts in full.
 */
export const AGGREGATES = ['mean', 'min', 'max', 'last', 'count', 'increase'] as const;
export type Aggregate = (typeof AGGREGATES)[number];

export interface RawQuery {
  readonly kind: string;
  readonly device: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** At most this many points, 1–10,000. */
  readonly limit: number;
}

export interface WindowQuery extends RawQuery {
  readonly everyMs: number;
  readonly fn: Aggregate;
  /** IANA zone in which windows start. */
  readonly timeZone: string;
  /** Quantities wanted; all numeric ones of the kind when absent, of `increase` all counters. */
  readonly quantities?: readonly string[];
}

export interface HistoryPoint {
  /** Epoch ms: measuredAt of a raw point, start of a window. */
  readonly atMs: number;
  readonly values: Values;
  /** Raw points only: bits of QualityFlag. */
  readonly quality?: number;
}

export interface HistoryPage {
  readonly points: readonly HistoryPoint[];
  /** `fromMs` of the next page; absent when this was the last. */
  readonly nextFromMs?: number;
}

export interface History extends AsyncDisposable {
  raw(query: RawQuery): Promise<HistoryPage>;
  windows(query: WindowQuery): Promise<HistoryPage>;
  /** Undefined when all is well, else a sentence. */
  readonly problem: string | undefined;
}
