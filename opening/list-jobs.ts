/**
 * listJobs: all that Siaga does at intervals, as one table.
 *
 * Stands beside the flow: no reading waits for any of it. Invariant: retention removes from the journal only what
 * the alerts and history have settled.
 */
import { createStateRetention } from '../api/state-retention.ts';
import type { Canary } from '../canary/canary.ts';
import type { PeriodicJob } from '../clock/periodic-jobs.ts';
import { deviceKinds } from '../devices/kinds/index.ts';
import type { Drills } from '../drill/drills.ts';
import { alertStaff } from '../influx/copy-alert.ts';
import { ACKS_CONSUMER } from '../ingest/ack-consumer.ts';
import { trimLog } from '../journal/replica/trim-log.ts';
import {
  keepWithinRetention,
  type RetentionOptions,
  type TrackThinningOptions,
  thinTracks,
} from '../journal/retention.ts';
import { kindsWithTracks } from '../journal/thin-track.ts';
import type { Followers } from './open-followers.ts';
import type { Ground } from './open-ground.ts';
import type { Intake } from './open-intake.ts';
import type { Stores } from './open-stores.ts';

const DAY_MS = 86_400_000;

export function listJobs(
  ground: Ground,
  stores: Stores,
  { alerts, dispatch }: Followers,
  intake: Intake,
  { canary, drills }: { readonly canary: Canary | undefined; readonly drills: Drills },
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
  const tracks: TrackThinningOptions = {
    ...retention,
    kinds: kindsWithTracks(deviceKinds.values()),
    fullRateMs: config.TRACKS_FULL_RATE_DAYS * DAY_MS,
  };
  const keepState = createStateRetention({ config, database, metrics, log, now: clock.retentionNow });
  return [
    { name: 'alerts', everyMs: 1_000, run: () => alerts.tick(now()) },
    { name: 'alerts-sweep', everyMs: 1_000, run: () => alerts.sweep(now()) },
    { name: 'alerts-past', everyMs: 60_000, run: () => alerts.learnPast(now()) },
    { name: 'dispatch', everyMs: 1_000, run: () => dispatch.tick() },
    { name: 'drill', everyMs: 1_000, run: () => drills.tick() },
    { name: 'registry', everyMs: 2_000, run: () => intake.followRegistry() },
    {
      name: 'retention-bytes',
      everyMs: 1_000,
      run: () => (journal.isOverBound ? keepWithinRetention(retention) : undefined),
    },
    { name: 'retention', everyMs: 60_000, run: () => keepWithinRetention(retention) },
    { name: 'state-retention', everyMs: 3_600_000, run: async () => void (await keepState()) },
    { name: 'track-thinning', everyMs: 3_600_000, run: () => thinTracks(tracks) },
    { name: 'history-retention', everyMs: 3_600_000, run: () => keptHistory.trim() },
    ...logJobs(ground, stores, retention),
    ...influxJobs(ground, stores, alerts),
    ...canaryJobs(ground, canary),
  ];
}

function logJobs(
  { config }: Ground,
  { outside, noteCopy }: Stores,
  options: RetentionOptions,
): PeriodicJob[] {
  if (!outside) return [];
  const keepMs = config.JOURNAL_RETENTION_DAYS * DAY_MS;
  const retention = { outside, keepMs, bridgeMs: config.JOURNAL_LOG_DAYS * DAY_MS, log: options.log };
  return [
    { name: 'journal-log-copy', everyMs: 60_000, run: noteCopy },
    { name: 'journal-log-retention', everyMs: 60_000, run: () => trimLog(retention, options) },
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

function canaryJobs({ config }: Ground, canary: Canary | undefined): PeriodicJob[] {
  if (!canary || config.CANARY_EVERY_S === undefined) return [];
  return [{ name: 'canary', everyMs: config.CANARY_EVERY_S * 1_000, run: () => canary.round() }];
}
