/**
 * What the idempotency key of a report belongs to: the same key with another report is refused. A hash, so that
 * no caller's name or number is kept twice.
 */
import type { Kysely } from 'kysely';

export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema.alterTable('incidents').addColumn('request_hash', 'text').execute();
}
