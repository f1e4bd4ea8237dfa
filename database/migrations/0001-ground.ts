/** Cursors of the journal's consumers, added devices and their credentials. */
import type { Kysely } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('cursors')
    .addColumn('consumer', 'text', (column) => column.primaryKey())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('devices')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('lat', 'double precision')
    .addColumn('lng', 'double precision')
    .addColumn('added_at', 'bigint', (column) => column.notNull())
    .execute();
  await idColumn(database, database.schema.createTable('device_credentials'))
    .addColumn('device', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  await database.schema
    .createIndex('device_credentials_device')
    .on('device_credentials')
    .column('device')
    .execute();
}
