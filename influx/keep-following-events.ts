/**
 * keepFollowingEvents: copies the log of alerts or of incidents from the state database to InfluxDB.
 *
 * The state database is the truth; InfluxDB gets a copy by a cursor of its own, so that an outage of InfluxDB
 * or of Siaga loses no event: each is written at least once, and twice is the same point. Invariant: the
 * saved cursor never passes an event that is not in InfluxDB.
 */
import { setTimeout as delay } from 'node:timers/promises';

import type { Database } from '../database/database.ts';
import type { CopyHealth } from './copy/copy-health.ts';
import { type DeliveryTools, deliverLines, NotDeliveredError } from './copy/deliver-lines.ts';
import type { InfluxMetrics } from './copy/influx-metrics.ts';
import { formatEvent, type HistoryEvent } from './event-lines.ts';

/** A log in the state database that only grows: alert steps, incident timeline. */
export interface EventSource {
  /** Names the cursor: `influx-<name>`. */
  readonly name: 'alerts' | 'incidents';
  /** Up to `limit` events with a position above `after`, ascending. */
  readAfter(
    after: number,
    limit: number,
  ): Promise<readonly { readonly position: number; readonly event: HistoryEvent }[]>;
}

export interface FollowEventsOptions {
  readonly source: EventSource;
  readonly city: string;
  readonly delivery: DeliveryTools;
  readonly database: Database;
  readonly metrics: InfluxMetrics;
  readonly health: CopyHealth;
  /** Until then nothing is written, and nothing is wrong that the journal's copy does not say. */
  readonly isPrepared: () => boolean;
  readonly signal: AbortSignal;
  readonly pollMs?: number;
}

const MAX_EVENTS = 500;
/** Annotations may be this late. */
const POLL_MS = 2_000;
/** After a failure: no more often than this. */
const RETRY_MS = 10_000;

/** Runs until `signal` aborts. */
export async function keepFollowingEvents(options: FollowEventsOptions): Promise<void> {
  const { signal, health, isPrepared, pollMs = POLL_MS } = options;
  const matter = options.source.name;
  while (!signal.aborted) {
    let waitMs = pollMs;
    try {
      if (isPrepared()) {
        if ((await copyEvents(options)) === MAX_EVENTS) waitMs = 0;
        health.works(matter);
      }
    } catch (error) {
      if (signal.aborted) return;
      health.fails(matter, `${matter}: ${(error as Error).message}`);
      waitMs = Math.max(RETRY_MS, error instanceof NotDeliveredError ? error.waitMs : 0);
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Copies what is new, at most MAX_EVENTS. Returns how many there were. */
export async function copyEvents(
  options: Omit<FollowEventsOptions, 'health' | 'isPrepared' | 'signal' | 'pollMs'>,
): Promise<number> {
  const { source, delivery, database, metrics, city } = options;
  const consumer = `influx-${source.name}`;
  const row = await database
    .selectFrom('cursors')
    .select('position')
    .where('consumer', '=', consumer)
    .executeTakeFirst();
  const events = await source.readAfter(Number(row?.position ?? 0), MAX_EVENTS);
  const position = events.at(-1)?.position;
  if (position === undefined) return 0;
  const lines = events.map(({ event }) => formatEvent(city, event)).filter((line) => line !== undefined);
  const { written, expired, setAside } = await deliverLines(delivery, lines);
  metrics.events.inc({ outcome: 'written' }, written);
  metrics.events.inc({ outcome: 'refused' }, expired + setAside);
  // Where the cursor was taken away meanwhile (copy-journal.ts goes back), the copy begins anew.
  await (row
    ? database
        .updateTable('cursors')
        .set({ position })
        .where('consumer', '=', consumer)
        .where('position', '=', row.position)
        .execute()
    : database.insertInto('cursors').values({ consumer, position }).execute());
  return events.length;
}
