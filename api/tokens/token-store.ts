/**
 * API tokens in the state database: made, listed, revoked, found by their hash; each has an end.
 *
 * A token is 256 random bits, so its SHA-256 needs neither salt nor stretching, and finding it by hash leaks
 * nothing by its timing. Invariants: the secret is returned once and never kept; no two names of tokens in force
 * look alike (the audit names its user by them); the last admin token in force is not revoked.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../../database/database.ts';
import { ROLES, type Role } from '../access/access.ts';
import { writeAct } from '../accounts/acts.ts';
import { requireFreeName, requireGoodName } from '../accounts/names.ts';
import { Problem } from '../border/problem.ts';

const TOKEN_BYTES = 256 / 8;
/** A prefix lets scanners of leaked secrets know it. */
const PREFIX = 'siaga_';
/** The prefix and 32 bytes in base64url: ⌈32 · 4 / 3⌉ = 43 characters. */
const TOKEN_PATTERN = /^siaga_[A-Za-z0-9_-]{43}$/;
/** People and programs of one city; more is a script gone wrong. */
export const MAX_TOKENS_IN_FORCE = 1_000;
const MAX_LISTED = 1_000;
export const FIRST_ADMIN_NAME = 'first-admin';
const DAY_MS = 86_400_000;
/** Somebody looks once a year at who still calls. */
export const DEFAULT_LIFE_DAYS = 365;
/** A year, and a month in which the next one is handed out. */
export const MAX_LIFE_DAYS = 400;

export interface Token {
  readonly id: number;
  readonly name: string;
  readonly role: Role;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
}

export interface NewToken extends Token {
  /** The secret, shown this once. */
  readonly token: string;
}

export interface WantedToken {
  readonly name: string;
  readonly role: Role;
  readonly createdBy: string;
  readonly lifeDays?: number;
  /** Ids of devices: the audit writes them too. */
  readonly deviceIds: Iterable<string>;
}

const COLUMNS = [
  'id',
  'name',
  'role',
  'created_at',
  'created_by',
  'expires_at',
  'last_used_at',
  'revoked_at',
] as const;

export function isTokenShaped(text: string): boolean {
  return TOKEN_PATTERN.test(text);
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Throws Problem 400 for a name that cannot be, 409 when it looks like another's or there are too many. */
export async function createToken(database: Database, wanted: WantedToken, nowMs: number): Promise<NewToken> {
  const { name, lifeDays = DEFAULT_LIFE_DAYS } = wanted;
  requireGoodName(name, wanted.deviceIds);
  return insertToken(database, { ...wanted, expiresAt: nowMs + lifeDays * DAY_MS }, nowMs);
}

async function insertToken(
  database: Database,
  wanted: Pick<WantedToken, 'name' | 'role' | 'createdBy'> & { readonly expiresAt: number },
  nowMs: number,
): Promise<NewToken> {
  const token = PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
  return database.transaction().execute(async (transaction) => {
    // The name of one that has ended is free again.
    await transaction
      .updateTable('api_tokens')
      .set(({ ref }) => ({ revoked_at: ref('expires_at') }))
      .where('revoked_at', 'is', null)
      .where('expires_at', '<=', nowMs)
      .execute();
    const inForce = await transaction
      .selectFrom('api_tokens')
      .select('name')
      .where('revoked_at', 'is', null)
      .execute();
    if (inForce.length >= MAX_TOKENS_IN_FORCE) {
      const detail = `There are ${inForce.length} tokens in force; revoke some first.`;
      throw new Problem(409, 'too-many-tokens', detail);
    }
    await requireFreeName(transaction, wanted.name, nowMs);
    const row = await transaction
      .insertInto('api_tokens')
      .values({
        name: wanted.name,
        role: wanted.role,
        hash: hashToken(token),
        created_at: nowMs,
        created_by: wanted.createdBy,
        expires_at: wanted.expiresAt,
        last_used_at: null,
        revoked_at: null,
      })
      .returning(COLUMNS)
      .executeTakeFirstOrThrow();
    await writeAct(transaction, {
      at: nowMs,
      actor: wanted.createdBy,
      act: 'token-made',
      subject: wanted.name,
      detail: wanted.role,
    });
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

/** The token that has this hash and was not revoked; it may have ended. */
export async function findToken(database: Database, hash: string): Promise<Token | undefined> {
  const row = await database
    .selectFrom('api_tokens')
    .select(COLUMNS)
    .where('hash', '=', hash)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return row && parseRow(row);
}

/** All tokens in force, by the hash of their secret. */
export async function readTokensInForce(database: Database, nowMs: number): Promise<Map<string, Token>> {
  const rows = await database
    .selectFrom('api_tokens')
    .select([...COLUMNS, 'hash'])
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .execute();
  return new Map(rows.map((row) => [row.hash, parseRow(row)]));
}

export async function markUsed(database: Database, id: number, nowMs: number): Promise<void> {
  await database.updateTable('api_tokens').set({ last_used_at: nowMs }).where('id', '=', id).execute();
}

/** Throws Problem 404 for an unknown or revoked one, 409 for the last admin. */
export async function revokeToken(
  database: Database,
  id: number,
  { nowMs, actor }: { readonly nowMs: number; readonly actor: string },
): Promise<Token> {
  return database.transaction().execute(async (transaction) => {
    const inForce = await transaction
      .selectFrom('api_tokens')
      .select(COLUMNS)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', nowMs)
      .execute();
    const row = inForce.find((each) => Number(each.id) === id);
    if (!row)
      throw new Problem(404, 'unknown-token', `No token ${id} is in force; GET /v1/tokens lists them.`);
    if (row.role === 'admin' && inForce.filter(({ role }) => role === 'admin').length === 1) {
      const detail = `${row.name} is the last admin; make another admin token first.`;
      throw new Problem(409, 'last-admin', detail);
    }
    await transaction.updateTable('api_tokens').set({ revoked_at: nowMs }).where('id', '=', id).execute();
    const { name: subject } = row;
    await writeAct(transaction, { at: nowMs, actor, act: 'token-revoked', subject, detail: row.role });
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
    .where('expires_at', '>', now())
    .executeTakeFirst();
  if (admin) return undefined;
  const expiresAt = now() + DEFAULT_LIFE_DAYS * DAY_MS;
  const wanted = { name: FIRST_ADMIN_NAME, role: 'admin', createdBy: 'siaga', expiresAt } as const;
  return (await insertToken(database, wanted, now())).token;
}

interface Row {
  id: number;
  name: string;
  role: string;
  created_at: number;
  created_by: string;
  expires_at: number;
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
    expiresAt: Number(row.expires_at),
    lastUsedAt: row.last_used_at === null ? null : Number(row.last_used_at),
    revokedAt: row.revoked_at === null ? null : Number(row.revoked_at),
  };
}
