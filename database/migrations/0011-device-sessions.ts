/** What the sessions of devices have subscribed to, so that a restart of ours asks no device to subscribe again. */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('device_subscriptions')
    .addColumn('client', 'text', (column) => column.notNull())
    .addColumn('filter', 'text', (column) => column.notNull())
    .addColumn('qos', 'integer', (column) => column.notNull())
    .addColumn('kept_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('device_subscriptions_key', ['client', 'filter'])
    .execute();
}
