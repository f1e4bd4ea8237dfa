/**
 * The feed of issued CAP messages: what is open, and what ended within the last 48 hours.
 *
 * Read by the API. Invariant: what was last said of an alert that is still open stays in the
 * feed, however old it is and however much was said of others since.
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

/** Entries of ended alerts, and of what open ones said before, at most; the newest. */
const MAX_OTHERS = 500;
const COLUMNS = [
  'cap_messages.identifier',
  'cap_messages.alert',
  'cap_messages.message_type',
  'cap_messages.title',
  'cap_messages.sent_at',
  'cap_messages.document',
] as const;

/** Newest first. */
export async function listCap(database: Database, nowMs: number): Promise<CapEntry[]> {
  const open = await database
    .selectFrom('cap_messages')
    .innerJoin('alerts', 'alerts.id', 'cap_messages.alert')
    .select(['cap_messages.id', ...COLUMNS])
    .where('alerts.state', 'in', ['provisional', 'open', 'acknowledged'])
    .where(({ eb, selectFrom }) =>
      eb(
        'cap_messages.id',
        '=',
        selectFrom('cap_messages as newer')
          .select(({ fn }) => fn.max('newer.id').as('id'))
          .whereRef('newer.alert', '=', 'cap_messages.alert'),
      ),
    )
    .execute();
  const others = await database
    .selectFrom('cap_messages')
    .select(['cap_messages.id', ...COLUMNS])
    .where('cap_messages.expires_at', '>', nowMs)
    .orderBy('cap_messages.id', 'desc')
    .limit(MAX_OTHERS)
    .execute();
  const byId = new Map([...open, ...others].map((row) => [Number(row.id), row]));
  return [...byId.keys()].sort((a, b) => b - a).map((id) => toEntry(byId.get(id) as (typeof open)[number]));
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
