/**
 * Who read what of incidents, callers and tracks: lines go by their age, each is one answer. And when what leads to
 * a caller was erased from an incident.
 */
import type { Kysely } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await idColumn(database, database.schema.createTable('reads'))
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('what', 'text', (column) => column.notNull())
    .addColumn('which', 'text', (column) => column.notNull())
    .execute();
  await database.schema.alterTable('incidents').addColumn('erased_at', 'bigint').execute();
  await database.schema.createIndex('reads_at').on('reads').column('at').execute();
}
