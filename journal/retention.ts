/**
 * Retention of the journal: what is too old goes once a minute, what is too much within a second, the oldest first.
 *
 * Invariant: nothing is trimmed that a consumer, or history, has yet to read; one that never saved a cursor has all
 * of it to read. The copy in InfluxDB is none of them: a server that is away for good must not fill the disk.
 */
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import type { Journal } from './journal.ts';
import type { JournalConsumer } from './keep-draining.ts';

export interface RetentionOptions {
  readonly journal: Journal;
  readonly database: Database;
  /** Those whose cursor is saved in the state database. */
  readonly consumers: readonly JournalConsumer[];
  /** Of history, which follows the journal by itself. */
  readonly settledThroughId: () => number;
  readonly log: Logger;
  /** The time by which data may be too old to keep. */
  readonly now: () => number;
}

export async function keepWithinRetention(options: RetentionOptions): Promise<void> {
  const { journal, log, now } = options;
  const removed = await journal.trim(await lowestCursor(options), now());
  if (removed > 0) log.info({ removed }, 'readings beyond retention removed');
}

async function lowestCursor(options: RetentionOptions): Promise<number> {
  const { journal, database, consumers, settledThroughId } = options;
  const rows = await database.selectFrom('cursors').select(['consumer', 'position']).execute();
  const saved = new Map(rows.map((row) => [row.consumer, Number(row.position)]));
  const cursors = consumers.map((consumer) => saved.get(consumer.name) ?? 0);
  return Math.min(journal.lastId, settledThroughId(), ...cursors);
}
