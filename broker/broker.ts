/**
 * The broker: Aedes with a guard before it, the pipeline behind it, and a bound on everything.
 *
 * First room of the flow: device → listener → admission → connection (guard) → Aedes → publish rules →
 * pipeline.accept → PUBACK. Also the way out: alerts and commands go to subscribers through `publish`.
 * Invariants: a PUBACK or PUBREC is written after `pipeline.accept` has resolved, and only then; who is
 * refused or cut off is counted by reason.
 */
import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Client, PublishPacket } from 'aedes';
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import { TokenBucket } from '../clock/token-bucket.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import type { Pipeline } from '../ingest/pipeline.ts';
import { createAdmission } from './admission.ts';
import type { Authenticator } from './authenticator.ts';
import { boundPersistence } from './bounded-persistence.ts';
import { createBrokerMetrics } from './broker-metrics.ts';
import { ClientHooks } from './client-hooks.ts';
import { MAX_CLIENT_ID_LENGTH } from './connect-rules.ts';
import { AnswerRound } from './connection/answer-queue.ts';
import { Connection } from './connection/connection.ts';
import type { Origin } from './connection/connection-options.ts';
import type { EndReason } from './connection/end-reason.ts';
import { createLogLimiter } from './connection/log-limiter.ts';
import { type ConnectionSummary, ConnectionTable } from './connection-table.ts';
import { type ContestedId, ContestedIds } from './contested-ids.ts';
import { type DeviceLinkWatcher, watchDeviceLinks } from './device-links.ts';
import { JournalPressure } from './journal-pressure.ts';
import { KeptSessions } from './kept-sessions.ts';
import { keepSubscriptions } from './kept-subscriptions.ts';
import { type ListeningAddress, openListeners } from './listeners.ts';
import { createPublishRules } from './publish-rules.ts';
import { SiagaAedes } from './siaga-aedes.ts';

/** Of a CONNECT: id, user name, secret and a small will need some hundred bytes. */
const MAX_CONNECT_BYTES = 4_096;
/** A PUBLISH of up to so many packets' size is skipped, 8 MiB by default; a larger one ends its connection. */
const SKIPPED_PACKETS = 32;
/** [MQTT 3.1.1] QoS 2 messages of one client between PUBLISH and PUBREL; of each its topic and a digest are kept. */
const MAX_QOS2_PER_CLIENT = 1_000;
/** The most that Aedes can match. Ours have five; deeper garbage is acknowledged and kept like all garbage. */
const MAX_TOPIC_LEVELS = 100;
/** A device that empties its offline buffer may do so at once. */
const PUBLISHES_AVERAGED_OVER_S = 10;
/** What is done at once keeps the others waiting: 2,000 PINGREQs are some 20 ms. */
const WORK_AVERAGED_OVER_S = 2;
/** Aedes' own timer for a CONNECT comes after ours, which knows why. */
const AEDES_TIMER_MARGIN_MS = 5_000;

export interface BrokerOptions {
  readonly config: Config;
  /** The city's id, as in topics. */
  readonly city: string;
  readonly pipeline: Pipeline;
  /** Payload bytes that await the disk: `() => journal.waitingBytes`. */
  readonly waitingBytes: () => number;
  /** Undefined where MQTT_AUTH is false. */
  readonly authenticator: Authenticator | undefined;
  /** Where subscriptions of devices outlast a restart; without it they do not. */
  readonly database?: Database;
  /** Whoever sends commands and must know whether they arrive. */
  readonly deviceLinks?: DeviceLinkWatcher;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** ms, never set: what rates and durations go by. */
  readonly monotonicNow: () => number;
  /** Whether some format tells on this topic that a device is gone: a will may be left there. */
  readonly isStatusOfFormat?: (topic: string) => boolean;
  /** Told of a will on another topic, which was taken away. */
  readonly onWillDropped?: (identity: string, topic: string) => void;
}

export interface Broker extends AsyncDisposable {
  readonly addresses: readonly ListeningAddress[];
  /** Resolves when the message is retained, queued for absent sessions and handed to subscribers' sockets. */
  publish(topic: string, payload: string | Buffer, options: { qos: 0 | 1; retain: boolean }): Promise<void>;
  connections(): readonly ConnectionSummary[];
  /** Client ids that two boxes claim, with both addresses. */
  contestedIds(): readonly ContestedId[];
  /** Ends the connections of a device or observer; returns how many there were. */
  disconnect(identity: string, reason: EndReason): number;
  /** Serves a client on a stream that came some other way; it is not counted by admission. */
  handle(stream: Duplex, origin: Origin): void;
}

export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const { config, log, now, monotonicNow } = options;
  const metrics = createBrokerMetrics(options.metrics);
  const limiter = createLogLimiter(log, monotonicNow);
  const admission = createAdmission(config, monotonicNow);
  const contested = new ContestedIds({
    now: monotonicNow,
    onContested: ({ clientId, takeovers, origins }) => {
      metrics.contests.inc();
      log.warn({ clientId, takeovers, origins }, 'two boxes claim this client id: is its secret in both?');
    },
  });
  metrics.countContested = () => contested.list().length;
  const table = new ConnectionTable({
    contested,
    city: options.city,
    metrics,
    log: limiter,
    onIdentified: (origin) => admission.identified(origin),
    monotonicNow,
  });
  const pressure = new JournalPressure(options.waitingBytes, config.JOURNAL_MAX_WAITING_BYTES, () => {
    log.info('the journal has room again; publishes are read');
    for (const connection of table.all()) connection.wake();
  });
  const round = new AnswerRound(() => pressure.look());
  const rules = createPublishRules({
    pipeline: options.pipeline,
    pressure,
    metrics,
    persistence: () => aedes.persistence,
    isObserved: () => table.observers > 0,
    onNotStored: (connection, error) => {
      const fields = { err: error, clientId: connection.clientId };
      limiter.log('warn', 'not-stored', connection.subject, fields, 'publish not stored, not acknowledged');
    },
    now,
  });
  const sessions = new KeptSessions();
  const hooks = new ClientHooks({
    authenticator: options.authenticator,
    city: options.city,
    authenticateTimeoutMs: config.MQTT_AUTHENTICATE_TIMEOUT_MS,
    maxSubscriptions: config.MQTT_MAX_SUBSCRIPTIONS_PER_CLIENT,
    table,
    metrics,
    log,
    takePublish: rules.take,
    sessions,
    isStatusOfFormat: options.isStatusOfFormat ?? (() => false),
    onWillDropped: (identity, topic) => {
      limiter.log(
        'warn',
        'will-elsewhere',
        identity,
        { identity, topic },
        'a will on this topic is not kept',
      );
      options.onWillDropped?.(identity, topic);
    },
  });
  const aedes = await SiagaAedes.open({
    connectTimeout: config.MQTT_CONNECT_TIMEOUT_MS + AEDES_TIMER_MARGIN_MS,
    drainTimeout: config.MQTT_DRAIN_TIMEOUT_MS,
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
  boundPersistence(aedes.persistence, {
    maxRetained: config.MQTT_MAX_RETAINED_MESSAGES,
    maxOfflinePerClient: config.MQTT_MAX_OFFLINE_MESSAGES_PER_CLIENT,
    countBound: metrics.countBound,
    sessions,
  });
  if (options.database) {
    const { city, database } = options;
    await keepSubscriptions(aedes.persistence, {
      database,
      city,
      table,
      countBound: metrics.countBound,
      log,
      now,
    });
  }
  // Before the connection is open, so that what it has is of a session that was kept.
  if (options.deviceLinks) {
    watchDeviceLinks(aedes, { city: options.city, table, watcher: options.deviceLinks, now });
  }
  listenToAedes(aedes, table, log);
  const { authenticator } = options;
  const stopWatching = authenticator?.watch(() =>
    table.endInvalid((identity) => authenticator.isValid(identity)),
  );

  const handle = (stream: Duplex, origin: Origin) => {
    const connection = new Connection({
      stream,
      origin,
      limits: {
        maxPacketBytes: config.MQTT_MAX_PACKET_BYTES,
        maxConnectBytes: MAX_CONNECT_BYTES,
        maxSkippedBytes: SKIPPED_PACKETS * config.MQTT_MAX_PACKET_BYTES,
      },
      maxInFlight: config.MQTT_MAX_INFLIGHT_PER_CLIENT,
      round,
      publishRate: new TokenBucket(
        config.MQTT_MAX_PUBLISHES_PER_CLIENT_PER_S,
        PUBLISHES_AVERAGED_OVER_S,
        monotonicNow,
      ),
      workRate: new TokenBucket(config.MQTT_MAX_WORK_PER_CLIENT_PER_S, WORK_AVERAGED_OVER_S, monotonicNow),
      drainTimeoutMs: config.MQTT_DRAIN_TIMEOUT_MS,
      isJournalBusy: () => pressure.isBusy,
      isTelemetryDirect: rules.isTelemetryDirect,
      takeTelemetry: rules.takeTelemetry,
      onFault: ({ clientId, origin, subject }, error) => {
        const fields = { err: error, clientId, ...origin };
        limiter.log('error', 'internal-error', subject, fields, 'a mistake of ours ended a connection');
      },
      takeTooLarge: rules.takeTooLarge,
      onHold: metrics.countHold,
      onBytes: (bytes) => {
        metrics.bytes.in += bytes;
      },
      openedAt: now(),
      openedMonotonicMs: monotonicNow(),
    });
    connection.startPhase(config.MQTT_CONNECT_TIMEOUT_MS, 'connect-timeout');
    connection.guard(() => table.add(connection, aedes.handle(stream)));
  };
  const listeners = await openListeners({
    config,
    admission,
    onStream: handle,
    onRefused: (bound, { address, listener }) => {
      metrics.countBound(bound);
      limiter.log('warn', bound, address, { address, listener, bound }, 'connection refused');
    },
    onHandshakeEnded: (reason, origin, detail) => table.handshakeEnded(reason, origin, detail),
    onError: (error, listener) =>
      limiter.log('warn', 'listener', listener, { err: error, listener }, 'cannot accept'),
  });
  log.info({ addresses: listeners.addresses }, 'MQTT listens');

  return {
    addresses: listeners.addresses,
    publish: (topic, payload, { qos, retain }) => publish(aedes, topic, Buffer.from(payload), qos, retain),
    connections: () => table.summaries(),
    contestedIds: () => contested.list(),
    disconnect: (identity, reason) => table.end(identity, reason),
    handle,
    async [Symbol.asyncDispose]() {
      stopWatching?.();
      hooks.close();
      table.endAll('server-closing');
      await listeners[Symbol.asyncDispose]();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    },
  };
}

function publish(
  aedes: SiagaAedes,
  topic: string,
  payload: Buffer,
  qos: 0 | 1,
  retain: boolean,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const packet: PublishPacket = { cmd: 'publish', topic, payload, qos, retain, dup: false };
  aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
  return promise;
}

function listenToAedes(aedes: SiagaAedes, table: ConnectionTable, log: Logger): void {
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
  (aedes as EventEmitter).on('error', (error: Error) => log.error({ err: error }, 'broker error'));
}
