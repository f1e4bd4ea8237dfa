/**
 * openHistory: the adapter that the configuration asks for. InfluxDB when INFLUX_URL is set, else SQLite.
 *
 * Both follow the journal by a cursor of their own: InfluxDB as a consumer, SQLite from a thread that reads the
 * journal's file. Invariant: nothing outside this folder knows which one it is, but for what each wants done
 * from time to time (`jobs`), and what the journal must keep for it (`settledThroughId`).
 */
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { Config } from '../../config.ts';
import type { Database } from '../../database/database.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Registry } from '../fleet/registry.ts';
import type { Journal } from '../journal/journal.ts';
import type { JournalConsumer } from '../keep-draining.ts';
import type { History } from './history.ts';
import { openInfluxHistory } from './influx/influx-history.ts';
import { openSqliteHistory } from './sqlite/open-sqlite-history.ts';

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
  readonly signal: AbortSignal;
  /** Told once when the thread of history has died: only a restart brings it back. */
  readonly onDeath?: (error: Error) => void;
}

export interface OpenedHistory {
  readonly history: History;
  /** Absent where history follows the journal by itself. */
  readonly consumer?: JournalConsumer;
  /** The journal must keep what is above; absent where the consumer's cursor says it. */
  readonly settledThroughId?: () => number;
  /** What is to be done from time to time; schedules have six fields, seconds first. */
  readonly jobs: readonly { name: string; schedule: string; run(): Promise<void> }[];
}

export async function openHistory(dependencies: HistoryDependencies): Promise<OpenedHistory> {
  const { config, fleet } = dependencies;
  if (config.INFLUX_URL) {
    const history = await openInfluxHistory(dependencies);
    return {
      history,
      consumer: history.consumer,
      jobs: [
        { name: 'influx-liveness', schedule: '15 * * * * *', run: () => history.sampleLiveness(fleet) },
        { name: 'influx-mark', schedule: '35 * * * * *', run: () => history.checkMark() },
        { name: 'influx-self', schedule: '*/10 * * * * *', run: () => history.sampleSelf() },
      ],
    };
  }
  const { journal, log, metrics, now, onDeath } = dependencies;
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
        schedule: '45 7 * * * *',
        async run() {
          const chunks = await history.trim(now());
          if (chunks > 0) log.info({ chunks }, 'history beyond retention removed');
        },
      },
    ],
  };
}
