/** What an operator, or the night, wants done with the copy in InfluxDB: written by a command, done by Siaga. */
import type { Kysely } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await idColumn(database, database.schema.createTable('influx_orders'))
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('from_ms', 'bigint', (column) => column.notNull())
    .addColumn('to_ms', 'bigint', (column) => column.notNull())
    .addColumn('asked_at', 'bigint', (column) => column.notNull())
    .addColumn('position', 'bigint')
    .addColumn('done_at', 'bigint')
    .addColumn('outcome', 'text')
    .execute();
}
