/** Web Push: the key pair that signs for this Siaga, and which browser wants to hear of which gauge. */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('push_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('public_key', 'text', (column) => column.notNull())
    .addColumn('private_key', 'text', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('push_subscriptions')
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('gauge', 'text', (column) => column.notNull())
    .addColumn('least_rank', 'integer', (column) => column.notNull())
    .addColumn('language', 'text', (column) => column.notNull())
    .addColumn('p256dh', 'text', (column) => column.notNull())
    .addColumn('auth', 'text', (column) => column.notNull())
    .addColumn('paused', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('push_subscriptions_key', ['endpoint', 'gauge'])
    .execute();
  await database.schema
    .createIndex('push_subscriptions_gauge')
    .on('push_subscriptions')
    .column('gauge')
    .execute();
}
