/**
 * Who wants to be pushed what: one row for a browser and a gauge, with the least level.
 *
 * Written by the API, read by the push channel. Invariants: at most MAX_SUBSCRIPTIONS rows and MAX_OF_A_BROWSER of one
 * endpoint; what is ended is deleted, and nothing of it stays.
 */
import type { Database } from '../../../database/database.ts';
import type { Rank } from '../../alert.ts';

/** Some 600 bytes each; one storm then means at most so many calls. Beyond it nobody new is taken. */
export const MAX_SUBSCRIPTIONS = 5_000;
export const MAX_OF_A_BROWSER = 20;
/** Gauges asked for in one statement. */
const GAUGES_AT_ONCE = 200;

export interface PushSubscription {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
  readonly gauge: string;
  readonly leastRank: Rank;
  readonly language: string;
}

export type Followed = Pick<PushSubscription, 'gauge' | 'leastRank'> & { readonly isPaused: boolean };

export class PushBook {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Adds one or changes it, and wakes the browser's paused ones. `full` and `many`: nothing was done. */
  async follow({
    endpoint,
    keys,
    gauge,
    leastRank,
    language,
  }: PushSubscription): Promise<'done' | 'full' | 'many'> {
    return this.#database.transaction().execute(async (transaction) => {
      const others = transaction
        .selectFrom('push_subscriptions')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where(({ eb, or }) => or([eb('endpoint', '!=', endpoint), eb('gauge', '!=', gauge)]));
      const { count: all } = await others.executeTakeFirstOrThrow();
      if (Number(all) >= MAX_SUBSCRIPTIONS) return 'full';
      const { count: own } = await others.where('endpoint', '=', endpoint).executeTakeFirstOrThrow();
      if (Number(own) >= MAX_OF_A_BROWSER) return 'many';
      const said = { ...keys, language, paused: 0 };
      await transaction
        .insertInto('push_subscriptions')
        .values({ endpoint, gauge, least_rank: leastRank, ...said })
        .onConflict((conflict) =>
          conflict.columns(['endpoint', 'gauge']).doUpdateSet({ least_rank: leastRank, ...said }),
        )
        .execute();
      await transaction
        .updateTable('push_subscriptions')
        .set(said)
        .where('endpoint', '=', endpoint)
        .execute();
      return 'done';
    });
  }

  async listOf(endpoint: string): Promise<Followed[]> {
    const rows = await this.#database
      .selectFrom('push_subscriptions')
      .select(['gauge', 'least_rank', 'paused'])
      .where('endpoint', '=', endpoint)
      .orderBy('gauge')
      .execute();
    return rows.map(({ gauge, least_rank, paused }) => ({
      ...{ gauge, leastRank: least_rank as Rank, isPaused: paused === 1 },
    }));
  }

  async pause(endpoint: string, isPaused: boolean): Promise<void> {
    await this.#database
      .updateTable('push_subscriptions')
      .set({ paused: isPaused ? 1 : 0 })
      .where('endpoint', '=', endpoint)
      .execute();
  }

  /** One gauge, or all of the browser. */
  async end(endpoint: string, gauge?: string): Promise<void> {
    let ending = this.#database.deleteFrom('push_subscriptions').where('endpoint', '=', endpoint);
    if (gauge !== undefined) ending = ending.where('gauge', '=', gauge);
    await ending.execute();
  }

  /** Those that are not paused and follow one of the gauges. */
  async followersOf(gauges: readonly string[]): Promise<PushSubscription[]> {
    const found: PushSubscription[] = [];
    for (let from = 0; from < gauges.length; from += GAUGES_AT_ONCE) {
      const rows = await this.#database
        .selectFrom('push_subscriptions')
        .selectAll()
        .where('gauge', 'in', gauges.slice(from, from + GAUGES_AT_ONCE))
        .where('paused', '=', 0)
        .execute();
      for (const { endpoint, p256dh, auth, gauge, least_rank, language } of rows)
        found.push({ endpoint, keys: { p256dh, auth }, gauge, leastRank: least_rank as Rank, language });
    }
    return found;
  }
}
