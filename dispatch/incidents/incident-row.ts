/**
 * The row of an incident: what a call says of itself, and how the row is found.
 *
 * Invariant: what was not said is null; a closed incident is found and refused by name, not overlooked.
 */
import { createHash } from 'node:crypto';
import { PostgresAdapter, type Selectable } from 'kysely';
import type { IncidentsTable } from '../../database/dispatch-tables.ts';
import type { DispatchTransaction } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';

export type IncidentRow = Selectable<IncidentsTable>;
export const CLASSIFICATIONS = ['real', 'prank', 'silent', 'information'] as const;
export type Classification = (typeof CLASSIFICATIONS)[number];

export interface IncidentDetails {
  readonly classification?: Classification | undefined;
  readonly category?: string | undefined;
  readonly priority?: 1 | 2 | 3 | undefined;
  readonly place?: string | undefined;
  readonly lat?: number | undefined;
  readonly lng?: number | undefined;
  readonly needsTransport?: boolean | undefined;
  readonly duplicateOf?: number | undefined;
}

export interface IncidentReport extends IncidentDetails {
  readonly callerName?: string | undefined;
  readonly callerPhone?: string | undefined;
  readonly note?: string | undefined;
  readonly simulated?: boolean | undefined;
  /** The same key gives the same incident. */
  readonly key?: string | undefined;
}

export interface IncidentQuery {
  readonly state?: 'open' | 'closed' | undefined;
  /** Incidents with a smaller id: the next page, since the newest come first. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** A flood fills a desk with hundreds; ten thousand open ones are a loop in a program. */
export const MAX_OPEN_INCIDENTS = 10_000;
type Reader = Pick<DispatchTransaction, 'selectFrom'>;

export async function find(reader: Reader, id: number): Promise<IncidentRow> {
  const row = await reader.selectFrom('incidents').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new DispatchError('unknown-incident', `there is no incident ${id}`);
  return row;
}

/**
 * Whoever changes an incident, closes it or sends somebody to it does so one after the other: until the commit
 * the row is its reader's. SQLite has one writer and needs no more. Not `for update`, as a row is never deleted.
 */
export async function findForChange(transaction: DispatchTransaction, id: number): Promise<IncidentRow> {
  await lockForChange(transaction, [id]);
  return find(transaction, id);
}

/** Several at once, in one order, so that two who want the same rows do not wait for each other. */
export async function lockForChange(transaction: DispatchTransaction, ids: readonly number[]): Promise<void> {
  if (!(transaction.getExecutor().adapter instanceof PostgresAdapter)) return;
  await transaction
    .selectFrom('incidents')
    .select('id')
    .where('id', 'in', ids)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute();
}

export function refuseClosed(row: IncidentRow): IncidentRow {
  const { id } = row;
  if (row.state === 'open') return row;
  throw new DispatchError('incident-closed', `incident ${id} is closed (${row.outcome}); report a new one`);
}

/** The incident that this very report has made already. Throws DispatchError when its key made another one. */
export async function findReported(reader: Reader, report: IncidentReport): Promise<IncidentRow | undefined> {
  if (report.key === undefined) return undefined;
  const row = await reader
    .selectFrom('incidents')
    .selectAll()
    .where('idempotency_key', '=', report.key)
    .executeTakeFirst();
  if (row && row.request_hash !== null && row.request_hash !== hashReport(report)) {
    throw new DispatchError('key-reused', 'this idempotency key belongs to another report; use a new one');
  }
  return row;
}

/** SHA-256 of what is reported, whatever the order in which it is said. */
export function hashReport(report: IncidentReport): string {
  const said = Object.entries(report)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(said)).digest('base64url');
}

export async function refuseWhenFull(reader: Reader): Promise<void> {
  const { count } = await reader
    .selectFrom('incidents')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'open')
    .executeTakeFirstOrThrow();
  if (Number(count) < MAX_OPEN_INCIDENTS) return;
  throw new DispatchError(
    'too-many-open-incidents',
    `${MAX_OPEN_INCIDENTS} incidents are open: close some first`,
  );
}

/** Somebody is sent only to a call that is real and has a place. */
export function refuseUnready(incident: IncidentRow): void {
  if (incident.classification === null) {
    throw new DispatchError('not-classified', 'say first whether the call is real (triage); most are not');
  }
  if (incident.classification !== 'real') {
    throw new DispatchError(
      'blocked',
      `the call was classified as ${incident.classification}: triage it as real first, if it is`,
    );
  }
  if (incident.lat === null || incident.lng === null) {
    throw new DispatchError('no-location', 'the incident has no coordinates: nobody can be sent to it');
  }
}
