/**
 * The table of live connections: who is connected, from where, and why each one ended.
 *
 * The broker's memory of connections, by Aedes' client and by client id. Invariants: a connection is in it
 * from its first byte to its `close`; an end is counted once, with one reason; a city-wide outage is some log
 * lines with a count.
 */
import type { Client } from 'aedes';
import type { BrokerMetrics } from '../broker-metrics.ts';
import type { Connection } from '../connection/connection.ts';
import type { ListenerName, Origin } from '../connection/connection-options.ts';
import { type EndReason, MISBEHAVIOURS } from '../connection/end-reason.ts';
import type { LogLimiter } from '../connection/log-limiter.ts';
import { FILTER_PRICE } from '../connection/packet-prices.ts';
import { type Identity, listensToDevices } from './access.ts';
import type { ContestedIds } from './contested-ids.ts';
import { DeviceConnections } from './device-connections.ts';
import type { DoubledDevices } from './doubled-devices.ts';
import type { Observers } from './observers.ts';
import type { SenderShares } from './sender-shares.ts';

export interface ConnectionSummary {
  readonly clientId: string;
  /** Device id or observer's name; absent where no credential is asked for. */
  readonly identity?: string;
  readonly credential?: number;
  readonly listener: ListenerName;
  readonly address: string;
  /** Epoch ms. */
  readonly connectedAt: number;
  readonly publishes: number;
  readonly inFlight: number;
}

export interface ConnectionTableOptions {
  readonly city: string;
  readonly metrics: BrokerMetrics;
  readonly log: LogLimiter;
  readonly contested: ContestedIds;
  readonly doubled: DoubledDevices;
  readonly observers: Observers;
  readonly shares: SenderShares;
  /** Told where one comes from whose credential has been verified. */
  readonly onIdentified: (origin: Origin) => void;
  readonly now: () => number;
  readonly monotonicNow: () => number;
}

export class ConnectionTable {
  /** By device: for whoever asks for its present. */
  readonly ofDevices = new DeviceConnections();
  readonly #city: string;
  readonly #connections = new Map<Connection, Client>();
  readonly #byClient = new WeakMap<Client, Connection>();
  readonly #byClientId = new Map<string, Connection>();
  readonly #metrics: BrokerMetrics;
  readonly #log: LogLimiter;
  readonly #onIdentified: (origin: Origin) => void;
  readonly #now: () => number;
  readonly #monotonicNow: () => number;
  readonly #observers: Observers;
  readonly #shares: SenderShares;
  readonly #contested: ContestedIds;
  readonly #doubled: DoubledDevices;

  constructor(options: ConnectionTableOptions) {
    const { city, metrics, log, contested, doubled, observers, onIdentified, monotonicNow } = options;
    this.#contested = contested;
    this.#doubled = doubled;
    this.#observers = observers;
    this.#shares = options.shares;
    this.#city = city;
    this.#metrics = metrics;
    this.#log = log;
    this.#onIdentified = onIdentified;
    this.#now = options.now;
    this.#monotonicNow = monotonicNow;
    metrics.bytesOutOfOpen = () => {
      let bytes = 0;
      for (const connection of this.#connections.keys()) bytes += connection.bytesWritten;
      return bytes;
    };
  }

  all(): Iterable<Connection> {
    return this.#connections.keys();
  }

  find(client: Client): Connection | undefined {
    return this.#byClient.get(client);
  }

  add(connection: Connection, client: Client): void {
    this.#connections.set(connection, client);
    this.#byClient.set(client, connection);
    connection.attach(client);
    connection.stream.once('close', () => connection.guard(() => this.#ended(connection)));
  }

  /** Its credential has been verified. Whoever was connected under this client id ends [MQTT-3.1.4-2]. */
  identified(connection: Connection, clientId: string, identity: Identity): void {
    const former = this.#byClientId.get(clientId);
    if (former && former.endReason === undefined) {
      former.endReason = 'taken-over';
      this.#contested.takenOver(clientId, former.origin, connection.origin);
    }
    connection.clientId = clientId;
    connection.identity = identity;
    this.#byClientId.set(clientId, connection);
    this.#doubled.add(connection);
    this.#shares.join(connection);
    this.#onIdentified(connection.origin);
  }

  /** Another connection has its client id now. */
  isTakenOver(connection: Connection): boolean {
    const current = this.#byClientId.get(connection.clientId ?? '');
    return current !== undefined && current !== connection;
  }

  isConnected(clientId: string): boolean {
    return this.#byClientId.has(clientId);
  }

  /** How long it has to wait until it may take this client id from a connection that is open, ms. */
  waitMs(clientId: string): number {
    return this.isConnected(clientId) ? this.#contested.waitMs(clientId) : 0;
  }

  /** Its CONNACK has been sent. */
  opened(connection: Connection): void {
    if (connection.stream.destroyed) return;
    connection.open();
    this.ofDevices.opened(connection);
    this.#metrics.countOpen(connection.origin.listener, 1);
    const { clientId, origin } = connection;
    this.#log.log('info', 'connected', connection.subject, { clientId, ...origin }, 'connected');
  }

  subscribed(connection: Connection, filter: string, qos: number, identifier?: number): void {
    connection.subscriptions.add(filter);
    if (listensToDevices(this.#city, filter)) this.#observers.add(connection, filter, qos, identifier);
  }

  unsubscribed(connection: Connection, filters: readonly string[]): void {
    connection.pace.charge(filters.length * FILTER_PRICE);
    for (const filter of filters) connection.subscriptions.delete(filter);
    this.#observers.remove(connection, filters);
  }

  /** One that never became a connection. */
  handshakeEnded(reason: EndReason, origin: Origin, detail: string | undefined): void {
    this.#metrics.countEnd(reason);
    const level = MISBEHAVIOURS.has(reason) ? 'warn' : 'info';
    this.#log.log(level, reason, origin.address, { ...origin, reason, detail }, 'handshake ended');
  }

  /** Ends the connections of those whose credential is valid no more. */
  endInvalid(isValid: (identity: Identity) => boolean): void {
    for (const connection of this.#connections.keys()) {
      if (connection.identity && !isValid(connection.identity)) connection.end('revoked');
    }
  }

  endAll(reason: EndReason): void {
    for (const connection of this.#connections.keys()) connection.end(reason);
  }

  summaries(): ConnectionSummary[] {
    return [...this.#connections.keys()]
      .filter((connection) => connection.isOpen)
      .map(({ clientId = '', identity, origin, openedAt, publishes, pace }) => ({
        clientId,
        ...(identity === undefined || identity.role === 'anyone'
          ? {}
          : {
              identity: identity.id,
              ...(identity.credential === undefined ? {} : { credential: identity.credential }),
            }),
        listener: origin.listener,
        address: origin.address,
        connectedAt: openedAt,
        publishes,
        inFlight: pace.inFlight,
      }));
  }

  #ended(connection: Connection): void {
    this.#connections.delete(connection);
    this.#observers.drop(connection);
    this.#doubled.drop(connection);
    this.#shares.leave(connection);
    this.#metrics.bytes.out += connection.bytesWritten;
    const { clientId, origin, isOpen, publishes, endDetail: detail } = connection;
    if (clientId !== undefined && this.#byClientId.get(clientId) === connection) {
      this.#byClientId.delete(clientId);
    }
    if (isOpen) this.#metrics.countOpen(origin.listener, -1);
    const reason = connection.endReason ?? (connection.saidGoodbye ? 'client-disconnect' : 'client-closed');
    this.#metrics.countEnd(reason);
    if (isOpen) this.ofDevices.ended(connection, this.#now(), reason);
    const durationS = Math.round((this.#monotonicNow() - connection.openedMonotonicMs) / 1000);
    const level = MISBEHAVIOURS.has(reason) ? 'warn' : 'info';
    this.#log.log(
      level,
      reason,
      connection.subject,
      { clientId, ...origin, reason, detail, durationS, publishes },
      'connection ended',
    );
  }
}
