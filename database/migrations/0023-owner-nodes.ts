/** Where the other nodes reach the owner of a city, and what they show there; of the epoch that it bears. */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('owner_nodes')
    .addColumn('city', 'text', (column) => column.primaryKey())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('host', 'text', (column) => column.notNull())
    .addColumn('port', 'integer', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .execute();
}
