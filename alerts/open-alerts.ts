/**
 * openAlerts: puts the parts of the alarms together and restores them, before the first reading.
 *
 * QueuedAlerts then moves them. Invariant: what is open is in the lifecycle, the engine and the outbox before any
 * of them is asked.
 */
import type { City } from '../cities/city.ts';
import { isOpen } from './alert.ts';
import { createAlertMetrics } from './alert-metrics.ts';
import type { Alerts, AlertsDependencies } from './alerts.ts';
import { AlertEngine } from './judgement/engine.ts';
import { checkOverrides } from './judgement/parameters.ts';
import { Lifecycle } from './lifecycle/lifecycle.ts';
import { SilenceBook } from './lifecycle/silences.ts';
import { type ChannelConfig, createChannels } from './notices/channels.ts';
import { Outbox } from './notices/outbox.ts';
import { createPeopleChannels, findChannelProblems } from './notices/people-channels.ts';
import { NoticePlanner, repeatDraft } from './notices/plan.ts';
import { type AlarmMachinery, QueuedAlerts } from './queued-alerts.ts';
import { AlertSaver } from './record/alert-saver.ts';
import { AlertStore } from './record/alert-store.ts';
import { audienceOf } from './record/format-alert.ts';
import { redateWatches } from './record/redate.ts';
import { restoreAlerts } from './record/restore-alerts.ts';
import { judgedBy, trackRules } from './rules/index.ts';

/** Throws where an override of the city names what no rule has. */
export async function openAlerts(dependencies: AlertsDependencies): Promise<Alerts> {
  const problems = findParameterProblems(dependencies.registry.cityNow);
  if (problems.length > 0) throw new Error(`city ${dependencies.city.id}, ${problems.join('; ')}`);
  const alerts = new QueuedAlerts(dependencies, await assembleAlerts(dependencies));
  await alerts.followCity();
  return alerts;
}

/** What is wrong with a city's parameters of rules, as `path: sentence`; none when all is well. */
export function findParameterProblems({ alertRules }: Pick<City, 'alertRules'>): string[] {
  return checkOverrides(alertRules, trackRules).map((problem) => `alertRules: ${problem}`);
}

/** What a change of a city is refused for besides: parameters that no rule has, channels that nothing can send to. */
export function findAlertProblems(config: ChannelConfig): (city: City) => string[] {
  return (city) => [...findParameterProblems(city), ...findChannelProblems(city, config)];
}

async function assembleAlerts(dependencies: AlertsDependencies): Promise<AlarmMachinery> {
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
  const own = await createChannels({ config, city, database, publish, now });
  const people = createPeopleChannels([...own, ...(dependencies.channels ?? [])], config, { database, now });
  for (const problem of findChannelProblems(registry.cityNow, config))
    log.warn({ problem }, 'a channel is not used');
  await people.use(registry.cityNow.channels);
  const channels = people.all;
  const planner = new NoticePlanner(channels);
  const perMinute = config.NOTICES_PER_CHANNEL_PER_MIN;
  const { sent, waiting } = counters;
  const outbox = new Outbox({
    ...{ database, channels, perMinute, now, monotonicNow, random, log, sent, waiting },
  });
  const { engine, cursor, open } = await restoreAlerts({
    createEngine: () => new AlertEngine({ registry, rules: trackRules, ...judgedBy(registry.cityNow) }),
    ...{ lifecycle, planner, store, journal, log, nowMs },
  });
  const silences = new SilenceBook(database, now, (inForce) => lifecycle.useSilences(inForce));
  await silences.reload();
  engine.listen(nowMs);
  for (const change of redateWatches(engine, lifecycle.open.values(), nowMs, 0)) lifecycle.apply(change);
  // The broker's retained messages may have gone with the last run: say again what is open.
  const again = open
    .filter((alert) => audienceOf(alert) === 'public')
    .map((alert) => repeatDraft(alert, nowMs));
  await database.transaction().execute((transaction) => outbox.write(transaction, again, nowMs));
  const onSaved = () => countOpen(counters, lifecycle);
  onSaved();
  const saver = new AlertSaver({ engine, lifecycle, planner, outbox, store, feed, onSaved, cursor });
  return { engine, lifecycle, saver, outbox, people, store, silences, counters };
}

function countOpen({ open }: AlarmMachinery['counters'], lifecycle: Lifecycle): void {
  open.reset();
  for (const { rule, severity, state } of lifecycle.open.values()) {
    if (isOpen(state)) open.inc({ rule, severity });
  }
}
