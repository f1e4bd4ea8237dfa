/**
 * AlertStore: the records of alerts, the engine's state and its cursor, in the state database.
 *
 * `save` writes everything in one transaction, so that after a crash the engine stands where its cursor
 * stands: it neither misses nor repeats. Invariant: an alert's document is whole; columns follow from it.
 */
import type { Kysely } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import { type Alert, type AlertState, isOpen } from '../alert.ts';
import { audienceOf } from './format-alert.ts';

export const CONSUMER = 'alerts';
/** Rows of one insert: SQLite takes 32,766 parameters, and a statement of 200 rows is parsed fast enough. */
const ROWS_PER_INSERT = 200;
/** States of devices are large: so many are made into JSON, some 2 ms, before others have their turn. */
const STATES_PER_INSERT = 25;

export interface StateToSave {
  readonly cursor: number | undefined;
  readonly alerts: Iterable<Alert>;
  /** Engine state by key. */
  readonly state: ReadonlyMap<string, unknown>;
}

export interface AlertQuery {
  readonly states?: readonly AlertState[];
  readonly rule?: string;
  readonly subject?: string;
  /** `public` leaves out what is said of units and crews. */
  readonly audience: 'public' | 'staff';
  /** Raised before this, epoch ms … */
  readonly before?: number;
  /** … or at that very moment, with an id before this: alerts of one batch are raised together. */
  readonly beforeId?: string;
  readonly limit: number;
}

export class AlertStore {
  readonly #database: Database;
  constructor(database: Database) {
    this.#database = database;
  }

  async loadCursor(): Promise<number> {
    const row = await this.#database
      .selectFrom('cursors')
      .select('position')
      .where('consumer', '=', CONSUMER)
      .executeTakeFirst();
    return Number(row?.position ?? 0);
  }

  /** The engine's state as it was written, JSON by key; see saved-state.ts. */
  async loadState(): Promise<Map<string, string>> {
    const rows = await this.#database.selectFrom('alert_engine').selectAll().execute();
    return new Map(rows.map(({ key, document }) => [key, document]));
  }

  /** Drops all of the engine's state for another. */
  async replaceState(state: ReadonlyMap<string, unknown>): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('alert_engine').execute();
      await this.#writeState(transaction, state);
    });
  }

  /** Writes all of it or nothing; `also` joins the transaction (the outbox). */
  async save(state: StateToSave, also: (transaction: Kysely<Tables>) => Promise<void>): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await this.#writeState(transaction, state.state);
      await this.#writeAlerts(transaction, state.alerts);
      await also(transaction);
      if (state.cursor !== undefined) {
        await transaction
          .insertInto('cursors')
          .values({ consumer: CONSUMER, position: state.cursor })
          .onConflict((conflict) =>
            conflict.column('consumer').doUpdateSet({ position: state.cursor as number }),
          )
          .execute();
      }
    });
  }

  async #writeState(transaction: Kysely<Tables>, state: ReadonlyMap<string, unknown>): Promise<void> {
    const entries = [...state];
    for (let from = 0; from < entries.length; from += STATES_PER_INSERT) {
      const slice = entries.slice(from, from + STATES_PER_INSERT);
      await transaction
        .insertInto('alert_engine')
        .values(slice.map(([key, value]) => ({ key, document: JSON.stringify(value) })))
        .onConflict((conflict) =>
          conflict.column('key').doUpdateSet(({ ref }) => ({ document: ref('excluded.document') })),
        )
        .execute();
    }
  }

  async #writeAlerts(transaction: Kysely<Tables>, alerts: Iterable<Alert>): Promise<void> {
    const rows = [...alerts].map((alert) => ({
      id: alert.id,
      rule: alert.rule,
      subject: alert.subject,
      state: alert.state,
      severity: alert.severity,
      started_at: alert.startedAt,
      raised_at: alert.raisedAt,
      closed_at: alert.closedAt ?? null,
      audience: audienceOf(alert),
      document: JSON.stringify(alert),
    }));
    for (let from = 0; from < rows.length; from += ROWS_PER_INSERT) {
      await transaction
        .insertInto('alerts')
        .values(rows.slice(from, from + ROWS_PER_INSERT))
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet(({ ref }) => ({
            state: ref('excluded.state'),
            severity: ref('excluded.severity'),
            started_at: ref('excluded.started_at'),
            closed_at: ref('excluded.closed_at'),
            document: ref('excluded.document'),
          })),
        )
        .execute();
    }
  }

  async find(id: string): Promise<Alert | undefined> {
    const row = await this.#database
      .selectFrom('alerts')
      .select('document')
      .where('id', '=', id)
      .executeTakeFirst();
    return row && parseAlert(row.document);
  }

  /** Newest first, and those of one moment by id, the last first. */
  async list(query: AlertQuery): Promise<Alert[]> {
    let select = this.#database.selectFrom('alerts').select('document');
    if (query.states) select = select.where('state', 'in', [...query.states]);
    if (query.rule) select = select.where('rule', '=', query.rule);
    if (query.subject) select = select.where('subject', '=', query.subject);
    if (query.audience === 'public') select = select.where('audience', '=', 'public');
    const { before, beforeId } = query;
    if (before !== undefined) {
      select = select.where((where) => {
        const earlier = where('raised_at', '<', before);
        if (beforeId === undefined) return earlier;
        return where.or([earlier, where.and([where('raised_at', '=', before), where('id', '<', beforeId)])]);
      });
    }
    const rows = await select.orderBy('raised_at', 'desc').orderBy('id', 'desc').limit(query.limit).execute();
    return rows.map(({ document }) => parseAlert(document));
  }

  async loadOpen(): Promise<Alert[]> {
    const rows = await this.#database
      .selectFrom('alerts')
      .select('document')
      .where('closed_at', 'is', null)
      .execute();
    return rows.map(({ document }) => parseAlert(document)).filter((alert) => isOpen(alert.state));
  }

  /** Those closed since `sinceMs`, oldest first. */
  async loadRecent(sinceMs: number, limit: number): Promise<Alert[]> {
    const rows = await this.#database
      .selectFrom('alerts')
      .select('document')
      .where('closed_at', '>=', sinceMs)
      .orderBy('closed_at', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ document }) => parseAlert(document)).reverse();
  }

  /** Notices of an alert with their outcome, for its explanation. */
  async notices(alert: string): Promise<readonly NoticeRecord[]> {
    const rows = await this.#database
      .selectFrom('notices')
      .select([
        'key',
        'channel',
        'revision',
        'state',
        'attempts',
        'created_at',
        'done_at',
        'outcome',
        'next_at',
      ])
      .where('alert', '=', alert)
      .orderBy('id')
      .limit(1_000)
      .execute();
    return rows.map((row) => ({
      key: row.key,
      channel: row.channel,
      revision: Number(row.revision),
      state: row.state,
      attempts: Number(row.attempts),
      createdAt: Number(row.created_at),
      doneAt: row.done_at === null ? undefined : Number(row.done_at),
      nextAt: row.state === 'waiting' ? Number(row.next_at) : undefined,
      outcome: row.outcome ?? undefined,
    }));
  }
}

export interface NoticeRecord {
  readonly key: string;
  readonly channel: string;
  readonly revision: number;
  readonly state: string;
  readonly attempts: number;
  readonly createdAt: number;
  readonly doneAt: number | undefined;
  readonly nextAt: number | undefined;
  readonly outcome: string | undefined;
}

/** JSON drops undefined keys; reading them as undefined is the same. Earlier versions did not say `provisional`. */
function parseAlert(document: string): Alert {
  const alert = JSON.parse(document) as Alert;
  alert.provisional ??= alert.state === 'provisional';
  return alert;
}
