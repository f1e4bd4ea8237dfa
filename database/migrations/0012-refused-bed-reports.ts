/** When a report of a hospital was refused after the one that is known: from then on its beds are not trusted. */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('hospital_beds').addColumn('refused_at', 'bigint').execute();
}
