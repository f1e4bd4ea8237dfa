/**
 * What a device speaks and which names it goes by, gateways that send for others, and the names that nobody has
 * claimed yet. `site` of an added device holds what a city's folder would say of it, as JSON.
 */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('devices').addColumn('site', 'text').execute();
  await database.schema
    .createTable('device_formats')
    .addColumn('device', 'text', (column) => column.primaryKey())
    .addColumn('format', 'text')
    .addColumn('gateway', 'text')
    .addColumn('options', 'text')
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('device_aliases')
    .addColumn('alias', 'text', (column) => column.primaryKey())
    .addColumn('device', 'text', (column) => column.notNull())
    .addColumn('added_at', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('gateways')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('format', 'text', (column) => column.notNull())
    .addColumn('options', 'text')
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('waiting_aliases')
    .addColumn('alias', 'text', (column) => column.notNull())
    .addColumn('gateway', 'text', (column) => column.notNull())
    .addColumn('format', 'text', (column) => column.notNull())
    .addColumn('first_at', 'bigint', (column) => column.notNull())
    .addColumn('last_at', 'bigint', (column) => column.notNull())
    .addColumn('messages', 'bigint', (column) => column.notNull())
    .addColumn('topic', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('waiting_aliases_key', ['alias', 'gateway'])
    .execute();
}
