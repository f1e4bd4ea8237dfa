/**
 * What was changed of a city while it ran: the entries that lie over its folder, and who changed what from what to
 * what. `revision` grows with each change of a city; its row is the lock that two editors queue on.
 */
import type { Kysely } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('city_revisions')
    .addColumn('city', 'text', (column) => column.primaryKey())
    .addColumn('revision', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('city_entries')
    .addColumn('city', 'text', (column) => column.notNull())
    .addColumn('list', 'text', (column) => column.notNull())
    .addColumn('entry', 'text', (column) => column.notNull())
    .addColumn('document', 'text')
    .addColumn('seed', 'text')
    .addColumn('changed_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('city_entries_key', ['city', 'list', 'entry'])
    .execute();
  await idColumn(database, database.schema.createTable('city_changes'))
    .addColumn('city', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('list', 'text', (column) => column.notNull())
    .addColumn('entry', 'text', (column) => column.notNull())
    .addColumn('before', 'text')
    .addColumn('after', 'text')
    .addColumn('undoes', 'bigint')
    .execute();
  await database.schema
    .createIndex('city_changes_entry')
    .on('city_changes')
    .columns(['city', 'list', 'entry'])
    .execute();
}
