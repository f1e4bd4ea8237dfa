/**
 * Retention of the journal: what is too old goes once a minute, what is too much within a second, the oldest first.
 *
 * Invariant: nothing is trimmed that a consumer, or history, has yet to read; one that never saved a cursor has all
 * of it to read. The copy in InfluxDB is none of them: a server that is away for good must not fill the disk.
 */
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import type { Journal } from './journal.ts';

export interface RetentionOptions {
  readonly journal: Journal;
  readonly database: Database;
  /** Names of those whose cursor is saved in the state database: who follows the readings, and who the messages. */
  readonly consumers: readonly string[];
  readonly ofMessages: readonly string[];
  /** Of history, which follows the journal by itself. */
  readonly settledThroughId: () => number;
  readonly log: Logger;
  /** The time by which data may be too old to keep. */
  readonly now: () => number;
}

export async function keepWithinRetention(options: RetentionOptions): Promise<void> {
  const { journal, log, now } = options;
  const { readings, messages } = await lowestCursors(options);
  const removed = await journal.trim(readings, now(), messages);
  if (removed > 0) log.info({ removed }, 'readings and messages beyond retention removed');
}

export interface TrackThinningOptions extends RetentionOptions {
  /** Whose devices say where they are. */
  readonly kinds: readonly string[];
  readonly fullRateMs: number;
}

/** Tracks lose what nobody needs after some weeks: thin-track.ts. Said in the log with what went. */
export async function thinTracks(options: TrackThinningOptions): Promise<void> {
  const { journal, kinds, fullRateMs, log, now } = options;
  const { readings: keepAfterId } = await lowestCursors(options);
  const beforeMs = now() - fullRateMs;
  const removed = await journal.thinTracks({ kinds, beforeMs, keepAfterId });
  if (removed > 0) log.info({ removed, before: new Date(beforeMs).toISOString() }, 'tracks thinned');
}

/** What the slowest of them has worked on. */
export async function lowestCursors(
  options: RetentionOptions,
): Promise<{ readings: number; messages: number }> {
  const { journal, database, consumers, ofMessages, settledThroughId } = options;
  const rows = await database.selectFrom('cursors').select(['consumer', 'position']).execute();
  const saved = new Map(rows.map((row) => [row.consumer, Number(row.position)]));
  const lowest = (names: readonly string[]) => Math.min(...names.map((name) => saved.get(name) ?? 0));
  return {
    readings: Math.min(journal.lastId, settledThroughId(), lowest(consumers)),
    messages: Math.min(journal.messages.lastId, lowest(ofMessages)),
  };
}
