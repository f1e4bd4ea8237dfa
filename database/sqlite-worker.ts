/**
 * The thread that owns the embedded state database: answers one statement at a time, so that an fsync never
 * blocks the event loop of the main thread. Spoken to by sqlite-worker-dialect.ts alone.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { createCallAnswerer } from './worker-calls.ts';

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly (string | number | bigint | null | Uint8Array)[];
}

export interface StatementOutcome {
  readonly rows: unknown[];
  readonly changes: number;
  readonly insertId: number;
}

export interface StateCalls extends Record<string, (argument: never) => unknown> {
  run(statement: Statement): StatementOutcome;
}

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

port.on('message', createCallAnswerer<StateCalls>({ run }));

/** A statement that returns columns is read, every other is run. */
function run({ sql, parameters }: Statement): StatementOutcome {
  const statement = prepare(sql);
  if (statement.columns().length > 0) {
    const rows = statement.all(...(parameters as never[]));
    return { rows, changes: rows.length, insertId: 0 };
  }
  const { changes, lastInsertRowid } = statement.run(...(parameters as never[]));
  return { rows: [], changes: Number(changes), insertId: Number(lastInsertRowid) };
}
