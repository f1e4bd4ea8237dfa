/** API tokens: who may call what. The secret itself is never here. */
import { type Kysely, sql } from 'kysely';
import { idColumn } from './id-column.ts';

export async function up(database: Kysely<unknown>): Promise<void> {
  await idColumn(database, database.schema.createTable('api_tokens'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute();
  // An audit names its user: of the tokens in force no two have one name.
  await database.schema
    .createIndex('api_tokens_name')
    .unique()
    .on('api_tokens')
    .column('name')
    .where(sql<boolean>`revoked_at is null`)
    .execute();
}
