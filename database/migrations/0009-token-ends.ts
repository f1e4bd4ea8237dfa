/** Every token ends. Those that had no end get the longest that a new one may have, from now. */
import type { Kysely } from 'kysely';

const LONGEST_MS = 400 * 86_400_000;

export async function up(database: Kysely<{ api_tokens: { expires_at: number } }>): Promise<void> {
  await database.schema
    .alterTable('api_tokens')
    .addColumn('expires_at', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await database
    .updateTable('api_tokens')
    .set({ expires_at: Date.now() + LONGEST_MS })
    .execute();
}
