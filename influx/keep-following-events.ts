/**
 * keepFollowingEvents: copies the log of alerts or of incidents from the state database to InfluxDB.
 *
 * The state database is the truth; InfluxDB gets a copy by a cursor of its own, so that an outage of InfluxDB
 * or of Siaga loses no event: each is written at least once, and twice is the same point. Invariant: the
 * saved cursor never passes an event that is not in InfluxDB.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import { formatEvent, type HistoryEvent } from './event-lines.ts';
import { classifyWriteError } from './influx-error.ts';
import type { InfluxMetrics } from './influx-metrics.ts';
import type { InfluxServer } from './influx-server.ts';

/** A log in the state database that only grows: alert steps, incident timeline. */
export interface EventSource {
  /** Names the cursor: `influx-<name>`. */
  readonly name: string;
  /** Up to `limit` events with a position above `after`, ascending. */
  readAfter(
    after: number,
    limit: number,
  ): Promise<readonly { readonly position: number; readonly event: HistoryEvent }[]>;
}

export interface FollowEventsOptions {
  readonly source: EventSource;
  readonly city: string;
  readonly server: InfluxServer;
  readonly database: Database;
  readonly metrics: InfluxMetrics;
  readonly log: Logger;
  readonly now: () => number;
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
  const { source, signal, log, pollMs = POLL_MS } = options;
  let failing = false;
  while (!signal.aborted) {
    let waitMs = pollMs;
    try {
      if ((await copyEvents(options)) === MAX_EVENTS) waitMs = 0;
      failing = false;
    } catch (error) {
      if (signal.aborted) return;
      if (!failing)
        log.warn({ err: error, source: source.name }, 'events are not written to InfluxDB, will retry');
      failing = true;
      waitMs = Math.max(RETRY_MS, classifyWriteError(error, options.now()).waitMs);
    }
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Copies what is new, at most MAX_EVENTS. Returns how many there were. */
export async function copyEvents(options: Omit<FollowEventsOptions, 'signal' | 'pollMs'>): Promise<number> {
  const { source, server, database, metrics, city, now, log } = options;
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
  try {
    await server.write(`${lines.join('\n')}\n`);
    metrics.events.inc({ outcome: 'written' }, lines.length);
  } catch (error) {
    const { remedy, sentence } = classifyWriteError(error, now());
    if (remedy === 'retry' || remedy === 'prepare') throw error;
    // The server took the good ones of them; the bad ones stay in the state database only.
    metrics.events.inc({ outcome: 'refused' }, lines.length);
    log.warn({ err: error, source: source.name }, sentence);
  }
  // Where the cursor was taken away meanwhile (influx-consumer.ts goes back), the copy begins anew.
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
