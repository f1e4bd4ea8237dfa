/**
 * The feed of issued CAP messages: what is open, and what ended within the last 48 hours, in pages.
 *
 * Read by the API. Invariant: the newest message of each alert that is open stands on the first page, however many
 * came after it; every message of the feed stands on a page.
 */
import type { Database } from '../../database/database.ts';

export interface CapEntry {
  readonly id: number;
  readonly identifier: string;
  readonly alert: string;
  readonly messageType: string;
  readonly title: string;
  readonly sentAt: number;
  readonly document: string;
}

/** Entries of a page, some 30 KB a poll; the first one holds besides what is open and older. */
export const CAP_PAGE_ENTRIES = 100;
/** Warnings of one city that are open at once; the engine holds fewer. */
export const MAX_OPEN = 500;
const OPEN_STATES = ['provisional', 'open', 'acknowledged'];
const COLUMNS = [
  'cap_messages.id',
  'cap_messages.identifier',
  'cap_messages.alert',
  'cap_messages.message_type',
  'cap_messages.title',
  'cap_messages.sent_at',
  'cap_messages.document',
] as const;

/** A page, the newest first: the first one, or the one of messages before an id. A shorter one is the last. */
export async function listCap(database: Database, nowMs: number, before?: number): Promise<CapEntry[]> {
  const page = await listRecent(database, nowMs, before);
  if (before !== undefined || page.length < CAP_PAGE_ENTRIES) return page;
  const known = new Set(page.map(({ id }) => id));
  return [...page, ...(await listOpen(database)).filter(({ id }) => !known.has(id))];
}

async function listRecent(
  database: Database,
  nowMs: number,
  before: number | undefined,
): Promise<CapEntry[]> {
  let select = database
    .selectFrom('cap_messages')
    .leftJoin('alerts', 'alerts.id', 'cap_messages.alert')
    .select(COLUMNS)
    .where(({ eb, or }) =>
      or([eb('cap_messages.expires_at', '>', nowMs), eb('alerts.state', 'in', OPEN_STATES)]),
    );
  if (before !== undefined) select = select.where('cap_messages.id', '<', before);
  const rows = await select.orderBy('cap_messages.id', 'desc').limit(CAP_PAGE_ENTRIES).execute();
  return rows.map(toEntry);
}

/** The newest message of each open alert. */
async function listOpen(database: Database): Promise<CapEntry[]> {
  const rows = await database
    .selectFrom('cap_messages')
    .select(COLUMNS)
    .where('cap_messages.id', 'in', (newest) =>
      newest
        .selectFrom('cap_messages as each')
        .innerJoin('alerts', 'alerts.id', 'each.alert')
        .select(({ fn }) => fn.max('each.id').as('id'))
        .where('alerts.state', 'in', OPEN_STATES)
        .groupBy('each.alert'),
    )
    .orderBy('cap_messages.id', 'desc')
    .limit(MAX_OPEN)
    .execute();
  return rows.map(toEntry);
}

export async function findCap(database: Database, identifier: string): Promise<CapEntry | undefined> {
  const row = await database
    .selectFrom('cap_messages')
    .select(COLUMNS)
    .where('identifier', '=', identifier)
    .executeTakeFirst();
  return row && toEntry(row);
}

function toEntry(row: {
  id: number;
  identifier: string;
  alert: string;
  message_type: string;
  title: string;
  sent_at: number;
  document: string;
}): CapEntry {
  return {
    id: Number(row.id),
    identifier: row.identifier,
    alert: row.alert,
    messageType: row.message_type,
    title: row.title,
    sentAt: Number(row.sent_at),
    document: row.document,
  };
}
