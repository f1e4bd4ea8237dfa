/**
 * The tables of people and programs that call the API: who may, and who read what of whom.
 *
 * Owned by api/. Invariant: the secret of a token, an invitation or a session is never kept, only its hash.
 * How times, booleans and documents are kept is said in tables.ts.
 */
import type { Generated } from 'kysely';

export interface PeopleTables {
  api_tokens: ApiTokensTable;
  reads: ReadsTable;
  people: PeopleTable;
  invitations: InvitationsTable;
  sessions: SessionsTable;
  account_acts: AccountActsTable;
}

/** Who may call the API: people and programs by name and role. */
export interface ApiTokensTable {
  id: Generated<number>;
  /** What the audit writes; unique among those in force. */
  name: string;
  /** One of ROLES in api/access/access.ts. */
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
  /** One of READ_KINDS in api/access/read-audit.ts. */
  what: string;
  /** Numbers of incidents, or a device and a range, as text. */
  which: string;
}

/** Who may sign in at the pages. */
export interface PeopleTable {
  id: Generated<number>;
  /** What the audit writes; unique among those who were not removed. */
  name: string;
  /** One of STAFF_ROLES in api/access/access.ts. */
  role: string;
  created_at: number;
  created_by: string;
  removed_at: number | null;
}

/** A link that begins one session of its person. */
export interface InvitationsTable {
  id: Generated<number>;
  person: number;
  /** SHA-256 of the secret, base64url. */
  hash: string;
  created_at: number;
  created_by: string;
  expires_at: number;
  used_at: number | null;
  withdrawn_at: number | null;
}

/** A browser that is signed in, as a person or as a token. */
export interface SessionsTable {
  id: Generated<number>;
  /** SHA-256 of the cookie's secret, base64url. */
  hash: string;
  /** One of these two. */
  person: number | null;
  token: number | null;
  /** What the browser says of itself, cut off. */
  agent: string;
  created_at: number;
  /** To five minutes. */
  used_at: number;
  expires_at: number;
  ended_at: number | null;
  /** One of SESSION_ENDS in api/accounts/session-store.ts. */
  why: string | null;
}

/** Who did what with accounts, tokens and sessions. Lines are never changed. */
export interface AccountActsTable {
  id: Generated<number>;
  at: number;
  actor: string;
  /** One of ACCOUNT_ACTS in api/accounts/acts.ts. */
  act: string;
  /** Whose account it is. */
  subject: string;
  detail: string;
}
