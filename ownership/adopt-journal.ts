/**
 * adoptJournal: sets the cursors in the state to the journal of this server, where the owner before had another one.
 *
 * A cursor is an id of one journal; on another it would skip readings, or judge old ones again. Each journal's cursors
 * are put away under its name, and taken out again when its server is the owner once more: what it had
 * acknowledged and not worked on is worked on then. Runs once an epoch, before anybody loads a cursor. Invariant: one
 * transaction of the owner; after it the cursors count in this server's journal.
 */
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';

export interface AdoptJournalOptions {
  readonly database: Database;
  readonly city: string;
  /** This server's journal, by the name that it was made with and that its copies bear. */
  readonly journal: string;
  /** Nothing was ever appended to it. */
  readonly isEmpty: boolean;
  /**
   * Whose cursors are ids of the journal: of its readings, the first of them that of the alarms, or of its messages.
   */
  readonly consumers: readonly string[];
  /** Of them, that of the copy in InfluxDB, whose marks lie outside. */
  readonly markedOutside: string;
  /** Rows of the alarms' state that are ids of the journal, with the consumer whose cursor they follow. */
  readonly alarmIds: { readonly key: string; readonly consumer: string };
  readonly log: Logger;
  readonly now: () => number;
}

export async function adoptJournal(options: AdoptJournalOptions): Promise<void> {
  const { database, city, journal, isEmpty, log } = options;
  const moved = await database.transaction().execute(async (transaction) => {
    const { journal: last } = await transaction
      .selectFrom('owners')
      .select('journal')
      .where('city', '=', city)
      .executeTakeFirstOrThrow();
    if (last === journal) return undefined;
    await transaction.updateTable('owners').set({ journal }).where('city', '=', city).execute();
    // The first start of a server that knows of owners: the cursors are its own.
    if (last === null) return undefined;
    await putAway(transaction, options, last);
    const own = await readOwn(transaction, options);
    // Unknown, and holds something: salvaged without its name, or of a server of before. rewindCursors looks at that.
    if (own.size === 0 && !isEmpty) return undefined;
    return await takeOut(transaction, options, own);
  });
  if (moved)
    log.info({ cursors: moved }, 'the owner before had another journal: consumers go on in this one');
}

/**
 * The same where the journal follows a log outside, `log`. It counts as one journal, whichever server reads it: its
 * cursors go over from owner to owner as they are. Where this server's journal has just begun the log, its own do.
 */
export async function adoptLog(
  options: AdoptJournalOptions,
  { log, begunBy }: { readonly log: string; readonly begunBy: string },
): Promise<void> {
  const { database, city, journal } = options;
  if (begunBy !== journal || (await isKnown(database, city, log))) {
    await adoptJournal({ ...options, journal: log, isEmpty: false });
    return;
  }
  await adoptJournal(options);
  await database.updateTable('owners').set({ journal: log }).where('city', '=', city).execute();
}

async function isKnown(database: Database, city: string, log: string): Promise<boolean> {
  const owner = await database
    .selectFrom('owners')
    .select('city')
    .where('city', '=', city)
    .where('journal', '=', log)
    .executeTakeFirst();
  const putAwayRow = await database
    .selectFrom('journal_cursors')
    .select('journal')
    .where('journal', '=', log)
    .limit(1)
    .executeTakeFirst();
  return owner !== undefined || putAwayRow !== undefined;
}

/** Of the journal that was in use; where nobody had saved one yet, that is kept too. */
async function putAway(
  transaction: Kysely<Tables>,
  { consumers }: AdoptJournalOptions,
  journal: string,
): Promise<void> {
  const rows = await transaction
    .selectFrom('cursors')
    .selectAll()
    .where('consumer', 'in', consumers)
    .execute();
  await transaction.deleteFrom('journal_cursors').where('journal', '=', journal).execute();
  const saved = new Map(rows.map(({ consumer, position }) => [consumer, Number(position)]));
  await transaction
    .insertInto('journal_cursors')
    .values(consumers.map((consumer) => ({ journal, consumer, position: saved.get(consumer) ?? 0 })))
    .execute();
}

async function readOwn(
  transaction: Kysely<Tables>,
  { consumers, journal }: AdoptJournalOptions,
): Promise<Map<string, number>> {
  const rows = await transaction
    .selectFrom('journal_cursors')
    .select(['consumer', 'position'])
    .where('journal', '=', journal)
    .where('consumer', 'in', consumers)
    .execute();
  return new Map(rows.map(({ consumer, position }) => [consumer, Number(position)]));
}

async function takeOut(
  transaction: Kysely<Tables>,
  { consumers, markedOutside, alarmIds, now }: AdoptJournalOptions,
  own: ReadonlyMap<string, number>,
): Promise<Record<string, number>> {
  const positionOf = (consumer: string) => own.get(consumer) ?? 0;
  const rows = consumers.map((consumer) => ({ consumer, position: positionOf(consumer) }));
  await transaction.deleteFrom('cursors').where('consumer', 'in', consumers).execute();
  await transaction.insertInto('cursors').values(rows).execute();
  await transaction
    .updateTable('alert_engine')
    .set({ document: JSON.stringify(positionOf(alarmIds.consumer)) })
    .where('key', '=', alarmIds.key)
    .execute();
  // Marks in InfluxDB from before count for no more than what this journal has there.
  await transaction
    .insertInto('journal_ends')
    .values({ found_at: now(), last_id: positionOf(markedOutside) })
    .execute();
  await transaction
    .updateTable('influx_orders')
    .set({ position: null })
    .where('done_at', 'is', null)
    .execute();
  return Object.fromEntries(rows.map(({ consumer, position }) => [consumer, position]));
}
