/**
 * openHistory: the adapter that the configuration asks for. InfluxDB when INFLUX_URL is set, else SQLite.
 *
 * Both follow the journal by a cursor of their own: InfluxDB as a consumer, SQLite from a thread that reads the
 * journal's file. Invariant: nothing outside this folder knows which one it is, but for what each wants done
 * from time to time (`jobs`), and what the journal must keep for it (`settledThroughId`).
 */
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Registry } from '../fleet/registry.ts';
import { openInfluxHistory } from '../influx/influx-history.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import type { History } from './history.ts';
import { openSqliteHistory } from './open-sqlite-history.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export interface HistoryDependencies {
  readonly config: Config;
  readonly journal: Journal;
  readonly database: Database;
  readonly registry: Registry;
  readonly fleet: Fleet;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** The time by which data may be too old to keep. */
  readonly retentionNow: () => number;
  readonly signal: AbortSignal;
  /** Told once when the thread of history has died: only a restart brings it back. */
  readonly onDeath?: (error: Error) => void;
}

type HistoryJob = { readonly name: string; run(): Promise<void> } & (
  | { readonly everyMs: number }
  | { readonly schedule: string }
);

export interface OpenedHistory {
  readonly history: History;
  /** Absent where history follows the journal by itself. */
  readonly consumer?: JournalConsumer;
  /** The journal must keep what is above; absent where the consumer's cursor says it. */
  readonly settledThroughId?: () => number;
  /** What is to be done from time to time. */
  readonly jobs: readonly HistoryJob[];
}

export async function openHistory(dependencies: HistoryDependencies): Promise<OpenedHistory> {
  const { config, fleet } = dependencies;
  if (config.INFLUX_URL) {
    const history = await openInfluxHistory(dependencies);
    return {
      history,
      consumer: history.consumer,
      jobs: [
        { name: 'influx-liveness', everyMs: MINUTE_MS, run: () => history.sampleLiveness(fleet) },
        { name: 'influx-mark', everyMs: MINUTE_MS, run: () => history.checkMark() },
        { name: 'influx-self', everyMs: 10_000, run: () => history.sampleSelf() },
      ],
    };
  }
  const { journal, log, metrics, now, retentionNow, onDeath } = dependencies;
  const history = await openSqliteHistory({
    file: `${config.SIAGA_DATA_DIR}/history.db`,
    journalFile: `${config.SIAGA_DATA_DIR}/journal.db`,
    city: config.SIAGA_CITY,
    retentionMs: config.JOURNAL_RETENTION_DAYS * DAY_MS,
    maxBytes: config.JOURNAL_MAX_BYTES,
    log,
    metrics,
    now,
    salvageJournal: (cause) => journal.salvage(cause),
    ...(onDeath ? { onDeath } : {}),
  });
  return {
    history,
    settledThroughId: () => history.settledThroughId,
    jobs: [
      {
        name: 'history-retention',
        schedule: '7 * * * *',
        async run() {
          const chunks = await history.trim(retentionNow());
          if (chunks > 0) log.info({ chunks }, 'history beyond retention removed');
        },
      },
    ],
  };
}
