/**
 * The state database for tests of what stands on it: SQLite in memory, in the test's own thread, with the driver that
 * Siaga has. A thread of its own for each, and a hop to it for each statement, would be most of what the tests cost;
 * tests of the thread itself and of what is on disk open the real one.
 *
 * An answer comes on a later turn of the event loop, as the thread's does: what may run in between, may here too.
 */
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { Kysely } from 'kysely';
import type { Database } from '../../database/database.ts';
import { migrateToLatest } from '../../database/migrate.ts';
import { createStatementRun } from '../../database/sqlite-statements.ts';
import { SqliteWorkerDialect, type StatementRunner } from '../../database/sqlite-worker-dialect.ts';
import type { Tables } from '../../database/tables.ts';
import { carryError, WorkerCallError } from '../../database/worker-calls.ts';

/** The newest schema with nothing in it; made by the migrations, once for all tests of a worker. */
let empty: Promise<Uint8Array> | undefined;

/** Opened and migrated. Close with `destroy()`. */
export async function openMemoryDatabase(): Promise<Database> {
  empty ??= migrateEmpty();
  const sqlite = openSqlite();
  sqlite.deserialize(await empty);
  return connect(sqlite);
}

async function migrateEmpty(): Promise<Uint8Array> {
  const sqlite = openSqlite();
  await using database = connect(sqlite);
  await migrateToLatest(database);
  return sqlite.serialize();
}

function openSqlite(): DatabaseSync {
  return new DatabaseSync(':memory:', { enableForeignKeyConstraints: true });
}

function connect(sqlite: DatabaseSync): Database {
  return new Kysely<Tables>({ dialect: new SqliteWorkerDialect(':memory:', () => runHere(sqlite)) });
}

function runHere(sqlite: DatabaseSync): StatementRunner {
  const run = createStatementRun(sqlite);
  return {
    async run(statement) {
      await setImmediate();
      try {
        const { rows, ...outcome } = run(statement);
        // Rows that come out of a thread are plain objects.
        return { ...outcome, rows: rows.map((row) => ({ ...(row as object) })) };
      } catch (error) {
        throw new WorkerCallError(carryError(error));
      }
    },
    async close() {
      sqlite.close();
    },
  };
}
