/**
 * The audit of accounts: who did what with people, links, sessions and tokens.
 *
 * Written by the stores in the transaction of what it tells. Invariants: lines are never changed; none holds a secret.
 */
import type { Database } from '../../database/database.ts';

export const ACCOUNT_ACTS = [
  'invited',
  'link-made',
  'link-withdrawn',
  'changed',
  'removed',
  'signed-in',
  'signed-out',
  'session-ended',
  'token-made',
  'token-revoked',
] as const;
export type AccountAct = (typeof ACCOUNT_ACTS)[number];

export interface Act {
  readonly at: number;
  /** As the other audits name them; of somebody who has just signed in, their own name. */
  readonly actor: string;
  readonly act: AccountAct;
  /** Whose account it is. */
  readonly subject: string;
  readonly detail: string;
}

export async function writeAct(database: Database, act: Act): Promise<void> {
  await database.insertInto('account_acts').values(act).execute();
}

export interface ActQuery {
  readonly subject?: string | undefined;
  /** Lines with a smaller number: the next page, since the newest come first. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export async function listActs(
  database: Database,
  { subject, before, limit }: ActQuery,
): Promise<(Act & { readonly id: number })[]> {
  let select = database.selectFrom('account_acts').selectAll().orderBy('id', 'desc').limit(limit);
  if (subject !== undefined) select = select.where('subject', '=', subject);
  if (before !== undefined) select = select.where('id', '<', before);
  const rows = await select.execute();
  return rows.map((row) => ({
    ...row,
    id: Number(row.id),
    at: Number(row.at),
    act: row.act as AccountAct,
  }));
}
