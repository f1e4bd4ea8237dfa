/**
 * Kept subscriptions: what a device subscribed to in a session that it wants kept [MQTT-3.1.2-4], over restarts of
 * ours.
 *
 * Laid around Aedes' in-memory persistence, which has the subscriptions of one run. Invariants: a SUBACK comes when
 * the subscription is on disk; only what the device may subscribe to is kept; a clean session takes all of it back
 * [MQTT-3.1.2-6]. A database that fails costs the memory of a subscription, not the subscription: it is counted,
 * and the device subscribes again with its next session.
 */
import type { Transaction } from 'kysely';
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import type { Tables } from '../../database/tables.ts';
import type { BrokerMetrics } from '../broker-metrics.ts';
import { maySubscribe } from '../clients/access.ts';
import type { ConnectionTable } from '../clients/connection-table.ts';
import { clientOf, type Persistence } from './persistence.ts';

export interface KeptSubscriptionsOptions {
  readonly database: Database;
  readonly city: string;
  readonly table: ConnectionTable;
  readonly countBound: BrokerMetrics['countBound'];
  readonly log: Logger;
  readonly now: () => number;
}

/** Two subscriptions of each of 25,000 devices. Beyond it a subscription lasts until the next restart. */
export const MAX_KEPT = 50_000;

type Kept = Map<string, Map<string, number>>;

/**
 * Reads the sessions back into `persistence`; from then on what they subscribe to is kept. Returns their client ids,
 * the newest first.
 */
export async function keepSubscriptions(
  persistence: Persistence,
  options: KeptSubscriptionsOptions,
): Promise<readonly string[]> {
  const kept = await loadSubscriptions(persistence, options.database);
  let count = [...kept.values()].reduce((sum, { size }) => sum + size, 0);
  const { city, table, now, countBound } = options;
  const write = createGroupWriter(options.database, (error) => {
    countBound('kept-subscriptions');
    options.log.error({ err: error }, 'subscriptions could not be kept; they last until the next restart');
  });

  const add = persistence.addSubscriptions.bind(persistence);
  persistence.addSubscriptions = async (session, subscriptions) => {
    const identity = table.find(clientOf(session))?.identity;
    const allowed = subscriptions.filter(({ topic }) => identity && maySubscribe(identity, city, topic));
    await add(session, allowed);
    const known = kept.get(session.id) ?? new Map<string, number>();
    for (const { topic: filter, qos } of allowed) {
      if (known.get(filter) === qos) continue;
      if (!known.has(filter) && count >= MAX_KEPT) {
        countBound('kept-subscriptions');
        continue;
      }
      if (!known.has(filter)) count++;
      kept.set(session.id, known.set(filter, qos));
      const row = { client: session.id, filter, qos, kept_at: now() };
      await write((transaction) =>
        transaction
          .insertInto('device_subscriptions')
          .values(row)
          .onConflict((conflict) => conflict.columns(['client', 'filter']).doUpdateSet({ qos }))
          .execute(),
      );
    }
  };

  const forget = async (client: string, filters: readonly string[]) => {
    const known = kept.get(client);
    const gone = filters.filter((filter) => known?.delete(filter));
    if (known?.size === 0) kept.delete(client);
    if (gone.length === 0) return;
    count -= gone.length;
    await write((transaction) =>
      transaction
        .deleteFrom('device_subscriptions')
        .where('client', '=', client)
        .where('filter', 'in', gone)
        .execute(),
    );
  };
  const remove = persistence.removeSubscriptions.bind(persistence);
  persistence.removeSubscriptions = async (session, filters) => {
    await remove(session, filters);
    await forget(session.id, filters);
  };
  const clean = persistence.cleanSubscriptions.bind(persistence);
  persistence.cleanSubscriptions = async (session) => {
    await clean(session);
    await forget(session.id, [...(kept.get(session.id)?.keys() ?? [])]);
  };
  return [...kept.keys()];
}

async function loadSubscriptions(persistence: Persistence, database: Database): Promise<Kept> {
  const rows = await database
    .selectFrom('device_subscriptions')
    .selectAll()
    .orderBy('kept_at', 'desc')
    .limit(MAX_KEPT)
    .execute();
  const kept: Kept = new Map();
  for (const [id, own] of Map.groupBy(rows, ({ client }) => client)) {
    await persistence.addSubscriptions(
      { id },
      own.map(({ filter: topic, qos }) => ({ topic, qos: qos as 0 | 1 | 2 })),
    );
    kept.set(id, new Map(own.map(({ filter, qos }) => [filter, qos])));
  }
  return kept;
}

type Write = (transaction: Transaction<Tables>) => Promise<unknown>;

/**
 * Small writes of many connections, as one transaction for all that came while the last one ran: a city that comes
 * back subscribes five thousand times. A write has resolved when it is on disk or its failure was told.
 */
function createGroupWriter(
  database: Database,
  onError: (error: Error) => void,
): (write: Write) => Promise<void> {
  let waiting: Write[] = [];
  let running: Promise<void> = Promise.resolve();
  /** The transaction that will take what waits. */
  let next: Promise<void> | undefined;

  function commit(): Promise<void> {
    const writes = waiting;
    waiting = [];
    next = undefined;
    running = database
      .transaction()
      .execute(async (transaction) => {
        for (const write of writes) await write(transaction);
      })
      .catch(onError);
    return running;
  }

  return (write) => {
    waiting.push(write);
    next ??= running.then(commit);
    return next;
  };
}
