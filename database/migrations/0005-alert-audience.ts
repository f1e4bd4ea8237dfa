/** Whom an alert is for, as a column: lists for everybody must not read what is for staff. */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .alterTable('alerts')
    .addColumn('audience', 'text', (column) => column.notNull().defaultTo('staff'))
    .execute();
}
