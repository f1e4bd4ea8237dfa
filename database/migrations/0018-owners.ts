/** Who owns the city, and where consumers stood in the journals of earlier owners. */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('owners')
    .addColumn('city', 'text', (column) => column.primaryKey())
    .addColumn('epoch', 'bigint', (column) => column.notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('folder', 'text', (column) => column.notNull())
    .addColumn('boot', 'text', (column) => column.notNull())
    .addColumn('journal', 'text')
    .addColumn('since', 'bigint', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .execute();
  // Not for searching: it makes `epoch` part of a key. So a change of epoch waits for every transaction that holds the
  // row `for key share`, and a renewal, which changes `until` only, waits for none.
  await database.schema
    .createIndex('owners_epoch')
    .unique()
    .on('owners')
    .columns(['city', 'epoch'])
    .execute();
  await database.schema
    .createTable('journal_cursors')
    .addColumn('journal', 'text', (column) => column.notNull())
    .addColumn('consumer', 'text', (column) => column.notNull())
    .addColumn('position', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('journal_cursors_key', ['journal', 'consumer'])
    .execute();
}
