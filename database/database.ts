/**
 * State: registry, credentials, cursors, alerts, incidents, tokens, through Kysely. SQLite in the data
 * folder by default, PostgreSQL when DATABASE_URL is set.
 *
 * Readings are not here (they are in the journal). Invariant: a transaction that has resolved is on disk;
 * the schema is at the newest migration, and a database from a newer Siaga is refused with a clear line.
 */
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Config } from '../config/config.ts';
import { prepareDataFolder } from './data-folder-access.ts';
import { explainPostgres } from './explain-postgres.ts';
import { type Fence, FencedDialect } from './fenced-dialect.ts';
import { migrateToLatest } from './migrate.ts';
import { SqliteWorkerDialect } from './sqlite-worker-dialect.ts';
import type { Tables } from './tables.ts';

export type Database = Kysely<Tables>;

/** Connections to PostgreSQL: consumers, timers and the API rarely need more at once. */
export const POSTGRES_MAX_CONNECTIONS = 10;

/** How long PostgreSQL is waited for; then the caller is told, and nobody waits behind a server that is gone. */
export const POSTGRES_TIMEOUTS = Object.freeze({
  /** For a connection, be it a new one or one that others hold. */
  connectMs: 5_000,
  /** For a statement, its waits for locks included; the server ends it. Ours take milliseconds. */
  statementMs: 15_000,
  /** Without a byte either way, above `statementMs`: the server or the network is gone. */
  silenceMs: 20_000,
  /**
   * In a transaction, for its next statement: the server ends the session, and with it the locks of a process that was
   * stopped. Ours take milliseconds; a successor waits for it, so it stays below the lease of ownership/.
   */
  idleInTransactionMs: 3_000,
});
export type PostgresTimeouts = Readonly<Record<keyof typeof POSTGRES_TIMEOUTS, number>>;

/**
 * Opens and migrates. Close with `database.destroy()`. With a `fence` every write is the owner's, or fails: the server
 * has one, while command lines write beside it as people's hands. Throws DataFolderError where the data folder is not
 * for this account, PostgresUnusableError where PostgreSQL cannot be worked with.
 */
export async function openDatabase(
  config: Pick<Config, 'DATABASE_URL' | 'SIAGA_DATA_DIR'>,
  file = `${config.SIAGA_DATA_DIR}/state.db`,
  timeouts: PostgresTimeouts = POSTGRES_TIMEOUTS,
  fence?: Fence,
): Promise<Database> {
  if (!config.DATABASE_URL) prepareDataFolder(dirname(file));
  const database = config.DATABASE_URL
    ? connectPostgres(config.DATABASE_URL, timeouts, fence)
    : new Kysely<Tables>({ dialect: new SqliteWorkerDialect(file) });
  try {
    await migrateToLatest(database);
  } catch (error) {
    await database.destroy();
    throw config.DATABASE_URL ? explainPostgres(error, config.DATABASE_URL) : error;
  }
  return database;
}

/** A PostgreSQL as it stands: nothing is asked of it yet, and nothing migrated. */
export function connectPostgres(
  url: string,
  timeouts: PostgresTimeouts,
  fence?: Fence,
  maxConnections = POSTGRES_MAX_CONNECTIONS,
): Database {
  const dialect = new PostgresDialect({ pool: createPool(url, timeouts, maxConnections) });
  return new Kysely<Tables>({ dialect: fence ? new FencedDialect(dialect, fence) : dialect });
}

function createPool(
  connectionString: string,
  { connectMs, statementMs, silenceMs, idleInTransactionMs }: PostgresTimeouts,
  maxConnections: number,
): pg.Pool {
  // PostgreSQL gives bigint as text; ours (ids, epoch ms) are below 2^53.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number);
  const pool = new pg.Pool({
    connectionString,
    max: maxConnections,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    // The library's own `query_timeout` would give the connection back in the middle of its transaction.
    stream: () => createSocket(silenceMs),
  });
  // A connection that the server ends while nobody uses it is no failure of ours: the pool opens another,
  // and a query that cannot get one says so. Without listeners Node would end the process.
  const ignoreIdleLoss = () => undefined;
  pool.on('error', ignoreIdleLoss);
  pool.on('connect', (client) => client.on('error', ignoreIdleLoss));
  return pool;
}

/** Ends itself when nothing comes or goes; who waits for an answer on it gets the error. */
function createSocket(silenceMs: number): Socket {
  const socket = new Socket();
  socket.setTimeout(silenceMs, () => {
    const error = new Error(`PostgreSQL said nothing for ${silenceMs / 1000} s`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  });
  return socket;
}
