/**
 * The tables of people and programs that call the API: who may, and who read what of whom.
 *
 * Owned by api/. Invariant: a token's secret is never kept, only its hash.
 * How times, booleans and documents are kept is said in tables.ts.
 */
import type { Generated } from 'kysely';

export interface PeopleTables {
  api_tokens: ApiTokensTable;
  reads: ReadsTable;
}

/** Who may call the API: people and programs by name and role. */
export interface ApiTokensTable {
  id: Generated<number>;
  /** What the audit writes; unique among those in force. */
  name: string;
  /** One of ROLES in api/access.ts. */
  role: string;
  /** SHA-256 of the secret, base64url. The secret itself is shown once and never kept. */
  hash: string;
  created_at: number;
  created_by: string;
  /** From then on it is refused. */
  expires_at: number;
  /** To the minute. */
  last_used_at: number | null;
  revoked_at: number | null;
}

/** Who read what of people, when. One line an answer. */
export interface ReadsTable {
  id: Generated<number>;
  at: number;
  actor: string;
  role: string;
  /** One of READ_KINDS in api/read-audit.ts. */
  what: string;
  /** Numbers of incidents, or a device and a range, as text. */
  which: string;
}
