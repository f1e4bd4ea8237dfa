/**
 * LogReader: the log as a server reads that does not own the city, on a connection that claims nothing.
 *
 * What a standby copies ahead of time it need not copy when it takes over. Invariant: it writes nothing but how far its
 * copy has come.
 */
import { type Claim, type Ends, parseClaim } from './claimed-log.ts';
import type { LogRow, Series } from './log-entries.ts';
import { LogSession } from './log-session.ts';
import { NOTE_COPY, READ_AFTER, READ_ENDS, READ_ONE } from './log-statements.ts';

export interface LoggedRow {
  readonly id: number;
  readonly document: string;
}

/** What catchUp asks of a log. */
export interface ReadableLog {
  readAfter(series: Series, afterId: number, limit: number): Promise<readonly LoggedRow[]>;
  /** What an entry is known by; undefined where the log does not have it. */
  readIdentity(series: Series, id: number): Promise<Pick<LogRow, 'at' | 'device' | 'digest'> | undefined>;
}

export class LogReader implements ReadableLog, AsyncDisposable {
  readonly #session: LogSession;
  readonly #city: string;

  private constructor(session: LogSession, city: string) {
    this.#session = session;
    this.#city = city;
  }

  static async open(url: string, city: string): Promise<LogReader> {
    return new LogReader(await LogSession.open(url), city);
  }

  /** Undefined where nobody has begun the log. */
  async readEnds(): Promise<Claim | undefined> {
    const [row] = await this.#session.query<Parameters<typeof parseClaim>[0]>(READ_ENDS, [this.#city]);
    return row && parseClaim(row);
  }

  readAfter(series: Series, afterId: number, limit: number): Promise<readonly LoggedRow[]> {
    return this.#session.query<LoggedRow>(READ_AFTER, [this.#city, series, afterId, limit]);
  }

  async readIdentity(series: Series, id: number) {
    type Identity = Pick<LogRow, 'at' | 'device' | 'digest'>;
    return (await this.#session.query<Identity>(READ_ONE, [this.#city, series, id]))[0];
  }

  async noteCopy(journal: string, { readings, messages, rejections }: Ends, now: number): Promise<void> {
    await this.#session.query(NOTE_COPY, [this.#city, journal, readings, messages, rejections, now]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.close();
  }
}
