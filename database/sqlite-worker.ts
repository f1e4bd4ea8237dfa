/**
 * The thread that owns the embedded state database: answers one statement at a time, so that an fsync never
 * blocks the event loop of the main thread. Spoken to by sqlite-worker-dialect.ts alone.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { createStatementRun, type Statement, type StatementOutcome } from './sqlite-statements.ts';
import { createCallAnswerer } from './worker-calls.ts';

export interface StateCalls extends Record<string, (argument: never) => unknown> {
  run(statement: Statement): StatementOutcome;
}

const port = parentPort;
if (!port) throw new Error('sqlite-worker.ts runs as a worker thread only');
const database = new DatabaseSync((workerData as { file: string }).file, { timeout: 5_000 });
database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON');
port.on('message', createCallAnswerer<StateCalls>({ run: createStatementRun(database) }));
