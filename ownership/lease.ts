/**
 * Lease: who owns the city, as the database has it. One row, its time that of the database's clock.
 *
 * The epoch grows when the owner changes, and only then; a renewal moves `until` and nothing else. Invariants: an epoch
 * is given once, to one server; it begins after every transaction that the epoch before it had begun has ended. A
 * standby looks and takes no lock while the lease lasts, so that it never delays the owner.
 */
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';

/** How a lease is kept, ms. An owner that dies is followed within `lastsMs` + `lookEveryMs` and a start. */
export const LEASE = Object.freeze({
  /** From the database's clock at the taking or the renewal. */
  lastsMs: 5_000,
  /** Three tries before the lease is over. */
  renewEveryMs: 1_500,
  /** In doubt, or while it stands by. */
  lookEveryMs: 1_000,
  /**
   * The owner holds itself for none so much earlier, by its own clock: a second of 5 allows for clocks that run apart
   * by far more than any quartz, and for the way of an answer that was checked just before.
   */
  marginMs: 1_000,
});

/** How this server is known to the others. */
export interface Candidate {
  /** For people: the machine's name and the process. */
  readonly holder: string;
  /** The data folder, by its name; this process holds the lock in it. */
  readonly folder: string;
  /** One run of this machine's kernel. */
  readonly boot: string;
}

export interface Owner {
  readonly holder: string;
  /** Epoch ms, by the database's clock. */
  readonly since: number;
}

/** What ownership.ts and stand-by.ts need of it. */
export interface Lease {
  /** Who owns the city now; undefined where it may be taken. */
  findOwner(): Promise<Owner | undefined>;
  /** The lease looks over, and its renewal is under way: it waits inside the database, as for a synchronous standby. */
  isBeingRenewed(): Promise<boolean>;
  /** The new epoch; undefined where somebody else was faster. */
  take(): Promise<number | undefined>;
  /** False where the epoch is over. */
  renew(epoch: number): Promise<boolean>;
  /** Lets another take it at once. */
  release(epoch: number): Promise<void>;
}

const NOW_MS: RawBuilder<number> = sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`;
const UNTIL_MS: RawBuilder<number> = sql`(extract(epoch from clock_timestamp()) * 1000)::bigint + ${sql.lit(LEASE.lastsMs)}`;

export function createLease(database: Database, city: string, { holder, folder, boot }: Candidate): Lease {
  return {
    async findOwner() {
      const row = await database
        .selectFrom('owners')
        .select(['holder', 'since'])
        .where('city', '=', city)
        .where('until', '>', NOW_MS)
        // What held the same folder in the same run of this machine is gone: its lock on the folder is ours.
        .where((where) => where.or([where('folder', '!=', folder), where('boot', '!=', boot)]))
        .executeTakeFirst();
      return row && { holder: row.holder, since: Number(row.since) };
    },

    async isBeingRenewed() {
      const { rows } = await sql<{ isHeld: boolean }>`
        with known as (select 1 from owners where city = ${city}),
             free as (select 1 from owners where city = ${city} for no key update skip locked)
        select exists (select from known) and not exists (select from free) as "isHeld"`.execute(database);
      return rows[0]?.isHeld === true;
    },

    async take() {
      const row = await database
        .insertInto('owners')
        .values({ city, epoch: 1, holder, folder, boot, journal: null, since: NOW_MS, until: UNTIL_MS })
        .onConflict((conflict) =>
          conflict
            .column('city')
            .doUpdateSet((set) => ({
              epoch: sql`${set.ref('owners.epoch')} + 1`,
              holder,
              folder,
              boot,
              since: NOW_MS,
              until: UNTIL_MS,
            }))
            .where((where) =>
              where.or([
                where('owners.until', '<=', NOW_MS),
                where.and([where('owners.folder', '=', folder), where('owners.boot', '=', boot)]),
              ]),
            ),
        )
        .returning('epoch')
        .executeTakeFirst();
      return row && Number(row.epoch);
    },

    async renew(epoch) {
      const { numUpdatedRows } = await database
        .updateTable('owners')
        .set({ until: UNTIL_MS })
        .where('city', '=', city)
        .where('epoch', '=', epoch)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async release(epoch) {
      await database
        .updateTable('owners')
        .set({ until: NOW_MS })
        .where('city', '=', city)
        .where('epoch', '=', epoch)
        .execute();
    },
  };
}

/** The database is another city's: one holds the state of one. */
export class OtherCityError extends Error {
  readonly code = 'DATABASE_OF_ANOTHER_CITY';
}

/** Why `city` must not use this database: somebody owns another one in it now. */
export async function findOtherCity(database: Database, city: string): Promise<OtherCityError | undefined> {
  const other = await database
    .selectFrom('owners')
    .select(['city', 'holder'])
    .where('city', '!=', city)
    .where('until', '>', NOW_MS)
    .executeTakeFirst();
  if (!other) return undefined;
  const whose = `the database of DATABASE_URL is that of ${other.city}, which ${other.holder} owns`;
  return new OtherCityError(`${whose}: ${city} needs one of its own`);
}
