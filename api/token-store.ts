/**
 * API tokens in the state database: made, listed, revoked, found by their hash.
 *
 * A token is 256 random bits, so its SHA-256 needs neither salt nor stretching, and finding it by hash leaks
 * nothing by its timing. Invariants: the secret is returned once and never kept; names of tokens in force are
 * unique (the audit names its user by them); there is always an admin token in force once there was one.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { ROLES, type Role } from './access.ts';
import { Problem } from './problem.ts';

const TOKEN_BYTES = 256 / 8;
/** A prefix lets scanners of leaked secrets know it. */
const PREFIX = 'siaga_';
/** The prefix and 32 bytes in base64url: ⌈32 · 4 / 3⌉ = 43 characters. */
const TOKEN_PATTERN = /^siaga_[A-Za-z0-9_-]{43}$/;
/** People and programs of one city; more is a script gone wrong. */
const MAX_TOKENS_IN_FORCE = 1_000;
const MAX_LISTED = 1_000;
export const FIRST_ADMIN_NAME = 'first-admin';

export interface Token {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

export interface NewToken extends Token {
  /** The secret, shown this once. */
  readonly token: string;
}

const COLUMNS = ['id', 'name', 'role', 'created_at', 'created_by', 'last_used_at', 'revoked_at'] as const;

export function isTokenShaped(text: string): boolean {
  return TOKEN_PATTERN.test(text);
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Throws Problem 409 when the name is taken or there are too many. */
export async function createToken(
  database: Database,
  wanted: { name: string; role: Role; createdBy: string },
  nowMs: number,
): Promise<NewToken> {
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  return database.transaction().execute(async (transaction) => {
    const inForce = await transaction
      .selectFrom('api_tokens')
      .select('name')
      .where('revoked_at', 'is', null)
      .execute();
    if (inForce.length >= MAX_TOKENS_IN_FORCE) {
      const detail = `There are ${inForce.length} tokens in force; revoke some first.`;
      throw new Problem(409, 'too-many-tokens', detail);
    }
    if (inForce.some(({ name }) => name === wanted.name)) {
      const detail = `A token named ${wanted.name} is in force; take another name, or revoke that one first.`;
      throw new Problem(409, 'name-taken', detail);
    }
    const row = await transaction
      .insertInto('api_tokens')
      .values({
        name: wanted.name,
        role: wanted.role,
        hash: hashToken(token),
        created_at: nowMs,
        created_by: wanted.createdBy,
        last_used_at: null,
        revoked_at: null,
      })
      .returning(COLUMNS)
      .executeTakeFirstOrThrow();
    return { ...parseRow(row), token };
  });
}

/** Newest first, revoked ones too. */
export async function listTokens(database: Database): Promise<Token[]> {
  const rows = await database
    .selectFrom('api_tokens')
    .select(COLUMNS)
    .orderBy('id', 'desc')
    .limit(MAX_LISTED)
    .execute();
  return rows.map(parseRow);
}

/** The token in force that has this hash. */
export async function findToken(database: Database, hash: string): Promise<Token | undefined> {
  const row = await database
    .selectFrom('api_tokens')
    .select(COLUMNS)
    .where('hash', '=', hash)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return row && parseRow(row);
}

/** Ids of all tokens in force. */
export async function findTokensInForce(database: Database): Promise<ReadonlySet<number>> {
  const rows = await database.selectFrom('api_tokens').select('id').where('revoked_at', 'is', null).execute();
  return new Set(rows.map(({ id }) => Number(id)));
}

export async function markUsed(database: Database, id: number, nowMs: number): Promise<void> {
  await database.updateTable('api_tokens').set({ last_used_at: nowMs }).where('id', '=', id).execute();
}

/** Throws Problem 404 for an unknown or revoked one, 409 for the last admin. */
export async function revokeToken(database: Database, id: number, nowMs: number): Promise<Token> {
  return database.transaction().execute(async (transaction) => {
    const inForce = await transaction
      .selectFrom('api_tokens')
      .select(COLUMNS)
      .where('revoked_at', 'is', null)
      .execute();
    const row = inForce.find((each) => Number(each.id) === id);
    if (!row)
      throw new Problem(404, 'unknown-token', `No token ${id} is in force; GET /v1/tokens lists them.`);
    if (row.role === 'admin' && inForce.filter(({ role }) => role === 'admin').length === 1) {
      const detail = `${row.name} is the last admin; make another admin token first.`;
      throw new Problem(409, 'last-admin', detail);
    }
    await transaction.updateTable('api_tokens').set({ revoked_at: nowMs }).where('id', '=', id).execute();
    return { ...parseRow(row), revokedAt: nowMs };
  });
}

/** Makes the first admin token where none is in force; the secret to show once, else undefined. */
export async function ensureFirstAdminToken(
  database: Database,
  now: () => number,
): Promise<string | undefined> {
  const admin = await database
    .selectFrom('api_tokens')
    .select('id')
    .where('role', '=', 'admin')
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  if (admin) return undefined;
  const wanted = { name: FIRST_ADMIN_NAME, role: 'admin', createdBy: 'siaga' } as const;
  return (await createToken(database, wanted, now())).token;
}

interface Row {
  id: number;
  name: string;
  role: string;
  created_at: number;
  created_by: string;
  last_used_at: number | null;
  revoked_at: number | null;
}

/** PostgreSQL gives a bigint as text; `Number` reads both. */
function parseRow(row: Row): Token {
  const role = ROLES.find((each) => each === row.role);
  if (!role) throw new Error(`token ${row.id} has the role ${row.role}, which this Siaga does not know`);
  return {
    id: Number(row.id),
    name: row.name,
    role,
    createdAt: Number(row.created_at),
    createdBy: row.created_by,
    lastUsedAt: row.last_used_at === null ? null : Number(row.last_used_at),
    revokedAt: row.revoked_at === null ? null : Number(row.revoked_at),
  };
}
