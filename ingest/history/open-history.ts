/**
 * openHistory: what people's questions are answered from, as the configuration sizes it.
 *
 * A follower of the journal, always on, whether a copy goes to InfluxDB or not. Invariants: at most
 * MAX_WAITING_QUESTIONS wait for an answer; the journal keeps what is not settled yet (`settledThroughId`).
 */
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { Config } from '../../config.ts';
import type { Journal } from '../journal/journal.ts';
import { boundHistory } from './bound-history.ts';
import type { History } from './history.ts';
import { openSqliteHistory, type SqliteHistory } from './sqlite/open-sqlite-history.ts';

const DAY_MS = 86_400_000;
/** Each holds at most a page of 10,000 points, and waits for those before it: the caller gives up after 30 s. */
const MAX_WAITING_QUESTIONS = 32;

export interface HistoryDependencies {
  readonly config: Pick<
    Config,
    'SIAGA_CITY' | 'SIAGA_DATA_DIR' | 'JOURNAL_RETENTION_DAYS' | 'JOURNAL_MAX_BYTES'
  >;
  readonly journal: Journal;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** Told once when the thread of history has died: only a restart brings it back. */
  readonly onDeath?: (error: Error) => void;
}

export interface OpenedHistory {
  readonly history: History;
  /** The journal must keep what is above. */
  readonly settledThroughId: () => number;
  /** Points of a kind by day of UTC: what a copy is compared with. */
  readonly countDays: SqliteHistory['countDays'];
  /** Deletes what is beyond retention. Call once an hour. */
  trim(): Promise<void>;
}

export async function openHistory(dependencies: HistoryDependencies): Promise<OpenedHistory> {
  const { config, journal, log, metrics, now, onDeath } = dependencies;
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
    history: boundHistory(history, { maxWaiting: MAX_WAITING_QUESTIONS, metrics }),
    settledThroughId: () => history.settledThroughId,
    countDays: (question) => history.countDays(question),
    async trim() {
      const chunks = await history.trim(now());
      if (chunks > 0) log.info({ chunks }, 'history beyond retention removed');
    },
  };
}
