/**
 * openStores: where readings are kept. The journal, which they reach before their PUBACK; history, which answers
 * people; and the copy in InfluxDB, where the configuration names a server.
 *
 * The second stage of openSiaga. Invariant: nobody follows the journal from beyond its end; a cursor that a lost
 * journal left behind is set back first.
 */
import { CONSUMER as ALERTS_CONSUMER } from '../alerts/record/alert-store.ts';
import { type OpenedHistory, openHistory } from '../history/open-history.ts';
import { INFLUX_CONSUMER } from '../influx/copy/copy-cursor.ts';
import { type InfluxCopy, openInfluxCopy } from '../influx/open-influx-copy.ts';
import { ACKS_CONSUMER } from '../ingest/ack-consumer.ts';
import { Draining } from '../journal/draining.ts';
import { rewindCursors } from '../journal/rewind-cursors.ts';
import { type CityJournal, openCityJournal } from './open-city-journal.ts';
import type { Ground } from './open-ground.ts';

export interface Stores extends CityJournal {
  /** Carries the journal to its consumers, once the followers are there. */
  readonly draining: Draining;
  readonly keptHistory: OpenedHistory;
  readonly copy: InfluxCopy | undefined;
}

export async function openStores(opened: AsyncDisposableStack, ground: Ground): Promise<Stores> {
  const { clock, config, database, fleet, log, metrics, now, onFatal, random, registry } = ground;
  const { journal, outside, noteCopy } = await openCityJournal(opened, ground);
  await rewindCursors({ journal, database, consumers: [ALERTS_CONSUMER, INFLUX_CONSUMER], log, now });
  const ofMessages = { journal: journal.messages, isMarkedOutside: false, consumers: [ACKS_CONSUMER] };
  await rewindCursors({ ...ofMessages, database, log, now });
  const draining = new Draining({ journal, log, metrics, random });
  const keptHistory = await openHistory({
    config,
    journal,
    log: log.child({ part: 'history' }),
    metrics,
    now,
    retentionNow: clock.retentionNow,
    ...(onFatal ? { onDeath: onFatal } : {}),
  });
  opened.use(keptHistory.history);
  const copy = config.INFLUX_URL
    ? opened.use(
        openInfluxCopy({
          ...ground,
          journal,
          countDays: keptHistory.countDays,
          log: log.child({ part: 'influx' }),
        }),
      )
    : undefined;
  // Grafana's thresholds are those of now, and not of a minute ago.
  if (copy) registry.follow(() => void copy.sampleLiveness(fleet));
  return { journal, outside, noteCopy, draining, keptHistory, copy };
}
