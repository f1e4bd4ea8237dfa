/**
 * openFollowers: who works on what the journal holds. The alerts, the present with its live feed, and dispatch.
 *
 * The third stage of openSiaga. Invariant: the present is restored from the journal before dispatch opens, and
 * dispatch before the first entry is drained.
 */
import type { Alerts } from '../alerts/alerts.ts';
import { openAlerts } from '../alerts/open-alerts.ts';
import { CONSUMER as ALERTS_CONSUMER } from '../alerts/record/alert-store.ts';
import type { Broker } from '../broker/broker.ts';
import { formatDeviceTopic } from '../devices/topics.ts';
import type { Dispatch } from '../dispatch/dispatch.ts';
import { openDispatch } from '../dispatch/open-dispatch.ts';
import { createLiveConsumer, restorePresent } from '../fleet/live-consumer.ts';
import { readLevels } from '../history/read-levels.ts';
import { INFLUX_CONSUMER } from '../influx/copy-cursor.ts';
import { createQuality, type Quality } from '../ingest/quality.ts';
import type { MessageEntry } from '../journal/device-messages.ts';
import type { JournalConsumer } from '../journal/keep-draining.ts';
import type { Ground } from './open-ground.ts';
import type { Stores } from './open-stores.ts';

export interface Followers {
  readonly alerts: Alerts;
  readonly dispatch: Dispatch;
  /** What each device's past says of its next reading, as the journal tells it. */
  readonly quality: Quality;
  /** Who is handed the entries of the journal. */
  readonly consumers: readonly JournalConsumer[];
}

export async function openFollowers(
  opened: AsyncDisposableStack,
  ground: Ground,
  stores: Stores,
  publish: Broker['publish'],
): Promise<Followers> {
  const { feed, fleet, log } = ground;
  const { draining, journal, keptHistory } = stores;
  const alerts = opened.use(
    await openAlerts({
      ...ground,
      publish,
      journal,
      readLevels: (device, range) => readLevels(keptHistory.history, device, range),
      log: log.child({ part: 'alerts' }),
      // Nothing gets onto the disk, or nothing from it to the alarms.
      isDeaf: () => journal.problem !== undefined || draining.problems.has(ALERTS_CONSUMER),
    }),
  );

  const quality = createQuality();
  await restorePresent({ journal, fleet, quality });
  followClock(ground, alerts);

  const dispatch = opened.use(await openCityDispatch(ground, alerts, publish));
  const live = createLiveConsumer({
    journal,
    fleet,
    feed,
    onPresent: (reading) => dispatch.observe(reading),
    onFailed: (reading) => dispatch.observeWord(reading),
  });
  return { alerts, dispatch, quality, consumers: [live, alerts.consumer] };
}

/** Hands the journal to its consumers from here on, until the stack is closed. */
export function startFollowing(
  opened: AsyncDisposableStack,
  { copy, draining }: Stores,
  { consumers }: Followers,
  ofMessages: readonly JournalConsumer<MessageEntry>[],
): void {
  opened.use(draining.start(consumers, ofMessages));
  if (!copy) return;
  draining.showBacklog(INFLUX_CONSUMER, () => copy.waitingEntries);
  copy.start();
}

/** Tells what goes by the wall clock of its steps: those that the disk shows at the start, and those to come. */
function followClock({ clock, fleet, now }: Ground, alerts: Alerts): void {
  const heardAt = [...fleet.known()].map(({ lastHeardAt }) => lastHeardAt);
  if (heardAt.length > 0) clock.compareWithDisk(Math.max(...heardAt));
  fleet.clockSet(now());
  clock.onStep(({ foundAt }) => {
    fleet.clockSet(foundAt);
    void alerts.clockSet(foundAt);
  });
}

function openCityDispatch(ground: Ground, alerts: Alerts, publish: Broker['publish']): Promise<Dispatch> {
  const { city, feed, log } = ground;
  return openDispatch({
    ...ground,
    alerts,
    sendCommand: (device, payload) => {
      const topic = formatDeviceTopic({ city: city.id, kind: 'ambulance', device, channel: 'command' });
      return publish(topic, payload, { qos: 1, retain: false });
    },
    publishEvent: (type, body) => feed.publish(type, body),
    log: log.child({ part: 'dispatch' }),
  });
}
