/**
 * Kysely over the thread that owns the embedded state database.
 *
 * Invariant: SQLite has one writer, so there is one connection and whoever holds it (a transaction) holds it
 * alone; the others wait in order. The tests put a database in their own thread behind the same driver.
 */
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Statement, StatementOutcome } from './sqlite-statements.ts';
import type { StateCalls } from './sqlite-worker.ts';
import { CallingWorker, WorkerCallError } from './worker-calls.ts';

/** A statement that the database refused, with SQLite's own code. */
class SqliteError extends Error {
  readonly code: string;
  constructor(message: string, errorCode: number | undefined) {
    super(message);
    this.code = `SQLITE_${errorCode ?? 'ERROR'}`;
  }
}

/** Where statements are run, one after the other. */
export interface StatementRunner {
  /** Rejects with WorkerCallError what SQLite refused. */
  run(statement: Statement): Promise<StatementOutcome>;
  close(): Promise<void>;
}

export class SqliteWorkerDialect implements Dialect {
  readonly #open: () => StatementRunner;
  constructor(file: string, open: () => StatementRunner = () => new StatementThread(file)) {
    this.#open = open;
  }
  createAdapter = () => new SqliteAdapter();
  createQueryCompiler = () => new SqliteQueryCompiler();
  createIntrospector: Dialect['createIntrospector'] = (database) => new SqliteIntrospector(database);
  createDriver = (): Driver => new SqliteDriver(this.#open);
}

class SqliteDriver implements Driver {
  readonly #open: () => StatementRunner;
  #connection: SqliteConnection | undefined;
  /** Resolves when the connection is free; acquirers queue on it. */
  #free: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(open: () => StatementRunner) {
    this.#open = open;
  }

  async init(): Promise<void> {
    this.#connection = new SqliteConnection(this.#open());
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const turn = this.#free;
    this.#free = promise;
    await turn;
    this.#release = resolve;
    if (!this.#connection) throw new Error('the state database is closed');
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {
    this.#release();
  }

  async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async destroy(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #runner: StatementRunner;

  constructor(runner: StatementRunner) {
    this.#runner = runner;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const statement = { sql, parameters: parameters as Statement['parameters'] };
      const { rows, changes, insertId } = await this.#runner.run(statement);
      return { rows: rows as R[], numAffectedRows: BigInt(changes), insertId: BigInt(insertId) };
    } catch (error) {
      if (error instanceof WorkerCallError) throw new SqliteError(error.message, error.errcode);
      throw error;
    }
  }

  // biome-ignore lint/correctness/useYield: Kysely's interface asks for a stream; state is read in pages.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the embedded state database does not stream; read in pages');
  }

  close = () => this.#runner.close();
}

class StatementThread implements StatementRunner {
  readonly #worker: CallingWorker<StateCalls>;
  #failure: Error | undefined;

  constructor(file: string) {
    this.#worker = new CallingWorker({
      file: new URL('./sqlite-worker.ts', import.meta.url),
      workerData: { file },
      isBackground: true,
      onDeath: (error) => {
        this.#failure = error;
      },
    });
  }

  async run(statement: Statement): Promise<StatementOutcome> {
    try {
      return await this.#worker.call('run', statement);
    } catch (error) {
      if (error instanceof WorkerCallError) throw error;
      throw this.#failure ?? new Error('the state database is closed');
    }
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
