/**
 * The thread that owns the embedded state database: answers one statement at a time, so that an fsync never
 * blocks the event loop of the main thread. Spoken to by sqlite-worker-dialect.ts alone.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

export interface SqliteRequest {
  readonly id: number;
  readonly sql: string;
  readonly parameters: readonly (string | number | bigint | null | Uint8Array)[];
}

export type SqliteAnswer =
  | { readonly id: number; readonly rows: unknown[]; readonly changes: number; readonly insertId: number }
  | { readonly id: number; readonly error: string; readonly errorCode?: number };

/** Prepared statements kept; the program has some two hundred different ones. */
const MAX_STATEMENTS = 500;

const port = parentPort;
if (!port) throw new Error('sqlite-worker.ts runs as a worker thread only');
const database = new DatabaseSync((workerData as { file: string }).file, { timeout: 5_000 });
database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON');
const statements = new Map<string, StatementSync>();

function prepare(sql: string): StatementSync {
  const known = statements.get(sql);
  if (known) return known;
  if (statements.size >= MAX_STATEMENTS) statements.clear();
  const statement = database.prepare(sql);
  statements.set(sql, statement);
  return statement;
}

port.on('message', ({ id, sql, parameters }: SqliteRequest) => {
  try {
    const statement = prepare(sql);
    // A statement that returns columns is read, every other is run.
    if (statement.columns().length > 0) {
      const rows = statement.all(...(parameters as never[]));
      port.postMessage({ id, rows, changes: rows.length, insertId: 0 } satisfies SqliteAnswer);
    } else {
      const { changes, lastInsertRowid } = statement.run(...(parameters as never[]));
      const outcome = { changes: Number(changes), insertId: Number(lastInsertRowid) };
      port.postMessage({ id, rows: [], ...outcome } satisfies SqliteAnswer);
    }
  } catch (error) {
    const { message, errcode } = error as Error & { errcode?: number };
    port.postMessage({
      id,
      error: message,
      ...(errcode === undefined ? {} : { errorCode: errcode }),
    } satisfies SqliteAnswer);
  }
});
