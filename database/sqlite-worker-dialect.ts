/**
 * Kysely over the thread that owns the embedded state database.
 *
 * Invariant: SQLite has one writer, so there is one connection and whoever holds it (a transaction) holds it
 * alone; the others wait in order.
 */
import { Worker } from 'node:worker_threads';
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
import type { SqliteAnswer, SqliteRequest } from './sqlite-worker.ts';
import { THREAD_LIMITS } from './thread-limits.ts';

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

interface Waiting {
  resolve: (answer: Extract<SqliteAnswer, { rows: unknown[] }>) => void;
  reject: (error: Error) => void;
}

class SqliteWorkerConnection implements DatabaseConnection {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #failure: Error | undefined;

  constructor(file: string) {
    this.#worker = new Worker(new URL('./sqlite-worker.ts', import.meta.url), {
      workerData: { file },
      resourceLimits: THREAD_LIMITS,
    });
    this.#worker.unref();
    this.#worker.on('message', (answer: SqliteAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#fail(error as Error));
    this.#worker.on('exit', () => this.#fail(new Error('the state database is closed')));
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#failure) throw this.#failure;
    const request = { id: this.#nextId++, sql, parameters: parameters as SqliteRequest['parameters'] };
    const { promise, resolve, reject } = Promise.withResolvers<Extract<SqliteAnswer, { rows: unknown[] }>>();
    this.#waiting.set(request.id, { resolve, reject });
    // The worker keeps the process alive only while somebody waits for it.
    this.#worker.ref();
    this.#worker.postMessage(request satisfies SqliteRequest);
    const answer = await promise;
    return {
      rows: answer.rows as R[],
      numAffectedRows: BigInt(answer.changes),
      insertId: BigInt(answer.insertId),
    };
  }

  // biome-ignore lint/correctness/useYield: Kysely's interface asks for a stream; state is read in pages.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('the embedded state database does not stream; read in pages');
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(answer: SqliteAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('error' in answer) waiting?.reject(new SqliteError(answer.error, answer.errorCode));
    else waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
