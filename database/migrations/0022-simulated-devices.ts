/** Devices whose every word is simulated, whatever format they speak: 1, or 0 where that was taken back. */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('device_formats').addColumn('simulated', 'integer').execute();
}
