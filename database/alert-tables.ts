/**
 * The tables of the alarms: records, the memory of the rules, silences, notices, CAP messages.
 *
 * Owned by alerts/. Invariant: alert, state, cursor and notices of one step are written in one transaction.
 * How times, booleans and documents are kept is said in tables.ts.
 */
import type { Generated } from 'kysely';

export interface AlertTables {
  alerts: AlertsTable;
  alert_engine: AlertEngineTable;
  silences: SilencesTable;
  notices: NoticesTable;
  cap_messages: CapMessagesTable;
  push_keys: PushKeysTable;
  push_subscriptions: PushSubscriptionsTable;
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

/** The one key pair, `vapid`, by which push services know this Siaga. Made at the first start. */
export interface PushKeysTable {
  id: string;
  public_key: string;
  private_key: string;
}

/** Which browser wants to hear of which gauge. Nothing else of the person is kept, and no time. */
export interface PushSubscriptionsTable {
  /** The address of the browser at its push service: whoever knows it may end what it is used for. */
  endpoint: string;
  gauge: string;
  least_rank: number;
  language: string;
  /** The browser's keys, by which a message is readable there alone. */
  p256dh: string;
  auth: string;
  paused: number;
}
