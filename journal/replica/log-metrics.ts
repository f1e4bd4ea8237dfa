/** What the log outside this machine shows of itself. */
import { Counter, Gauge, Histogram, type Registry as Metrics } from 'prom-client';

export interface LogStatus {
  /** Since when the batch in hand waits for the log, ms of the monotonic clock; undefined where none does. */
  readonly waitingSinceMs: number | undefined;
  readonly problem: string | undefined;
}

export function createLogMetrics(status: LogStatus, monotonicNow: () => number, metrics: Metrics) {
  const registers = [metrics];
  new Gauge({
    name: 'siaga_journal_log_lag_seconds',
    help: 'How long the oldest commit has been waiting for the log in PostgreSQL; 0 when none does.',
    registers,
    collect() {
      const sinceMs = status.waitingSinceMs;
      this.set(sinceMs === undefined ? 0 : (monotonicNow() - sinceMs) / 1_000);
    },
  });
  new Gauge({
    name: 'siaga_journal_log_problem',
    help: '1 while nothing is acknowledged because the log in PostgreSQL does not have it.',
    registers,
    collect() {
      this.set(status.problem === undefined ? 0 : 1);
    },
  });
  return {
    commitSeconds: new Histogram({
      name: 'siaga_journal_log_commit_seconds',
      help: 'Time of a commit to the log in PostgreSQL, its standby included.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
      registers,
    }),
    failed: new Counter({
      name: 'siaga_journal_log_failed_commits_total',
      help: 'Tries of the log in PostgreSQL that failed; what waits is tried again.',
      registers,
    }),
    copied: new Counter({
      name: 'siaga_journal_log_copied_total',
      help: 'Entries that this journal lacked and took from the log in PostgreSQL.',
      registers,
    }),
    trimmed: new Counter({
      name: 'siaga_journal_log_trimmed_total',
      help: 'Entries that retention deleted from the log in PostgreSQL.',
      registers,
    }),
  };
}
