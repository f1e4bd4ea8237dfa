/**
 * The tables of devices: which there are beside the city's folder, what they speak, and what lets them in.
 *
 * Owned by fleet/ and broker/. Invariant: a secret is never kept, only what it is checked against.
 * How times, booleans and documents are kept is said in tables.ts.
 */
import type { Generated } from 'kysely';

export interface DeviceTables {
  devices: DevicesTable;
  device_formats: DeviceFormatsTable;
  device_aliases: DeviceAliasesTable;
  gateways: GatewaysTable;
  waiting_aliases: WaitingAliasesTable;
  device_credentials: DeviceCredentialsTable;
  revoked_certificates: RevokedCertificatesTable;
  device_subscriptions: DeviceSubscriptionsTable;
  device_configs: DeviceConfigsTable;
}

/** Devices added by an operator, beside those of the city's folder. */
export interface DevicesTable {
  id: string;
  kind: string;
  name: string;
  lat: number | null;
  lng: number | null;
  added_at: number;
  /** What a city's folder would say of it, as JSON; null where its kind needs no more. */
  site: string | null;
}

/**
 * What a device speaks, where that is not our own format, and whether it only plays a device; also of devices of the
 * city's folder.
 */
export interface DeviceFormatsTable {
  device: string;
  format: string | null;
  /** The gateway that sends for it; null where that follows from the format. */
  gateway: string | null;
  /** FormatOptions as JSON. */
  options: string | null;
  /** 1 where whatever it says is simulated. */
  simulated: number | null;
  changed_at: number;
}

/** Names that a device goes by in the messages of others, as `normaliseAlias` writes them. */
export interface DeviceAliasesTable {
  alias: string;
  device: string;
  added_at: number;
}

/** Who sends for many devices over one connection. */
export interface GatewaysTable {
  /** `gateway:<name>`, its user name. */
  id: string;
  format: string;
  options: string | null;
  changed_at: number;
}

/** Names in messages of gateways that are nobody's, each with its last message. */
export interface WaitingAliasesTable {
  alias: string;
  gateway: string;
  format: string;
  first_at: number;
  last_at: number;
  messages: number;
  topic: string;
  /** The begin of it, as text. */
  payload: string;
}

/** Credentials of devices: two may be valid at once, while one is being rotated out. */
export interface DeviceCredentialsTable {
  id: Generated<number>;
  device: string;
  /** `sha256$hash`, base64url, or `scrypt$N$r$p$salt$hash` of the first version. The secret itself is never kept. */
  hash: string;
  created_at: number;
  /** After this it is no longer accepted; null while it is the current one. */
  expires_at: number | null;
  revoked_at: number | null;
}

/** Certificates of a device that were issued up to then do not count, whatever became of the device since. */
export interface RevokedCertificatesTable {
  device: string;
  revoked_at: number;
}

/** What devices were told to go by. */
export interface DeviceConfigsTable {
  /** The revision, by which the device says that it has it. */
  id: Generated<number>;
  device: string;
  /** DeviceConfig as JSON. */
  config: string;
  set_by: string;
  set_at: number;
  sends: number;
  sent_at: number | null;
  confirmed_at: number | null;
}

/** What a device subscribed to in a session that it wants kept. */
export interface DeviceSubscriptionsTable {
  /** The client id, which is the device's. */
  client: string;
  filter: string;
  qos: number;
  kept_at: number;
}
