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

/** Where the journal ended when it was found to be an older or another one. Only grows. */
export interface JournalEndsTable {
  id: Generated<number>;
  found_at: number;
  last_id: number;
}

/** What is to be done with the copy in InfluxDB: asked by a command or by the night, done by a running Siaga. */
export interface InfluxOrdersTable {
  id: Generated<number>;
  /** `verify`, `rewrite` or `replay`. */
  action: string;
  /** The range, [from, to) of measuredAt. */
  from_ms: number;
  to_ms: number;
  asked_at: number;
  /** Of a rewrite: the id of the journal up to which it is done; null while nobody has begun. */
  position: number | null;
  done_at: number | null;
  /** What it came to, in words. */
  outcome: string | null;
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

/** What a device speaks, where that is not our own format; also of devices of the city's folder. */
export interface DeviceFormatsTable {
  device: string;
  format: string | null;
  /** The gateway that sends for it; null where that follows from the format. */
  gateway: string | null;
  /** FormatOptions as JSON. */
  options: string | null;
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
  /**
   * `sha256$hash`, base64url; of the first version `scrypt$N$r$p$salt$hash`. The secret itself is shown once and
   * never kept.
   */
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
  /** From then on it is refused. */
  expires_at: number;
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
  /** `public`, or `staff`: about units, crews and incidents. */
  audience: string;
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

/** A call to 112 and what became of it. */
export interface IncidentsTable {
  id: Generated<number>;
  /** `open` or `closed`. */
  state: string;
  /** `real`, `prank`, `silent`, `information`; null until somebody has judged. */
  classification: string | null;
  category: string | null;
  /** 1 is the most urgent. */
  priority: number;
  caller_name: string | null;
  caller_phone: string | null;
  place: string | null;
  kecamatan: string | null;
  lat: number | null;
  lng: number | null;
  needs_transport: number;
  duplicate_of: number | null;
  outcome: string | null;
  received_at: number;
  triaged_at: number | null;
  closed_at: number | null;
  created_by: string;
  idempotency_key: string | null;
  /** Of the report that the key belongs to; null without a key, and for keys of older versions. */
  request_hash: string | null;
  simulated: number;
  /** When what leads to the caller was erased; null before. */
  erased_at: Generated<number | null>;
}

/** One unit sent to one incident, with its own timeline. Times are the server's; a skipped one is null. */
export interface AssignmentsTable {
  id: Generated<number>;
  incident: number;
  unit: string;
  /** `first-aid` or `transport`. */
  role: string;
  /** One of STEPS in dispatch/assignment-steps.ts. */
  step: string;
  hospital: string | null;
  assigned_by: string;
  forced_reason: string | null;
  idempotency_key: string;
  /** The request that the key belongs to, as JSON: the same key with another request is refused. */
  request: string;
  reserved_at: number;
  dispatched_at: number | null;
  acknowledged_at: number | null;
  en_route_at: number | null;
  on_scene_at: number | null;
  left_scene_at: number | null;
  at_destination_at: number | null;
  handed_over_at: number | null;
  ended_at: number | null;
  arrival_proposed_at: number | null;
  /** That the crew says it is free counts from here: the order, or the last step that a person took. */
  frees_from: Generated<number>;
  /** A status of the crew that was not taken and that a person must judge; null while there is none. */
  asked_word: string | null;
  /** The step that it would mean; null where it means none. */
  asked_step: string | null;
  asked_why: string | null;
  asked_at: number | null;
  warned_at: number | null;
  escalated_at: number | null;
  end_reason: string | null;
  /** How often the order went out, corrected or not. */
  commands_sent: number;
}

/** What a device subscribed to in a session that it wants kept. */
export interface DeviceSubscriptionsTable {
  /** The client id, which is the device's. */
  client: string;
  filter: string;
  qos: number;
  kept_at: number;
}

/** What a crew is told: open until the crew has it, or until it is void. */
export interface CrewWordsTable {
  id: Generated<number>;
  /** One of WORD_KINDS in dispatch/crew-words.ts. */
  kind: string;
  unit: string;
  incident: number | null;
  assignment: number | null;
  /** Of a message what it says, of `second-unit` which unit. */
  text: string | null;
  made_by: string;
  made_at: number;
  /** How often it was handed to the unit's connection, and when last. */
  sends: Generated<number>;
  sent_at: number | null;
  /** The first PUBACK of the unit's client. */
  reached_at: number | null;
  acknowledged_at: number | null;
  /** The unit, or the person who heard it by radio. */
  acknowledged_by: string | null;
  warned_at: number | null;
  escalated_at: number | null;
  ended_at: number | null;
  /** Why it ended without an acknowledgement. */
  ended_why: string | null;
  /** Due again; null when it has ended, or while it goes out together with an unanswered order. */
  next_at: number | null;
}

/** The lock of a unit. `assignment` is the open one; `out_of_service` says why it may not be sent. */
export interface DispatchUnitsTable {
  unit: string;
  version: number;
  assignment: number | null;
  out_of_service: string | null;
  /** Why a patient may be aboard although nobody has an assignment; null where nothing speaks for it. */
  patient_doubt: string | null;
}

/** Who did what, when. Never changed, but that an erasure takes the notes. */
export interface DispatchAuditTable {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  incident: number | null;
  assignment: number | null;
  unit: string | null;
  note: string | null;
}

/** Free beds by class as last reported: negative where it is overfull, null where it did not say. */
export interface HospitalBedsTable {
  hospital: string;
  emergency: number | null;
  intensive: number | null;
  ward: number | null;
  queue: number | null;
  source: string;
  updated_at: number;
  updated_by: string;
  /** A later report was refused; null while none was. */
  refused_at: number | null;
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

export interface Tables {
  reads: ReadsTable;
  incidents: IncidentsTable;
  assignments: AssignmentsTable;
  crew_words: CrewWordsTable;
  device_subscriptions: DeviceSubscriptionsTable;
  dispatch_units: DispatchUnitsTable;
  dispatch_audit: DispatchAuditTable;
  hospital_beds: HospitalBedsTable;
  alerts: AlertsTable;
  alert_engine: AlertEngineTable;
  silences: SilencesTable;
  notices: NoticesTable;
  cap_messages: CapMessagesTable;
  api_tokens: ApiTokensTable;
  cursors: CursorsTable;
  journal_ends: JournalEndsTable;
  influx_orders: InfluxOrdersTable;
  devices: DevicesTable;
  device_credentials: DeviceCredentialsTable;
  device_formats: DeviceFormatsTable;
  device_aliases: DeviceAliasesTable;
  gateways: GatewaysTable;
  waiting_aliases: WaitingAliasesTable;
}
