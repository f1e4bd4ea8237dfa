/** An `id` that the database numbers itself, in the words of each database. */
import { type CreateTableBuilder, type Kysely, PostgresAdapter } from 'kysely';

export function idColumn(
  database: Kysely<unknown>,
  // Kysely tells tables apart by their columns' names; a migration builds them up from none.
  table: CreateTableBuilder<string, never>,
): CreateTableBuilder<string, 'id'> {
  return database.getExecutor().adapter instanceof PostgresAdapter
    ? table.addColumn('id', 'bigserial', (column) => column.primaryKey())
    : table.addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement());
}
