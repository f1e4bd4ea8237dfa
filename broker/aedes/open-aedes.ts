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
import { MAX_CLIENT_ID_LENGTH } from '../clients/connect-rules.ts';
import type { ConnectionTable } from '../clients/connection-table.ts';
import type { KeptSessions } from '../clients/kept-sessions.ts';
import { MAX_ALIASES } from '../connection/publish-5.ts';
import { boundPersistence } from './bounded-persistence.ts';
import { keepSubscriptions } from './kept-subscriptions.ts';
import { SiagaAedes } from './siaga-aedes.ts';

/** Of version 5: a box that is away for longer gets a new session, and finds what is retained. 30 days, in seconds. */
export const MAX_SESSION_EXPIRY_S = 30 * 24 * 3_600;
/** The most that Aedes can match. Ours have five; deeper garbage is acknowledged and kept like all garbage. */
export const MAX_TOPIC_LEVELS = 100;
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
    maxTopicLevels: MAX_TOPIC_LEVELS,
    // MQTT 3.1 allows 23; ids of devices are longer, and our own bound holds for both versions.
    maxClientsIdLength: MAX_CLIENT_ID_LENGTH,
    // The guard passes nothing after the CONNECT before CONNACK, so that Aedes has nothing to queue.
    queueLimit: 1,
    // What CONNACK of version 5 tells. We hold to all of it ourselves: Aedes sees no alias and counts nothing.
    receiveMaximum: config.MQTT_MAX_INFLIGHT_PER_CLIENT,
    maximumPacketSize: config.MQTT_MAX_PACKET_BYTES,
    topicAliasMaximum: MAX_ALIASES,
    sessionExpiryIntervalLimit: MAX_SESSION_EXPIRY_S,
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
    onDropped: (id) => aedes.forgetTimers(id),
    onError: (error) => log.error({ err: error }, 'a session could not be forgotten'),
  });
  endSessions(aedes, sessions, table);
  if (database) {
    const { city, now } = context;
    const ids = await keepSubscriptions(persistence, { database, city, table, countBound, log, now });
    for (const id of ids.toReversed()) sessions.resume(id);
  }
  return aedes;
}

/**
 * [MQTT-3.1.2-6] QoS 2 messages that await their PUBREL are of a session, and go with it; so does what we know of one
 * that version 5 ends. 2.0.0-beta.1 leaves the former behind.
 */
function endSessions(aedes: SiagaAedes, sessions: KeptSessions, table: ConnectionTable): void {
  const { persistence } = aedes;
  const fail = (error: Error) => aedes.emit('error', error);
  aedes.on('client', (client) => {
    if (table.find(client)?.beginsSession) persistence.cleanIncoming(client).catch(fail);
  });
  aedes.on('clientDisconnect', (client) => {
    const connection = table.find(client);
    // The one that took it over has the session now.
    if (!client.clean || !connection || table.isTakenOver(connection)) return;
    sessions.forget(client.id);
    persistence.cleanIncoming(client).catch(fail);
  });
  aedes.on('sessionExpired', (client) => {
    sessions.forget(client.id);
    persistence.cleanIncoming(client).catch(fail);
  });
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
