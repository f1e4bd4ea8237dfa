/**
 * Puts the parts of the alarms together and restores them, before the first reading.
 *
 * Called by openAlerts; AlertsPart then moves them. Invariant: what is open is in the lifecycle, the engine and
 * the outbox before any of them is asked.
 */
import { isOpen } from './alert.ts';
import { createAlertMetrics } from './alert-metrics.ts';
import { AlertSaver } from './alert-saver.ts';
import { AlertStore } from './alert-store.ts';
import type { AlertsDependencies } from './alerts.ts';
import { AlertEngine } from './engine.ts';
import { audienceOf } from './format-alert.ts';
import { Lifecycle } from './lifecycle.ts';
import { createChannels } from './notices/channels.ts';
import { Outbox } from './notices/outbox.ts';
import { NoticePlanner, repeatDraft } from './notices/plan.ts';
import { restoreAlerts } from './restore-alerts.ts';
import { cityOverrides, trackRules } from './rules/index.ts';
import { SilenceBook } from './silences.ts';

export interface AlertsParts {
  readonly engine: AlertEngine;
  readonly lifecycle: Lifecycle;
  readonly saver: AlertSaver;
  readonly outbox: Outbox;
  readonly store: AlertStore;
  readonly silences: SilenceBook;
  readonly counters: ReturnType<typeof createAlertMetrics>;
}

export async function assembleAlerts(dependencies: AlertsDependencies): Promise<AlertsParts> {
  const {
    city,
    registry,
    database,
    journal,
    metrics,
    config,
    feed,
    now,
    monotonicNow,
    random,
    log,
    publish,
  } = dependencies;
  const nowMs = now();
  const counters = createAlertMetrics(metrics);
  const lifecycle = new Lifecycle({ city: city.id });
  const store = new AlertStore(database);
  const channels = [
    ...(await createChannels({ config, city, database, publish, now })),
    ...(dependencies.channels ?? []),
  ];
  const planner = new NoticePlanner(channels);
  const perMinute = config.NOTICES_PER_CHANNEL_PER_MIN;
  const { sent, waiting } = counters;
  const outbox = new Outbox({
    ...{ database, channels, perMinute, now, monotonicNow, random, log, sent, waiting },
  });
  const overrides = [...cityOverrides(city), ...city.alertRules];
  const { engine, cursor, open } = await restoreAlerts({
    createEngine: () => new AlertEngine({ city, registry, rules: trackRules, overrides }),
    ...{ lifecycle, planner, store, journal, log, nowMs },
  });
  const silences = new SilenceBook(database, now, (inForce) => lifecycle.useSilences(inForce));
  await silences.reload();
  engine.listen(nowMs);
  // The broker's retained messages may have gone with the last run: say again what is open.
  const again = open
    .filter((alert) => audienceOf(alert) === 'public')
    .map((alert) => repeatDraft(alert, nowMs));
  await database.transaction().execute((transaction) => outbox.write(transaction, again, nowMs));
  const onSaved = () => countOpen(counters, lifecycle);
  onSaved();
  const saver = new AlertSaver({ engine, lifecycle, planner, outbox, store, feed, onSaved, cursor });
  return { engine, lifecycle, saver, outbox, store, silences, counters };
}

function countOpen({ open }: AlertsParts['counters'], lifecycle: Lifecycle): void {
  open.reset();
  for (const { rule, severity, state } of lifecycle.open.values()) {
    if (isOpen(state)) open.inc({ rule, severity });
  }
}
