/**
 * Sessions in the state database: begun, read, their use written down, ended.
 *
 * Under sessions.ts, which knows them by heart. Invariants: the secret is returned once and never kept; the beginning
 * and the end of a session stand in the audit in the same transaction; at most MAX_SESSIONS_EACH of one person or token
 * are open.
 */
import type { Database } from '../../database/database.ts';
import { ROLES, type Role } from '../access/access.ts';
import { writeAct } from './acts.ts';
import { hashSecret, makeSecret } from './secrets.ts';

/** A phone, a desk, a wall, a laptop at home, and some that were forgotten. */
export const MAX_SESSIONS_EACH = 10;
/** Enough for browser and system. */
export const MAX_AGENT_LENGTH = 200;

export const SESSION_ENDS = ['signed-out', 'ended', 'removed', 'idle', 'age', 'bound'] as const;
export type SessionEnd = (typeof SESSION_ENDS)[number];

/** Of whom a session is: a person, or who has a token. */
export type Owner = { readonly person: number } | { readonly token: number };

export interface StoredSession {
  readonly id: number;
  readonly hash: string;
  readonly owner: Owner;
  readonly name: string;
  readonly role: Role;
  readonly agent: string;
  readonly createdAt: number;
  readonly usedAt: number;
  readonly expiresAt: number;
}

export interface NewSession {
  readonly owner: Owner;
  readonly name: string;
  readonly role: Role;
  readonly agent: string;
  readonly expiresAt: number;
}

/** `inSession` says whether it may begin, in the same transaction; undefined where it may not. */
export async function insertSession(
  database: Database,
  wanted: NewSession,
  nowMs: number,
  mayBegin: (transaction: Database) => Promise<boolean>,
): Promise<{ readonly session: StoredSession; readonly secret: string } | undefined> {
  const secret = makeSecret();
  const { owner, name, role, agent, expiresAt } = wanted;
  const hash = hashSecret(secret);
  return database.transaction().execute(async (transaction) => {
    if (!(await mayBegin(transaction))) return undefined;
    const { id } = await transaction
      .insertInto('sessions')
      .values({
        hash,
        person: 'person' in owner ? owner.person : null,
        token: 'token' in owner ? owner.token : null,
        agent,
        created_at: nowMs,
        used_at: nowMs,
        expires_at: expiresAt,
        ended_at: null,
        why: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await writeAct(transaction, { at: nowMs, actor: name, act: 'signed-in', subject: name, detail: agent });
    const session = { id: Number(id), hash, owner, name, role, agent, expiresAt };
    return { session: { ...session, createdAt: nowMs, usedAt: nowMs }, secret };
  });
}

/** Those that nobody has ended and whose person or token is in force, whatever their times say. */
export async function readOpenSessions(database: Database): Promise<StoredSession[]> {
  const rows = await database
    .selectFrom('sessions')
    .leftJoin('people', 'people.id', 'sessions.person')
    .leftJoin('api_tokens', 'api_tokens.id', 'sessions.token')
    .selectAll('sessions')
    .select(({ fn }) => [
      fn.coalesce('people.name', 'api_tokens.name').as('name'),
      fn.coalesce('people.role', 'api_tokens.role').as('role'),
    ])
    .where('sessions.ended_at', 'is', null)
    .where('people.removed_at', 'is', null)
    .where('api_tokens.revoked_at', 'is', null)
    .execute();
  return rows.flatMap((row) => {
    const role = ROLES.find((each) => each === row.role);
    // Its person or its token was removed long ago, and retention was here meanwhile.
    if (!role || row.name === null) return [];
    const owner: Owner = row.person === null ? { token: Number(row.token) } : { person: Number(row.person) };
    const { hash, name, agent } = row;
    const times = { createdAt: row.created_at, usedAt: row.used_at, expiresAt: row.expires_at };
    return [
      {
        ...{ id: Number(row.id), hash, owner, name, role, agent },
        createdAt: Number(times.createdAt),
        usedAt: Number(times.usedAt),
        expiresAt: Number(times.expiresAt),
      },
    ];
  });
}

/** When it was used, and when it ends by the clock as it goes now. */
export async function writeUse(
  database: Database,
  id: number,
  { usedAt, expiresAt }: { readonly usedAt: number; readonly expiresAt: number },
): Promise<void> {
  await database
    .updateTable('sessions')
    .set({ used_at: usedAt, expires_at: expiresAt })
    .where('id', '=', id)
    .execute();
}

/** Ends these, each with its line in the audit. */
export async function endStored(
  database: Database,
  ending: readonly StoredSession[],
  { why, actor, nowMs }: { readonly why: SessionEnd; readonly actor: string; readonly nowMs: number },
): Promise<void> {
  const act = why === 'signed-out' ? 'signed-out' : 'session-ended';
  await database.transaction().execute(async (transaction) => {
    for (const { id, name, agent } of ending) {
      const { numUpdatedRows } = await transaction
        .updateTable('sessions')
        .set({ ended_at: nowMs, why })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .executeTakeFirst();
      if (Number(numUpdatedRows) === 0) continue;
      await writeAct(transaction, { at: nowMs, actor, act, subject: name, detail: `${why}: ${agent}` });
    }
  });
}

export function isOf({ owner }: Pick<StoredSession, 'owner'>, other: Owner): boolean {
  return 'person' in owner
    ? 'person' in other && owner.person === other.person
    : 'token' in other && owner.token === other.token;
}
