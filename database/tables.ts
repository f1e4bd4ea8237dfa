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

export interface Tables {
  api_tokens: ApiTokensTable;
  cursors: CursorsTable;
  devices: DevicesTable;
  device_credentials: DeviceCredentialsTable;
}
