/**
 * The audit of reads: who read which incidents, callers and tracks, and when.
 *
 * A handler says what its answer holds (`request.read`), the hook here writes the line before the answer leaves.
 * Invariants: what a page asks again and again is one line a minute; an answer is given also where the line cannot be
 * written, since people wait for an ambulance, and then it is counted and said.
 */
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Counter, type Registry as Metrics } from 'prom-client';
import type { Database } from '../../database/database.ts';
import type { User } from './access.ts';

export const READ_KINDS = ['incidents', 'caller', 'track'] as const;
export type ReadKind = (typeof READ_KINDS)[number];

export interface Read {
  readonly what: ReadKind;
  /** Numbers of incidents with commas; a device and its range. */
  readonly which: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** What this answer tells of people; absent where it tells nothing. */
    read: Read | undefined;
  }
}

export interface ReadAuditDependencies {
  readonly database: Database;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
}

const REPEATED_WITHIN_MS = 60_000;
/** People who read at the same time, times what they look at. */
export const MAX_REMEMBERED = 5_000;

/** After access. */
export function registerReadAudit(
  app: FastifyInstance,
  { database, metrics, log, now }: ReadAuditDependencies,
): void {
  const unwritten = new Counter({
    name: 'siaga_http_reads_unaudited_total',
    help: 'Answers about people whose line in the audit of reads could not be written.',
    registers: [metrics],
  });
  /** When a line was written last; the oldest first. */
  const written = new Map<string, number>();

  async function note({ name, role }: User, { what, which }: Read): Promise<void> {
    const key = JSON.stringify([name, what, which]);
    const lastMs = written.get(key);
    // The clock may have been set back meanwhile.
    if (lastMs !== undefined && Math.abs(now() - lastMs) < REPEATED_WITHIN_MS) return;
    await database.insertInto('reads').values({ at: now(), actor: name, role, what, which }).execute();
    written.delete(key);
    if (written.size >= MAX_REMEMBERED) written.delete(written.keys().next().value as string);
    written.set(key, now());
  }

  app.decorateRequest('read', undefined);
  app.addHook('onSend', async ({ user, read }, reply) => {
    if (!read || reply.statusCode >= 300) return;
    await note(user, read).catch((error: unknown) => {
      unwritten.inc();
      log.error({ err: error, user: user.name, ...read }, 'a read of personal data is not in the audit');
    });
  });
}

export interface ReadQuery {
  readonly actor?: string | undefined;
  readonly what?: ReadKind | undefined;
  /** Lines with a smaller number: the next page, since the newest come first. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export async function listReads(database: Database, { actor, what, before, limit }: ReadQuery) {
  let select = database.selectFrom('reads').selectAll().orderBy('id', 'desc').limit(limit);
  if (actor !== undefined) select = select.where('actor', '=', actor);
  if (what !== undefined) select = select.where('what', '=', what);
  if (before !== undefined) select = select.where('id', '<', before);
  const rows = await select.execute();
  return rows.map(({ id, at, actor, role, what, which }) => ({
    id: Number(id),
    at: Number(at),
    actor,
    role,
    what: what as ReadKind,
    which,
  }));
}
