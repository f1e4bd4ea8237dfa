/**
 * Kysely over the thread that owns the embedded state database.
 *
 * Invariant: SQLite has one writer, so there is one connection and whoever holds it (a transaction) holds it
 * alone; the others wait in order.
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
import type { StateCalls, Statement } from './sqlite-worker.ts';
import { CallingWorker, WorkerCallError } from './worker-calls.ts';

/** A statement that the database refused, with SQLite's own code. */
class SqliteError extends Error {
  readonly code: string;
  constructor(message: string, errorCode: number | undefined) {
    super(message);
    this.code = `SQLITE_${errorCode ?? 'ERROR'}`;
  }
}

export class SqliteWorkerDialect implements Dialect {
  readonly #file: string;
  constructor(file: string) {
    this.#file = file;
  }
  createAdapter = () => new SqliteAdapter();
  createQueryCompiler = () => new SqliteQueryCompiler();
  createIntrospector: Dialect['createIntrospector'] = (database) => new SqliteIntrospector(database);
  createDriver = (): Driver => new SqliteWorkerDriver(this.#file);
}

class SqliteWorkerDriver implements Driver {
  readonly #file: string;
  #connection: SqliteWorkerConnection | undefined;
  /** Resolves when the connection is free; acquirers queue on it. */
  #free: Promise<void> = Promise.resolve();
  #release: () => void = () => undefined;

  constructor(file: string) {
    this.#file = file;
  }

  async init(): Promise<void> {
    this.#connection = new SqliteWorkerConnection(this.#file);
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

class SqliteWorkerConnection implements DatabaseConnection {
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

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    try {
      const statement = { sql, parameters: parameters as Statement['parameters'] };
      const { rows, changes, insertId } = await this.#worker.call('run', statement);
      return { rows: rows as R[], numAffectedRows: BigInt(changes), insertId: BigInt(insertId) };
    } catch (error) {
      if (error instanceof WorkerCallError) throw new SqliteError(error.message, error.errcode);
      throw this.#failure ?? new Error('the state database is closed');
    }
  }

  // biome-ignore lint/correctness/useYield: Kysely's interface asks for a stream; state is read in pages.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the embedded state database does not stream; read in pages');
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
