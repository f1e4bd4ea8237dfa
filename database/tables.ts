/**
 * The tables of the state database, one interface a table, each owned by one part of the house.
 *
 * Times are epoch milliseconds in bigint-safe numbers, booleans are 0 and 1, documents are JSON text: the
 * three that SQLite and PostgreSQL read back alike.
 */
import type { Generated } from 'kysely';

/** How far a consumer of the journal has come. Written in the transaction of its work. */
export interface CursorsTable {
  consumer: string;
  position: number;
}

/** Devices added by an operator, beside those of the city's folder. */
export interface DevicesTable {
  id: string;
  kind: string;
  name: string;
  lat: number | null;
  lng: number | null;
  added_at: number;
}

/** Credentials of devices: two may be valid at once, while one is being rotated out. */
export interface DeviceCredentialsTable {
  id: Generated<number>;
  device: string;
  /** `scrypt$N$r$p$salt$hash`, base64url. The secret itself is shown once and never kept. */
  hash: string;
  created_at: number;
  /** After this it is no longer accepted; null while it is the current one. */
  expires_at: number | null;
  revoked_at: number | null;
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
  /** To the minute. */
  last_used_at: number | null;
  revoked_at: number | null;
}

/** Alerts, open and closed. `document` is the whole Alert as JSON; the columns are for queries. */
export interface AlertsTable {
  id: string;
  rule: string;
  subject: string;
  state: string;
  severity: string;
  started_at: number;
  raised_at: number;
  closed_at: number | null;
  document: string;
}

/** What the alert engine knows, by key: `device:<id>`, `conditions`. Written with its cursor. */
export interface AlertEngineTable {
  key: string;
  document: string;
}

/** Maintenance silences: they mute notices, never the judgement, and always end. */
export interface SilencesTable {
  id: Generated<number>;
  /** `device`, `group` or `rule`, and its id or name. */
  scope: string;
  target: string;
  starts_at: number;
  ends_at: number;
  created_by: string;
  note: string | null;
  ended_by: string | null;
}

/** The outbox of notices: written with the alert, sent after the commit, tried again until done. */
export interface NoticesTable {
  id: Generated<number>;
  /** `<alert>:<revision>:<channel>`: the receiver's idempotency key. */
  key: string;
  channel: string;
  alert: string;
  revision: number;
  /** The alert's rank: the worst goes first when there are too many. */
  urgency: number;
  body: string;
  /** `waiting`, `sent`, `failed`, `dropped`. */
  state: string;
  attempts: number;
  next_at: number;
  created_at: number;
  done_at: number | null;
  /** What the last attempt said. */
  outcome: string | null;
}

/** Issued CAP messages: never edited; an update refers to the ones before it. */
export interface CapMessagesTable {
  id: Generated<number>;
  identifier: string;
  alert: string;
  message_type: string;
  title: string;
  sent_at: number;
  /** Until when it stays in the feed. */
  expires_at: number;
  document: string;
}

export interface Tables {
  alerts: AlertsTable;
  alert_engine: AlertEngineTable;
  silences: SilencesTable;
  notices: NoticesTable;
  cap_messages: CapMessagesTable;
  api_tokens: ApiTokensTable;
  cursors: CursorsTable;
  devices: DevicesTable;
  device_credentials: DeviceCredentialsTable;
}
