/**
 * LogSession: one connection to the PostgreSQL that holds the log, with a time limit of our own and no word overheard.
 *
 * A commit whose wait for the synchronous standby was cancelled is a success to PostgreSQL, with a warning (01000); and
 * no timeout of the server ends that wait. So every warning is a failure here, and the clock is ours. Invariant: after
 * a failure the connection is destroyed, since nobody knows what became of its last statement.
 */
import { Socket } from 'node:net';
import pg from 'pg';

/** For one statement, the wait for the standby with it. */
export const STATEMENT_LIMIT_MS = 5_000;
/** Below ours: what waits for a lock is ended by the server, and does not pile up there. */
const SERVER_LIMIT_MS = 4_000;
/** A server that does not say goodbye is left. */
const CLOSE_LIMIT_MS = 1_000;

/** PostgreSQL warned: what it calls committed may be on one machine alone. */
export class LogWarningError extends Error {
  readonly code = 'JOURNAL_LOG_WARNED';
}

export class LogSession {
  readonly #client: pg.Client;
  readonly #socket: Socket;
  #warning: string | undefined;

  private constructor(url: string) {
    this.#socket = new Socket();
    this.#client = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: STATEMENT_LIMIT_MS,
      statement_timeout: SERVER_LIMIT_MS,
      keepAlive: true,
      stream: () => this.#socket,
    });
    this.#client.on('notice', ({ severity, code, message }) => {
      if (severity === 'WARNING' || code === '01000') this.#warning = message;
    });
    // Who waits for an answer gets the error too.
    this.#client.on('error', () => undefined);
  }

  static async open(url: string): Promise<LogSession> {
    const session = new LogSession(url);
    try {
      await session.#client.connect();
      // Whatever the account's default is: here a commit is one that survives.
      await session.query('set synchronous_commit = on', []);
      // Plans are made while the table is small, and kept: each row is looked up by its index, however large it grows.
      for (const way of ['seqscan', 'bitmapscan']) await session.query(`set enable_${way} = off`, []);
      return session;
    } catch (error) {
      session.destroy();
      throw error;
    }
  }

  /** Throws for an error, a warning, and where there is no answer in time; then the session is over. */
  async query<Row>(text: string, values: readonly unknown[], name?: string): Promise<readonly Row[]> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new Error(`PostgreSQL did not answer within ${STATEMENT_LIMIT_MS / 1_000} s`));
    }, STATEMENT_LIMIT_MS);
    this.#warning = undefined;
    try {
      const asked = this.#client.query({ text, values: [...values], ...(name ? { name } : {}) });
      const { rows } = await Promise.race([asked, late.promise]);
      if (this.#warning !== undefined) throw new LogWarningError(this.#warning);
      return rows as Row[];
    } catch (error) {
      this.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Where nothing is under way. */
  async close(): Promise<void> {
    const late = setTimeout(() => this.destroy(), CLOSE_LIMIT_MS);
    await this.#client.end().catch(() => undefined);
    clearTimeout(late);
    this.destroy();
  }
}
