/**
 * State: registry, credentials, cursors, alerts, incidents, tokens, through Kysely. SQLite in the data
 * folder by default, PostgreSQL when DATABASE_URL is set.
 *
 * Readings are not here (they are in the journal). Invariant: a transaction that has resolved is on disk;
 * the schema is at the newest migration, and a database from a newer Siaga is refused with a clear line.
 */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Config } from '../config.ts';
import { migrateToLatest } from './migrate.ts';
import { SqliteWorkerDialect } from './sqlite-worker-dialect.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;

/** Connections to PostgreSQL: consumers, timers and the API rarely need more at once. */
const POSTGRES_MAX_CONNECTIONS = 10;

/** Opens and migrates. Close with `database.destroy()`. `file` may be `:memory:` in tests. */
export async function openDatabase(
  config: Pick<Config, 'DATABASE_URL' | 'SIAGA_DATA_DIR'>,
  file = `${config.SIAGA_DATA_DIR}/state.db`,
): Promise<Database> {
  const database: Database = new Kysely<Tables>({
    dialect: config.DATABASE_URL
      ? new PostgresDialect({
          pool: createPool(config.DATABASE_URL),
        })
      : new SqliteWorkerDialect(file),
  });
  try {
    await migrateToLatest(database);
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return database;
}

function createPool(connectionString: string): pg.Pool {
  // PostgreSQL gives bigint as text; ours (ids, epoch ms) are below 2^53.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({ connectionString, max: POSTGRES_MAX_CONNECTIONS });
  // A connection that the server ends while nobody uses it is no failure of ours: the pool opens another,
  // and a query that cannot get one says so. Without listeners Node would end the process.
  const ignoreIdleLoss = () => undefined;
  pool.on('error', ignoreIdleLoss);
  pool.on('connect', (client) => client.on('error', ignoreIdleLoss));
  return pool;
}
