/** What devices were told to go by, each as a line of its own: what, by whom, and since when they have it. */
import type { Kysely } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await idColumn(database, database.schema.createTable('device_configs'))
    .addColumn('device', 'text', (column) => column.notNull())
    .addColumn('config', 'text', (column) => column.notNull())
    .addColumn('set_by', 'text', (column) => column.notNull())
    .addColumn('set_at', 'bigint', (column) => column.notNull())
    .addColumn('sends', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('sent_at', 'bigint')
    .addColumn('confirmed_at', 'bigint')
    .execute();
  await database.schema
    .createIndex('device_configs_device')
    .on('device_configs')
    .columns(['device', 'id'])
    .execute();
}
