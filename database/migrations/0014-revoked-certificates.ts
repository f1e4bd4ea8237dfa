/** When the certificates of a device were last voided: a row that outlives its credentials and the device itself. */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('revoked_certificates')
    .addColumn('device', 'text', (column) => column.primaryKey())
    .addColumn('revoked_at', 'bigint', (column) => column.notNull())
    .execute();
}
