/**
 * An invitation from its secret: looked at as often as one likes, taken once.
 *
 * Called for the page that a link opens. Invariant: of two that take one link at the same moment one is refused, since
 * the row is changed by the condition that it is still open.
 */
import type { Database } from '../../database/database.ts';
import { parsePerson, type StaffRole } from './people-store.ts';
import { hashSecret } from './secrets.ts';

export interface Invitation {
  readonly personId: number;
  readonly name: string;
  readonly role: StaffRole;
  readonly invitedBy: string;
  readonly expiresAt: number;
}

/** Undefined where no link with this secret is open. */
export async function findInvitation(
  database: Database,
  secret: string,
  nowMs: number,
): Promise<Invitation | undefined> {
  const row = await database
    .selectFrom('invitations')
    .innerJoin('people', 'people.id', 'invitations.person')
    .select(['people.id', 'people.name', 'people.role', 'people.created_at'])
    .select(['invitations.created_by', 'invitations.expires_at'])
    .where('invitations.hash', '=', hashSecret(secret))
    .where('invitations.used_at', 'is', null)
    .where('invitations.withdrawn_at', 'is', null)
    .where('invitations.expires_at', '>', nowMs)
    .where('people.removed_at', 'is', null)
    .executeTakeFirst();
  if (!row) return undefined;
  const { id: personId, name, role, createdBy: invitedBy } = parsePerson(row);
  return { personId, name, role, invitedBy, expiresAt: Number(row.expires_at) };
}

/** In the transaction that begins the session. False where it was taken, withdrawn or ended meanwhile. */
export async function takeInvitation(transaction: Database, secret: string, nowMs: number): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('invitations')
    .set({ used_at: nowMs })
    .where('hash', '=', hashSecret(secret))
    .where('used_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('expires_at', '>', nowMs)
    .executeTakeFirst();
  return Number(numUpdatedRows) === 1;
}

const CACHE_MS = 10_000;

export interface OpenLinksDependencies {
  readonly database: Database;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

/** The links that are open, by hash: a right one is known at once, whatever its neighbours guess meanwhile. */
export class OpenLinks {
  readonly #dependencies: OpenLinksDependencies;
  #hashes: ReadonlySet<string> = new Set();
  #readMono = Number.NEGATIVE_INFINITY;

  constructor(dependencies: OpenLinksDependencies) {
    this.#dependencies = dependencies;
  }

  /** Called after one was made: it is known from the next call on. */
  readAgain(): void {
    this.#readMono = Number.NEGATIVE_INFINITY;
  }

  async has(secret: string): Promise<boolean> {
    const { database, now, monotonicNow } = this.#dependencies;
    if (monotonicNow() - this.#readMono >= CACHE_MS) {
      this.#readMono = monotonicNow();
      const rows = await database
        .selectFrom('invitations')
        .select('hash')
        .where('used_at', 'is', null)
        .where('withdrawn_at', 'is', null)
        .where('expires_at', '>', now())
        .execute();
      this.#hashes = new Set(rows.map(({ hash }) => hash));
    }
    return this.#hashes.has(hashSecret(secret));
  }
}
