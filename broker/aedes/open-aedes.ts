/**
 * Opens Aedes as this house uses it: with our hooks, with bounds on what it keeps, and with nothing of its own left
 * to decide.
 *
 * Between the connections and the subscribers. Invariant: where Aedes has a timer or a bound of its own, ours comes
 * first and knows why.
 */
import type { Client } from 'aedes';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.ts';
import type { Database } from '../../database/database.ts';
import type { BrokerMetrics } from '../broker-metrics.ts';
import type { ClientHooks } from '../client-hooks.ts';
import { MAX_CLIENT_ID_LENGTH } from '../connect-rules.ts';
import type { ConnectionTable } from '../connection-table.ts';
import type { KeptSessions } from '../kept-sessions.ts';
import { boundPersistence } from './bounded-persistence.ts';
import { keepSubscriptions } from './kept-subscriptions.ts';
import { SiagaAedes } from './siaga-aedes.ts';

/** [MQTT 3.1.1] QoS 2 messages of one client between PUBLISH and PUBREL; of each its topic and a digest are kept. */
const MAX_QOS2_PER_CLIENT = 1_000;
/** The most that Aedes can match. Ours have five; deeper garbage is acknowledged and kept like all garbage. */
const MAX_TOPIC_LEVELS = 100;
/** Aedes' own timers, for a CONNECT and for a client that does not read, come after ours, which know why. */
const AEDES_TIMER_MARGIN_MS = 5_000;

export interface AedesContext {
  readonly config: Config;
  readonly city: string;
  readonly hooks: ClientHooks;
  readonly sessions: KeptSessions;
  readonly table: ConnectionTable;
  readonly metrics: BrokerMetrics;
  readonly database: Database | undefined;
  readonly log: Logger;
  readonly now: () => number;
}

export async function openAedes(context: AedesContext): Promise<SiagaAedes> {
  const { config, hooks, sessions, table, database, log } = context;
  const { countBound } = context.metrics;
  const aedes = await SiagaAedes.open({
    connectTimeout: config.MQTT_CONNECT_TIMEOUT_MS + AEDES_TIMER_MARGIN_MS,
    drainTimeout: config.MQTT_DRAIN_TIMEOUT_MS + AEDES_TIMER_MARGIN_MS,
    maxInflightInbound: MAX_QOS2_PER_CLIENT,
    maxTopicLevels: MAX_TOPIC_LEVELS,
    // MQTT 3.1 allows 23; ids of devices are longer, and our own bound holds for both versions.
    maxClientsIdLength: MAX_CLIENT_ID_LENGTH,
    // The guard passes nothing after the CONNECT before CONNACK, so that Aedes has nothing to queue.
    queueLimit: 1,
    preConnect: hooks.preConnect,
    authenticate: hooks.authenticate,
    authorizePublish: hooks.authorizePublish,
    authorizeSubscribe: hooks.authorizeSubscribe,
    authorizeForward: hooks.authorizeForward,
    // No bound on messages being handed out at once: with one, a few subscribers that do not read stop them
    // all. What each may leave unread is bounded instead.
    concurrency: 0,
  });
  const { persistence } = aedes;
  boundPersistence(persistence, {
    maxRetained: config.MQTT_MAX_RETAINED_MESSAGES,
    maxOfflinePerClient: config.MQTT_MAX_OFFLINE_MESSAGES_PER_CLIENT,
    countBound,
    sessions,
  });
  if (database) {
    const { city, now } = context;
    await keepSubscriptions(persistence, { database, city, table, countBound, log, now });
  }
  return aedes;
}

/** Tells the table what Aedes says of its clients, and the log what it says of itself. */
export function listenToAedes(aedes: SiagaAedes, table: ConnectionTable, log: Logger): void {
  const noteError = (client: Client, error: Error) => table.find(client)?.noteError(error);
  aedes.on('clientReady', (client) => {
    const connection = table.find(client);
    connection?.guard(() => table.opened(connection));
  });
  aedes.on('clientError', noteError);
  aedes.on('connectionError', noteError);
  aedes.on('unsubscribe', (filters, client) => {
    const connection = table.find(client);
    // A connection that closes unsubscribes from all; its set is dropped with it.
    if (!client.closed) connection?.guard(() => table.unsubscribed(connection, filters));
  });
  aedes.onError((error) => log.error({ err: error }, 'broker error'));
}
