/**
 * Retention of the state database, by kind of data: what is too old is erased or removed, a batch at a time.
 *
 * Run by a periodic job; the journal and history have their own. Invariants: each run says in the log and in a metric
 * what it did, of each kind; no batch holds the database for long, and one run is bounded, so that a first run over
 * years of data is many short ones; what is open or in force is never touched.
 */
import type { Logger } from 'pino';
import { Counter, type Registry as Metrics } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import { eraseClosedBefore } from '../dispatch/incidents/caller-records.ts';

export type StateRetentionConfig = Pick<
  Config,
  'CALLERS_RETENTION_DAYS' | 'READS_RETENTION_DAYS' | 'ALERTS_RETENTION_DAYS' | 'AUDIT_RETENTION_DAYS'
>;

export interface StateRetentionDependencies {
  readonly config: StateRetentionConfig;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
}

const DAY_MS = 86_400_000;
/** Rows of one transaction. */
export const BATCH = 200;
/** Of one kind in one run; an hour later comes the next. */
export const MAX_BATCHES = 50;

/** Removes at most `BATCH` of a kind that are older; returns how many. */
type Remove = (database: Database, beforeMs: number, nowMs: number) => Promise<number>;

interface Kind {
  readonly name: string;
  readonly days: (config: StateRetentionConfig) => number;
  readonly remove: Remove;
}

const KINDS: readonly Kind[] = [
  {
    name: 'callers',
    days: (config) => config.CALLERS_RETENTION_DAYS,
    remove: (database, beforeMs, nowMs) => eraseClosedBefore(database, { beforeMs, limit: BATCH, nowMs }),
  },
  { name: 'reads', days: (config) => config.READS_RETENTION_DAYS, remove: removeReads },
  { name: 'alerts', days: (config) => config.ALERTS_RETENTION_DAYS, remove: removeAlerts },
  { name: 'silences', days: (config) => config.ALERTS_RETENTION_DAYS, remove: removeSilences },
  { name: 'dispatch-audit', days: (config) => config.AUDIT_RETENTION_DAYS, remove: removeAudit },
  { name: 'city-changes', days: (config) => config.AUDIT_RETENTION_DAYS, remove: removeCityChanges },
  { name: 'tokens', days: (config) => config.AUDIT_RETENTION_DAYS, remove: removeTokens },
  { name: 'account-acts', days: (config) => config.AUDIT_RETENTION_DAYS, remove: removeAccountActs },
  { name: 'sessions', days: (config) => config.AUDIT_RETENTION_DAYS, remove: removeSessions },
  { name: 'invitations', days: (config) => config.AUDIT_RETENTION_DAYS, remove: removeInvitations },
  { name: 'people', days: (config) => config.AUDIT_RETENTION_DAYS, remove: removePeople },
];

/** The job. Returns what it did, by kind. */
export function createStateRetention({
  config,
  database,
  metrics,
  log,
  now,
}: StateRetentionDependencies): () => Promise<Readonly<Record<string, number>>> {
  const removed = new Counter({
    name: 'siaga_retention_removed_total',
    help: 'What was erased or removed because of its age, by kind of data.',
    labelNames: ['kind'],
    registers: [metrics],
  });
  return async () => {
    const done: Record<string, number> = {};
    for (const { name, days, remove } of KINDS) {
      const beforeMs = now() - days(config) * DAY_MS;
      const count = await removeAll((at) => remove(database, beforeMs, at), now());
      if (count === 0) continue;
      done[name] = count;
      removed.inc({ kind: name }, count);
    }
    if (Object.keys(done).length > 0) log.info({ removed: done }, 'data beyond its retention removed');
    return done;
  };
}

async function removeAll(remove: (nowMs: number) => Promise<number>, nowMs: number): Promise<number> {
  let sum = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch++) {
    const count = await remove(nowMs);
    sum += count;
    if (count < BATCH) break;
  }
  return sum;
}

async function removeReads(database: Database, beforeMs: number): Promise<number> {
  const old = database.selectFrom('reads').select('id').where('at', '<', beforeMs).limit(BATCH);
  const { numDeletedRows } = await database.deleteFrom('reads').where('id', 'in', old).executeTakeFirst();
  return Number(numDeletedRows);
}

/** What was changed stands in the city; only who did it, and the way back, goes. */
async function removeCityChanges(database: Database, beforeMs: number): Promise<number> {
  const old = database.selectFrom('city_changes').select('id').where('at', '<', beforeMs).limit(BATCH);
  const { numDeletedRows } = await database
    .deleteFrom('city_changes')
    .where('id', 'in', old)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

async function removeSilences(database: Database, beforeMs: number): Promise<number> {
  const old = database.selectFrom('silences').select('id').where('ends_at', '<', beforeMs).limit(BATCH);
  const { numDeletedRows } = await database.deleteFrom('silences').where('id', 'in', old).executeTakeFirst();
  return Number(numDeletedRows);
}

/** Lines about units, and of incidents that were closed as long ago. */
async function removeAudit(database: Database, beforeMs: number): Promise<number> {
  const old = database
    .selectFrom('dispatch_audit')
    .leftJoin('incidents', 'incidents.id', 'dispatch_audit.incident')
    .select('dispatch_audit.id')
    .where('dispatch_audit.at', '<', beforeMs)
    .where(({ eb, or }) => or([eb('incidents.state', 'is', null), eb('incidents.closed_at', '<', beforeMs)]))
    .limit(BATCH);
  const { numDeletedRows } = await database
    .deleteFrom('dispatch_audit')
    .where('id', 'in', old)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Those that ended, or were revoked, as long ago. */
async function removeTokens(database: Database, beforeMs: number): Promise<number> {
  const old = database
    .selectFrom('api_tokens')
    .select('id')
    .where(({ eb, or }) => or([eb('expires_at', '<', beforeMs), eb('revoked_at', '<', beforeMs)]))
    .limit(BATCH);
  const { numDeletedRows } = await database
    .deleteFrom('api_tokens')
    .where('id', 'in', old)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

async function removeAccountActs(database: Database, beforeMs: number): Promise<number> {
  const old = database.selectFrom('account_acts').select('id').where('at', '<', beforeMs).limit(BATCH);
  const { numDeletedRows } = await database
    .deleteFrom('account_acts')
    .where('id', 'in', old)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Those that ended as long ago. */
async function removeSessions(database: Database, beforeMs: number): Promise<number> {
  const old = database.selectFrom('sessions').select('id').where('ended_at', '<', beforeMs).limit(BATCH);
  const { numDeletedRows } = await database.deleteFrom('sessions').where('id', 'in', old).executeTakeFirst();
  return Number(numDeletedRows);
}

/** Those whose time was over as long ago, be they used or not. */
async function removeInvitations(database: Database, beforeMs: number): Promise<number> {
  const old = database.selectFrom('invitations').select('id').where('expires_at', '<', beforeMs).limit(BATCH);
  const { numDeletedRows } = await database
    .deleteFrom('invitations')
    .where('id', 'in', old)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** Those who were removed as long ago. */
async function removePeople(database: Database, beforeMs: number): Promise<number> {
  const old = database.selectFrom('people').select('id').where('removed_at', '<', beforeMs).limit(BATCH);
  const { numDeletedRows } = await database.deleteFrom('people').where('id', 'in', old).executeTakeFirst();
  return Number(numDeletedRows);
}

/** With what was told of them. */
async function removeAlerts(database: Database, beforeMs: number): Promise<number> {
  return database.transaction().execute(async (transaction) => {
    const rows = await transaction
      .selectFrom('alerts')
      .select('id')
      .where('closed_at', '<', beforeMs)
      .limit(BATCH)
      .execute();
    const ids = rows.map(({ id }) => id);
    if (ids.length === 0) return 0;
    await transaction.deleteFrom('notices').where('alert', 'in', ids).execute();
    await transaction.deleteFrom('cap_messages').where('alert', 'in', ids).execute();
    await transaction.deleteFrom('alerts').where('id', 'in', ids).execute();
    return ids.length;
  });
}
