/**
 * The broker: Aedes with a guard before it, the pipeline behind it, and a bound on everything.
 *
 * First room of the flow: device → listener → admission → connection (guard) → Aedes → publish rules →
 * pipeline.accept → PUBACK. Also the way out: alerts and commands go to subscribers through `publish`.
 * Invariants: a PUBACK or PUBREC is written after `pipeline.accept` has resolved, and only then; who is
 * refused or cut off is counted by reason.
 */
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Registry as Metrics } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { Database } from '../database/database.ts';
import type { DeviceConnection } from '../fleet/device-connection.ts';
import type { Pipeline } from '../ingest/pipeline.ts';
import { listenToAedes, openAedes } from './aedes/open-aedes.ts';
import { createBrokerMetrics } from './broker-metrics.ts';
import { ClientHooks } from './client-hooks.ts';
import type { Identity } from './clients/access.ts';
import type { Authenticator } from './clients/authenticator.ts';
import { type ConnectionSummary, ConnectionTable } from './clients/connection-table.ts';
import { type ContestedId, ContestedIds } from './clients/contested-ids.ts';
import { type DeviceLinkWatcher, watchDeviceLinks } from './clients/device-links.ts';
import { DoubledDevices } from './clients/doubled-devices.ts';
import { KeptSessions } from './clients/kept-sessions.ts';
import { Observers } from './clients/observers.ts';
import { createRates, SenderShares } from './clients/sender-shares.ts';
import { AnswerRound } from './connection/answer-queue.ts';
import { Connection } from './connection/connection.ts';
import type { Origin } from './connection/connection-options.ts';
import { createLogLimiter } from './connection/log-limiter.ts';
import { createAdmission } from './listeners/admission.ts';
import { type Listeners, openListeners } from './listeners/listeners.ts';
import { JournalPressure } from './publishing/journal-pressure.ts';
import { createPublishRules, type PublishRules } from './publishing/publish-rules.ts';

/** Of a CONNECT: id, user name, secret and a small will need some hundred bytes. */
export const MAX_CONNECT_BYTES = 4_096;
/** A PUBLISH of up to so many packets' size is skipped, 8 MiB by default; a larger one ends its connection. */
export const SKIPPED_PACKETS = 32;
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
  /** Whether a client listens on a topic on which its format is spoken to: `cmnd/<its name>/#`. */
  readonly mayListen?: (identity: Identity, filter: string) => boolean;
  /** Told of a will on another topic, which was taken away. */
  readonly onWillDropped?: (identity: string, topic: string) => void;
}

export interface Broker extends AsyncDisposable, Pick<Listeners, 'addresses' | 'carry'> {
  /** Resolves when the message is retained, queued for absent sessions and handed to subscribers' sockets. */
  publish(topic: string, payload: string | Buffer, options: { qos: 0 | 1; retain: boolean }): Promise<void>;
  connections(): readonly ConnectionSummary[];
  /** Client ids that two boxes claim, and devices that two boxes are, with both addresses. */
  contestedIds(): readonly ContestedId[];
  /** Since when this device is connected, and how its last connection ended. */
  connectionOf(device: string): DeviceConnection | undefined;
  /** Serves a client on a stream that came some other way; it is not counted by admission. */
  handle(stream: Duplex, origin: Origin): void;
}

export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const { config, log, now, authenticator } = options;
  const watch = createWatch(options);
  const { metrics, limiter, admission, contested, table } = watch;
  const pressure = new JournalPressure(options.waitingBytes, config.JOURNAL_MAX_WAITING_BYTES, () => {
    log.info('the journal has room again; publishes are read');
    for (const connection of table.all()) connection.wake();
  });
  const rules = createPublishRules({
    pipeline: options.pipeline,
    pressure,
    metrics,
    persistence: () => aedes.persistence,
    observers: watch.observers,
    onNotStored: (connection, error) => {
      const fields = { err: error, clientId: connection.clientId };
      limiter.log('warn', 'not-stored', connection.subject, fields, 'publish not stored, not acknowledged');
    },
    now,
    monotonicNow: options.monotonicNow,
  });
  const sessions = new KeptSessions((clientId) => table.isConnected(clientId));
  const hooks = createHooks(options, watch, rules, sessions);
  const { city, database } = options;
  const aedes = await openAedes({ config, city, hooks, sessions, table, metrics, database, log, now });
  // Before the connection is open, so that what it has is of a session that was kept.
  if (options.deviceLinks) watchDeviceLinks(aedes, { city, table, watcher: options.deviceLinks, now });
  listenToAedes(aedes, table, log);
  const stopWatching = authenticator?.watch(() =>
    table.endInvalid((identity) => authenticator.isValid(identity)),
  );
  const round = new AnswerRound(() => pressure.look());
  const handle = (stream: Duplex, origin: Origin) => {
    const connection = openConnection(stream, origin, { options, watch, rules, pressure, round });
    connection.guard(() => table.add(connection, aedes.handle(stream)));
  };
  const listeners = await openListeners({
    config,
    monotonicNow: options.monotonicNow,
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
    ...{ addresses: listeners.addresses, carry: listeners.carry },
    publish: (topic, payload, { qos, retain }) =>
      aedes.publishOwn({ cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain, dup: false }),
    connections: () => table.summaries(),
    contestedIds: contested,
    connectionOf: (device) => table.ofDevices.of(device),
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

/** Who is connected, who may connect, and what is counted and logged of them. */
type Watch = ReturnType<typeof createWatch>;

function createWatch({ config, city, log, metrics: registry, now, monotonicNow }: BrokerOptions) {
  const metrics = createBrokerMetrics(registry);
  const limiter = createLogLimiter(log, monotonicNow);
  const admission = createAdmission(config, monotonicNow);
  const observers = new Observers();
  const warn = ({ clientId, takeovers, origins }: ContestedId, message: string) => {
    metrics.contests.inc();
    limiter.log('warn', 'contested', clientId, { clientId, takeovers, origins }, message);
  };
  const ids = new ContestedIds({
    now: monotonicNow,
    onContested: (id) => warn(id, 'two boxes claim this client id: is its secret in both?'),
  });
  const doubled = new DoubledDevices({
    now: monotonicNow,
    onDoubled: (id) => warn(id, 'two boxes are this device, under two client ids: is its secret in both?'),
  });
  const contested = () => [...ids.list(), ...doubled.list()];
  metrics.countContested = () => contested().length;
  const table = new ConnectionTable({
    contested: ids,
    doubled,
    observers,
    shares: new SenderShares(() => createRates(config, monotonicNow)),
    city,
    metrics,
    log: limiter,
    onIdentified: (origin) => admission.identified(origin),
    now,
    monotonicNow,
  });
  return { metrics, limiter, admission, observers, contested, table };
}

function createHooks(
  options: BrokerOptions,
  { table, metrics, limiter }: Watch,
  rules: PublishRules,
  sessions: KeptSessions,
): ClientHooks {
  return new ClientHooks({
    authenticator: options.authenticator,
    city: options.city,
    authenticateTimeoutMs: options.config.MQTT_AUTHENTICATE_TIMEOUT_MS,
    maxSubscriptions: options.config.MQTT_MAX_SUBSCRIPTIONS_PER_CLIENT,
    table,
    metrics,
    log: options.log,
    takePublish: rules.take,
    sessions,
    mayListen: options.mayListen ?? (() => false),
    isStatusOfFormat: options.isStatusOfFormat ?? (() => false),
    onWillDropped: (identity, topic) => {
      const fields = { identity, topic };
      limiter.log('warn', 'will-elsewhere', identity, fields, 'a will on this topic is not kept');
      options.onWillDropped?.(identity, topic);
    },
  });
}

interface ConnectionContext {
  readonly options: BrokerOptions;
  readonly watch: Watch;
  readonly rules: PublishRules;
  readonly pressure: JournalPressure;
  readonly round: AnswerRound;
}

/** A client, with its bounds; it has some seconds for its CONNECT from now on. */
function openConnection(stream: Duplex, origin: Origin, context: ConnectionContext): Connection {
  const { rules, pressure, round } = context;
  const { config, now, monotonicNow } = context.options;
  const { metrics, limiter } = context.watch;
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
    ...createRates(config, monotonicNow),
    drainTimeoutMs: config.MQTT_DRAIN_TIMEOUT_MS,
    isJournalBusy: () => pressure.isBusy,
    takeTelemetry: rules.takeTelemetry,
    takeTooLarge: rules.takeTooLarge,
    onFault: ({ clientId, subject }, error) => {
      const fields = { err: error, clientId, ...origin };
      limiter.log('error', 'internal-error', subject, fields, 'a mistake of ours ended a connection');
    },
    onHold: metrics.countHold,
    onTooLargeForClient: () => metrics.countBound('too-large-for-client'),
    onBytes: (bytes) => {
      metrics.bytes.in += bytes;
    },
    openedAt: now(),
    openedMonotonicMs: monotonicNow(),
  });
  connection.startPhase(config.MQTT_CONNECT_TIMEOUT_MS, 'connect-timeout');
  return connection;
}
