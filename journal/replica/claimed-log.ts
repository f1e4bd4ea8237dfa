/**
 * ClaimedLog: the one connection on which the owner writes the log, and its claim to it.
 *
 * Each connection first claims the log: it takes the city's row under the owner's epoch and under a name of its own.
 * From then on no statement of an earlier connection, also one that arrives late, and of an earlier owner writes.
 * Invariants: one connection at a time; a claim under an older epoch than the last throws OwnershipLostError.
 */
import { randomUUID } from 'node:crypto';
import { OwnershipLostError } from '../../database/fenced-dialect.ts';
import type { Series } from './log-entries.ts';
import { LogSession } from './log-session.ts';
import { CLAIM, FIND_STANDBY, RAISE } from './log-statements.ts';

export type Ends = Readonly<Record<Series, number>>;

export interface Claim {
  /** The log's name: in the state the cursors of all journals that follow it stand under this one. */
  readonly log: string;
  /** The journal whose ids the log went on with when it began. */
  readonly begunBy: string;
  readonly ends: Ends;
  readonly begins: Ends;
}

export interface ClaimRow extends Record<Series | `${Series}_begin`, number> {
  readonly log: string;
  readonly begun_by: string;
}

export interface ClaimOptions {
  readonly url: string;
  readonly city: string;
  readonly epoch: number;
  /** `two`: what is acknowledged is on a synchronous standby too. */
  readonly sync: 'one' | 'two';
}

export interface ClaimedSession {
  readonly session: LogSession;
  readonly writer: string;
  readonly claim: Claim;
}

export class ClaimedLog {
  readonly #options: ClaimOptions;
  #opening: Promise<ClaimedSession> | undefined;
  /** A log that there is not begins behind these, of this journal. */
  begin = { journal: '', ends: { readings: 0, messages: 0, rejections: 0 } as Ends };
  /** The largest ids that this journal has, once it follows: a log that has lost its end gives none of them again. */
  known: Ends | undefined;

  constructor(options: ClaimOptions) {
    this.#options = options;
  }

  /** The connection, opened and claimed where there is none. */
  connected(): Promise<ClaimedSession> {
    this.#opening ??= this.#open();
    return this.#opening;
  }

  /** What became of the connection's last statement is not known: nothing more is said on it. */
  drop(): void {
    const dropped = this.#opening;
    this.#opening = undefined;
    dropped?.then(
      ({ session }) => session.destroy(),
      () => undefined,
    );
  }

  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    await opened?.session.close();
  }

  async query<Row>(text: string, values: readonly unknown[], name?: string): Promise<readonly Row[]> {
    const { session } = await this.connected();
    return session.query<Row>(text, values, name);
  }

  /** Ids up to `known` are not given (again). */
  async raise({ session, writer }: Omit<ClaimedSession, 'claim'>, { readings, messages, rejections }: Ends) {
    await session.query(RAISE, [this.#options.city, writer, readings, messages, rejections]);
  }

  /** Throws where a commit of now is on one machine alone, and should be on two. */
  async confirmStandby({ session }: ClaimedSession): Promise<void> {
    if (this.#options.sync === 'one') return;
    type Found = Record<'is_asked_for' | 'is_there' | 'is_hidden', boolean>;
    const [found] = await session.query<Found>(FIND_STANDBY, [], 'standby');
    if (!found?.is_asked_for) throw new Error('JOURNAL_SYNC=two, and synchronous_standby_names is empty');
    if (found.is_there) return;
    if (found.is_hidden) {
      throw new Error(
        'JOURNAL_SYNC=two, and this account may not see the standbys: grant it pg_read_all_stats',
      );
    }
    throw new Error('JOURNAL_SYNC=two, and no synchronous standby is connected');
  }

  async #open(): Promise<ClaimedSession> {
    const { url, city, epoch } = this.#options;
    const session = await LogSession.open(url);
    const writer = randomUUID();
    const { journal } = this.begin;
    const { readings, messages, rejections } = this.known ?? this.begin.ends;
    const values = [city, randomUUID(), journal, epoch, writer, readings, messages, rejections];
    const [row] = await session.query<ClaimRow>(CLAIM, values);
    if (!row) {
      await session.close();
      throw new OwnershipLostError(`another server owns ${city}: its log is of a later epoch than ${epoch}`);
    }
    if (this.known) await this.raise({ session, writer }, this.known);
    return { session, writer, claim: parseClaim(row) };
  }
}

/** Of a row as the statements return it. */
export function parseClaim(row: ClaimRow): Claim {
  return {
    log: row.log,
    begunBy: row.begun_by,
    ends: { readings: row.readings, messages: row.messages, rejections: row.rejections },
    begins: {
      readings: row.readings_begin,
      messages: row.messages_begin,
      rejections: row.rejections_begin,
    },
  };
}
