/**
 * The log that each group commit goes to besides the journal's file, where JOURNAL_URL is set; else it stays empty.
 *
 * `log_ends` holds the last ids, and its row is what commits and changes of owner wait for. Times and ids are those
 * of the journal; `at` is when a reading was measured, of the rest when it was received.
 */
import type { Kysely } from 'kysely';

const SERIES = ['readings', 'messages', 'rejections'] as const;

export async function up(database: Kysely<unknown>): Promise<void> {
  let ends = database.schema
    .createTable('log_ends')
    .addColumn('city', 'text', (column) => column.primaryKey())
    .addColumn('log', 'text', (column) => column.notNull())
    .addColumn('begun_by', 'text', (column) => column.notNull())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('writer', 'text', (column) => column.notNull());
  for (const series of SERIES) {
    ends = ends
      .addColumn(series, 'bigint', (column) => column.notNull())
      .addColumn(`${series}_begin`, 'bigint', (column) => column.notNull());
  }
  await ends.execute();
  await database.schema
    .createTable('journal_log')
    .addColumn('city', 'text', (column) => column.notNull())
    .addColumn('series', 'text', (column) => column.notNull())
    .addColumn('id', 'bigint', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('at', 'double precision', (column) => column.notNull())
    .addColumn('received_at', 'double precision', (column) => column.notNull())
    .addColumn('device', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('document', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('journal_log_key', ['city', 'series', 'id'])
    .execute();
  // Begins with the time, so that it grows at its right edge. Entries that are no readings bear a digest of their own.
  await database.schema
    .createIndex('journal_log_identity')
    .unique()
    .on('journal_log')
    .columns(['city', 'at', 'device', 'digest'])
    .execute();
  await database.schema
    .createTable('journal_copies')
    .addColumn('city', 'text', (column) => column.notNull())
    .addColumn('journal', 'text', (column) => column.notNull())
    .addColumn('readings', 'bigint', (column) => column.notNull())
    .addColumn('messages', 'bigint', (column) => column.notNull())
    .addColumn('rejections', 'bigint', (column) => column.notNull())
    .addColumn('seen_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('journal_copies_key', ['city', 'journal'])
    .execute();
}
