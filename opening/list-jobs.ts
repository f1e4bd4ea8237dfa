/**
 * listJobs: all that Siaga does at intervals, as one table.
 *
 * Stands beside the flow: no reading waits for any of it. Invariant: retention removes from the journal only what
 * the alerts and history have settled.
 */
import { createStateRetention } from '../api/state-retention.ts';
import type { PeriodicJob } from '../clock/periodic-jobs.ts';
import { alertStaff } from '../influx/copy-alert.ts';
import { ACKS_CONSUMER } from '../ingest/ack-consumer.ts';
import { keepWithinRetention, type RetentionOptions } from '../journal/retention.ts';
import type { Followers } from './open-followers.ts';
import type { Ground } from './open-ground.ts';
import type { Intake } from './open-intake.ts';
import type { Stores } from './open-stores.ts';

export function listJobs(
  ground: Ground,
  stores: Stores,
  { alerts, dispatch }: Followers,
  intake: Intake,
): PeriodicJob[] {
  const { clock, config, database, log, metrics, now } = ground;
  const { journal, keptHistory } = stores;
  const retention: RetentionOptions = {
    journal,
    database,
    consumers: [alerts.consumer.name],
    ofMessages: [ACKS_CONSUMER],
    settledThroughId: keptHistory.settledThroughId,
    log,
    now: clock.retentionNow,
  };
  const keepState = createStateRetention({ config, database, metrics, log, now: clock.retentionNow });
  return [
    { name: 'alerts', everyMs: 1_000, run: () => alerts.tick(now()) },
    { name: 'alerts-sweep', everyMs: 1_000, run: () => alerts.sweep(now()) },
    { name: 'alerts-past', everyMs: 60_000, run: () => alerts.learnPast(now()) },
    { name: 'dispatch', everyMs: 1_000, run: () => dispatch.tick() },
    { name: 'registry', everyMs: 2_000, run: () => intake.followRegistry() },
    {
      name: 'retention-bytes',
      everyMs: 1_000,
      run: () => (journal.isOverBound ? keepWithinRetention(retention) : undefined),
    },
    { name: 'retention', everyMs: 60_000, run: () => keepWithinRetention(retention) },
    { name: 'state-retention', everyMs: 3_600_000, run: async () => void (await keepState()) },
    { name: 'history-retention', everyMs: 3_600_000, run: () => keptHistory.trim() },
    ...influxJobs(ground, stores, alerts),
  ];
}

function influxJobs({ fleet, now }: Ground, { copy }: Stores, alerts: Followers['alerts']): PeriodicJob[] {
  if (!copy) return [];
  return [
    { name: 'influx-liveness', everyMs: 60_000, run: () => copy.sampleLiveness(fleet) },
    { name: 'influx-mark', everyMs: 60_000, run: () => copy.checkMark() },
    { name: 'influx-compare', schedule: '40 2 * * *', run: () => copy.compare() },
    { name: 'influx-replay', everyMs: 3_600_000, run: () => copy.replay() },
    { name: 'influx-alert', everyMs: 60_000, run: () => alertStaff(copy, alerts, now()) },
    { name: 'influx-self', everyMs: 10_000, run: () => copy.sampleSelf() },
  ];
}
