/**
 * What was said of an incident may be corrected after units were sent: how many corrections each of them has yet
 * to be told.
 */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .alterTable('assignments')
    .addColumn('corrections_unsent', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
}
