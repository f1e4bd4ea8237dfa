/**
 * The feed of issued CAP messages: what is open, and what ended within the last 48 hours.
 *
 * Read by the API. Invariant: a message of an alert that is still open stays in the feed however old it is.
 */
import type { Database } from '../../database/database.ts';

export interface CapEntry {
  readonly identifier: string;
  readonly alert: string;
  readonly messageType: string;
  readonly title: string;
  readonly sentAt: number;
  readonly document: string;
}

/** Entries of a feed at most; the newest. */
const MAX_ENTRIES = 500;

export async function listCap(database: Database, nowMs: number): Promise<CapEntry[]> {
  const rows = await database
    .selectFrom('cap_messages')
    .leftJoin('alerts', 'alerts.id', 'cap_messages.alert')
    .select([
      'cap_messages.identifier',
      'cap_messages.alert',
      'cap_messages.message_type',
      'cap_messages.title',
      'cap_messages.sent_at',
      'cap_messages.document',
    ])
    .where(({ eb, or }) =>
      or([
        eb('cap_messages.expires_at', '>', nowMs),
        eb('alerts.state', 'in', ['provisional', 'open', 'acknowledged']),
      ]),
    )
    .orderBy('cap_messages.id', 'desc')
    .limit(MAX_ENTRIES)
    .execute();
  return rows.map(toEntry);
}

export async function findCap(database: Database, identifier: string): Promise<CapEntry | undefined> {
  const row = await database
    .selectFrom('cap_messages')
    .select(['identifier', 'alert', 'message_type', 'title', 'sent_at', 'document'])
    .where('identifier', '=', identifier)
    .executeTakeFirst();
  return row && toEntry(row);
}

function toEntry(row: {
  identifier: string;
  alert: string;
  message_type: string;
  title: string;
  sent_at: number;
  document: string;
}): CapEntry {
  return {
    identifier: row.identifier,
    alert: row.alert,
    messageType: row.message_type,
    title: row.title,
    sentAt: Number(row.sent_at),
    document: row.document,
  };
}
