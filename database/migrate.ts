/**
 * Brings the state database to the newest schema. One file a migration in migrations/, listed here in
 * order; a landed migration is never edited. Invariant: all or nothing for each migration.
 */
import { type Kysely, type Migration, Migrator } from 'kysely';
import * as ground from './migrations/0001-ground.ts';
import * as alerts from './migrations/0002-alerts.ts';
import * as dispatch from './migrations/0003-dispatch.ts';
import * as tokens from './migrations/0004-tokens.ts';

export const migrations: Readonly<Record<string, Migration>> = {
  '0001-ground': ground,
  '0002-alerts': alerts,
  '0003-dispatch': dispatch,
  '0004-tokens': tokens,
};

/** Throws with a clear line when a migration fails or the database is from a newer Siaga. */
export async function migrateToLatest<T>(database: Kysely<T>): Promise<void> {
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: async () => ({ ...migrations }) },
  });
  const applied = (await migrator.getMigrations()).filter((migration) => migration.executedAt);
  const unknown = applied.filter((migration) => !(migration.name in migrations));
  if (unknown.length > 0) throw new Error(`the state database is from a newer Siaga (${unknown[0]?.name})`);
  const { error, results } = await migrator.migrateToLatest();
  if (error) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'start';
    throw new Error(`state database, migration ${failed}: ${(error as Error).message}`, { cause: error });
  }
}
