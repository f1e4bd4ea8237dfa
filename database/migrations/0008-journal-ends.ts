/**
 * When the journal was found to be an older or another one, and where it ended then: ids above that are given a
 * second time, and what was said of them before speaks of other readings.
 */
import type { Kysely } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await idColumn(database, database.schema.createTable('journal_ends'))
    .addColumn('found_at', 'bigint', (column) => column.notNull())
    .addColumn('last_id', 'bigint', (column) => column.notNull())
    .execute();
}
