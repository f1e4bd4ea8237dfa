/**
 * rewindCursors: takes back what a consumer of the journal remembers beyond the journal's end.
 *
 * A restored or a new journal gives ids again that a cursor in the state database has passed: its consumer would
 * skip every reading up to there without a word. Runs at the start, before anybody loads a cursor. Where the
 * readings ended then is kept, for marks that lie outside (influx/copy/cursor-mark.ts). Invariant: cursors at or
 * below the journal's last id, and those of other logs, stay as they are.
 */
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import type { FollowedLog } from './journal.ts';

export interface RewindCursorsOptions {
  /** The readings, or its messages. */
  readonly journal: Pick<FollowedLog<unknown>, 'lastId'>;
  /** Where marks outside count its ids. */
  readonly isMarkedOutside?: boolean;
  readonly database: Database;
  /** Names of those whose cursor is an id of the journal. */
  readonly consumers: readonly string[];
  readonly log: Logger;
  readonly now: () => number;
}

export async function rewindCursors({
  journal,
  database,
  consumers,
  isMarkedOutside = true,
  log,
  now,
}: RewindCursorsOptions): Promise<void> {
  const { lastId } = journal;
  const ahead = await database
    .selectFrom('cursors')
    .selectAll()
    .where('consumer', 'in', consumers)
    .where('position', '>', lastId)
    .execute();
  if (ahead.length === 0) return;
  const names = ahead.map(({ consumer }) => consumer);
  await database.transaction().execute(async (transaction) => {
    if (isMarkedOutside) {
      await transaction.insertInto('journal_ends').values({ found_at: now(), last_id: lastId }).execute();
    }
    await transaction
      .updateTable('cursors')
      .set({ position: lastId })
      .where('consumer', 'in', names)
      .execute();
  });
  const cursors = Object.fromEntries(ahead.map(({ consumer, position }) => [consumer, Number(position)]));
  log.warn(
    { cursors, lastId },
    'the journal ends before what was read of it: it is an older or another one; consumers go on at its end',
  );
}
