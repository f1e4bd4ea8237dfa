/**
 * openHistory: what people's questions are answered from, as the configuration sizes it.
 *
 * A follower of the journal, always on, whether a copy goes to InfluxDB or not. Invariants: at most
 * MAX_WAITING_QUESTIONS wait for an answer; the journal keeps what is not settled yet (`settledThroughId`).
 */
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { Config } from '../config/config.ts';

import { deviceKinds } from '../devices/kinds/index.ts';
import type { Journal } from '../journal/journal.ts';
import { kindsWithTracks } from '../journal/thin-track.ts';

import type { History } from './history.ts';
import { openSqliteHistory, type SqliteHistory } from './open-sqlite-history.ts';

const DAY_MS = 86_400_000;

export interface HistoryDependencies {
  readonly config: Pick<
    Config,
    'SIAGA_CITY' | 'SIAGA_DATA_DIR' | 'JOURNAL_RETENTION_DAYS' | 'JOURNAL_MAX_BYTES' | 'TRACKS_FULL_RATE_DAYS'
  >;
  readonly journal: Journal;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** The time by which data may be too old to keep. */
  readonly retentionNow: () => number;
  /** Told once when the thread of history has died: only a restart brings it back. */
  readonly onDeath?: (error: Error) => void;
}

export interface OpenedHistory {
  readonly history: History;
  /** The journal must keep what is above. */
  readonly settledThroughId: () => number;
  /** Points of a kind by day of UTC: what a copy is compared with. */
  readonly countDays: SqliteHistory['countDays'];
  /** Deletes what is beyond retention, and thins tracks. Call once an hour. */
  trim(): Promise<void>;
}

export async function openHistory(dependencies: HistoryDependencies): Promise<OpenedHistory> {
  const { config, journal, log, metrics, now, retentionNow, onDeath } = dependencies;
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
    countDays: (question) => history.countDays(question),
    async trim() {
      const chunks = await history.trim(retentionNow());
      if (chunks > 0) log.info({ chunks }, 'history beyond retention removed');
      const beforeMs = retentionNow() - config.TRACKS_FULL_RATE_DAYS * DAY_MS;
      const points = await history.thin({ kinds: kindsWithTracks(deviceKinds.values()), beforeMs });
      if (points > 0) log.info({ points }, 'tracks in history thinned');
    },
  };
}
