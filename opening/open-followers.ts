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
import { INFLUX_CONSUMER } from '../influx/copy/copy-cursor.ts';
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
  fleet.askAlarms((device) => alerts.silentAfterMs(device));

  const quality = createQuality();
  await restorePresent({ journal, fleet, quality, nowMs: ground.now() });
  const dispatch = opened.use(await openCityDispatch(ground, alerts, publish));
  followClock(ground, { alerts, dispatch, quality });
  const live = createLiveConsumer({
    journal,
    fleet,
    feed,
    onPresent: (reading) => dispatch.observe(reading),
    onOther: (reading) => dispatch.observeWord(reading),
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

/**
 * Tells what goes by the wall clock of its steps. All that remember a newest time give up what they dated themselves,
 * and together: one that did not would call the rest late. What the disk shows at the start, each has given up when
 * it was restored.
 */
function followClock(
  { clock, fleet }: Ground,
  { alerts, dispatch, quality }: Pick<Followers, 'alerts' | 'dispatch' | 'quality'>,
): void {
  const heardAt = [...fleet.known()].map(({ lastHeardAt }) => lastHeardAt);
  clock.compareWithDisk(Math.max(0, ...heardAt));
  clock.onStep(({ foundAt, sizeMs }) => {
    quality.clockSet(foundAt, sizeMs);
    fleet.clockSet(foundAt, sizeMs);
    dispatch.clockSet(foundAt, sizeMs);
    void alerts.clockSet(foundAt, sizeMs);
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
