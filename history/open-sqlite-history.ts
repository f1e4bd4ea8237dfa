/**
 * openSqliteHistory: history without another engine. The journal is the source; a thread of its own carries it
 * into chunks by device and time (a file beside the journal that can always be built again) and answers.
 *
 * Invariants: answers hold what was acknowledged before they were asked for; the ingest never waits for this
 * thread. When the thread has died, questions reject and `problem` says so.
 */
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import { CallingWorker } from '../database/worker-calls.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import type { Aggregate, History, HistoryPage, HistoryPoint, RawQuery, WindowQuery } from './history.ts';
import type {
  DayCount,
  DaysQuestion,
  HistoryCalls,
  HistoryData,
  HistoryEvent,
  PackedPage,
  TracksToThin,
} from './history-messages.ts';

export interface SqliteHistoryOptions {
  /** Created where absent. */
  readonly file: string;
  /** Opened by openJournal before. */
  readonly journalFile: string;
  readonly city: string;
  readonly retentionMs: number;
  readonly maxBytes: number;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly now: () => number;
  /** Called when the journal's file turns out to be damaged: it can be salvaged while it runs. */
  readonly salvageJournal: (cause: string) => Promise<void>;
  /** Told once when the thread has died: only a restart brings history back. */
  readonly onDeath?: (error: Error) => void;
}

export interface SqliteHistory extends History {
  /** Readings up to this id of the journal are in the file of history. */
  readonly settledThroughId: number;
  /** Settles what waits now, rather than within a minute. */
  settle(): Promise<void>;
  /** Points of a kind by day of UTC; days without any are left out. */
  countDays(question: Omit<DaysQuestion, 'city'>): Promise<readonly DayCount[]>;
  /** Deletes what retention allows; returns how many chunks of up to 128 points went. */
  trim(now: number): Promise<number>;
  /** Thins the tracks of these kinds before a time; returns how many points went. */
  thin(tracks: TracksToThin): Promise<number>;
}

export async function openSqliteHistory(options: SqliteHistoryOptions): Promise<SqliteHistory> {
  const { city, log } = options;
  const metrics = createMetrics(options.metrics);
  let problem: string | undefined;
  let settledThroughId = 0;
  const worker = new CallingWorker<HistoryCalls, HistoryEvent>({
    file: new URL('./history-worker.ts', import.meta.url),
    workerData: {
      file: options.file,
      journalFile: options.journalFile,
      openedAt: options.now(),
    } satisfies HistoryData,
    onEvent(event) {
      if (event.event === 'settled') {
        settledThroughId = event.throughId;
        problem = undefined;
        metrics.unsettled.set(event.waiting);
        metrics.fileBytes.set(event.fileBytes);
      } else if (event.event === 'problem') {
        if (!problem) log.error({ cause: event.cause }, 'history cannot follow the journal, will retry');
        problem = `history cannot follow the journal: ${event.cause}`;
      } else if (event.event === 'journal-damaged') {
        options.salvageJournal(event.cause).catch((error: unknown) => {
          problem = `the journal is damaged: ${event.cause}`;
          log.error({ err: error }, 'the journal is damaged, and its salvage failed');
        });
      } else reportRebuilt(event.cause);
    },
    onDeath(error) {
      problem = `the thread of history died: ${error.message}`;
      log.fatal({ err: error }, 'the thread of history died: restart');
      options.onDeath?.(error);
    },
  });
  const reportRebuilt = (cause: string) => {
    metrics.rebuilt.inc();
    log.warn({ cause }, 'the file of history is built again from the journal');
  };
  try {
    const opened = await worker.call('open', undefined);
    settledThroughId = opened.settledThroughId;
    if (opened.rebuilt) reportRebuilt(opened.rebuilt);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return {
    get problem() {
      return problem;
    },
    get settledThroughId() {
      return settledThroughId;
    },
    async raw(query: RawQuery) {
      if (query.fromMs >= query.toMs) return { points: [] };
      return unpackPage(await worker.call('raw', { ...query, city }), true);
    },
    async windows(query: WindowQuery) {
      if (query.fromMs >= query.toMs) return { points: [] };
      const numeric = numericQuantities(query.kind, query.fn);
      return unpackPage(await worker.call('windows', { ...query, city, numeric }), false);
    },
    settle: () => worker.call('settle', undefined),
    countDays: (question) => worker.call('countDays', { ...question, city }),
    async trim(now: number) {
      const { retentionMs, maxBytes } = options;
      const deleted = await worker.call('trim', { beforeMs: now - retentionMs, maxBytes });
      metrics.trimmed.inc(deleted);
      return deleted;
    },
    async thin(tracks) {
      const removed = await worker.call('thin', tracks);
      metrics.thinned.inc(removed);
      return removed;
    },
    async [Symbol.asyncDispose]() {
      await worker.call('close', undefined).catch((error: unknown) => {
        log.error({ err: error }, 'history did not close cleanly');
      });
      await worker.terminate();
    },
  };
}

function createMetrics(metrics: Registry) {
  const registers = [metrics];
  return {
    unsettled: new Gauge({
      name: 'siaga_history_unsettled',
      help: 'Journal entries that the embedded history reads from the journal.',
      registers,
    }),
    fileBytes: new Gauge({
      name: 'siaga_history_file_bytes',
      help: 'Size of the embedded history.',
      registers,
    }),
    trimmed: new Counter({
      name: 'siaga_history_trimmed_chunks_total',
      help: 'Chunks of up to 128 points that retention deleted.',
      registers,
    }),
    thinned: new Counter({
      name: 'siaga_history_thinned_points_total',
      help: 'Points of tracks that thinning deleted.',
      registers,
    }),
    rebuilt: new Counter({
      name: 'siaga_history_rebuilt_total',
      help: 'Times the embedded history was begun anew.',
      registers,
    }),
  };
}

function numericQuantities(kind: string, fn: Aggregate): string[] {
  const quantities = Object.entries(deviceKinds.get(kind)?.quantities ?? {});
  const isWanted = (type: string) => (fn === 'increase' ? type === 'counter' : type !== 'state');
  return quantities.filter(([, { type }]) => isWanted(type)).map(([name]) => name);
}

function unpackPage({ names, isWord, rows, words, nextFromMs }: PackedPage, isRaw: boolean): HistoryPage {
  const wordOf = new Map(words);
  const points: HistoryPoint[] = [];
  const width = names.length + 2;
  for (let at = 0; at < rows.length; at += width) {
    const values: Record<string, number | string> = {};
    for (let column = 0; column < names.length; column++) {
      const value = rows[at + 2 + column] as number;
      if (Number.isNaN(value)) continue;
      values[names[column] as string] = isWord[column] ? (wordOf.get(value) as string) : value;
    }
    const atMs = rows[at] as number;
    points.push(isRaw ? { atMs, values, quality: rows[at + 1] as number } : { atMs, values });
  }
  return nextFromMs === undefined ? { points } : { points, nextFromMs };
}
