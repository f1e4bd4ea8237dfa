/**
 * The hooks that Aedes calls for a client: CONNECT, PUBLISH, SUBSCRIBE, each handed to its rules.
 *
 * The only place that speaks Aedes' callbacks. Invariants: no hook throws (a throw in one ends the process);
 * every callback is called once, or its connection has ended.
 */
import type { AedesOptions, Client, PublishPacket, Subscription } from 'aedes';
import type { Logger } from 'pino';
import { hasForbiddenCharacters, maySubscribe } from './access.ts';
import type { Authenticator } from './authenticator.ts';
import type { BrokerMetrics } from './broker-metrics.ts';
import {
  assignClientId,
  type ConnectPacket,
  findMalformed,
  identify,
  takeForeignWill,
} from './connect-rules.ts';
import type { Connection } from './connection/connection.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { TakePublish } from './publish-rules.ts';

/** Bytes that a subscriber may leave unread: some thousand readings, or the retained status of a whole city. */
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

type Hook<Name extends keyof AedesOptions> = NonNullable<AedesOptions[Name]>;

export interface ClientHooksOptions {
  readonly authenticator: Authenticator | undefined;
  readonly city: string;
  readonly authenticateTimeoutMs: number;
  readonly maxSubscriptions: number;
  readonly table: ConnectionTable;
  readonly metrics: BrokerMetrics;
  readonly log: Logger;
  readonly takePublish: TakePublish;
  /** Whether some format tells on this topic that a device is gone. */
  readonly isStatusOfFormat: (topic: string) => boolean;
  /** Told of a will that was taken away, once its client has proved who it is. */
  readonly onWillDropped: (identity: string, topic: string) => void;
}

export class ClientHooks {
  readonly #options: ClientHooksOptions;
  /** The CONNECT of each client that is being authenticated, and its will thereafter. */
  readonly #connects = new WeakMap<Client, ConnectPacket>();
  readonly #wills = new WeakMap<Client, object>();
  /** Topics of wills that were taken away from clients that are being authenticated. */
  readonly #droppedWills = new WeakMap<Client, string>();
  #closing = false;

  constructor(options: ClientHooksOptions) {
    this.#options = options;
  }

  /** From now on no will is published: it is not the devices that go. */
  close(): void {
    this.#closing = true;
  }

  readonly preConnect: Hook<'preConnect'> = (client, packet, callback) => {
    const connection = this.#options.table.find(client);
    const connect = packet as unknown as ConnectPacket;
    const malformed = findMalformed(connect);
    if (!connection || malformed) {
      connection?.end(malformed ?? 'malformed');
      return callback(new Error('malformed CONNECT'), false);
    }
    connection.startPhase(this.#options.authenticateTimeoutMs, 'authenticate-timeout');
    const userName = connection.origin.certificateName ?? connect.username;
    assignClientId(connect, userName);
    const isAnyone = this.#options.authenticator === undefined;
    const dropped = takeForeignWill(connect, isAnyone ? undefined : userName, this.#options.isStatusOfFormat);
    if (dropped !== undefined) this.#droppedWills.set(client, dropped);
    this.#connects.set(client, connect);
    callback(null, true);
  };

  readonly authenticate: Hook<'authenticate'> = (client, _userName, _password, done) => {
    const connection = this.#options.table.find(client);
    const connect = this.#connects.get(client);
    this.#connects.delete(client);
    if (!connection || !connect) return done(connectError(5), false);
    identify(connect, connection, this.#options).then(
      (identity) => {
        if (connection.stream.destroyed) return;
        if ('returnCode' in identity) {
          connection.clientId = connect.clientId;
          connection.endReason ??= identity.reason;
          if (identity.reason === 'server-busy') this.#options.metrics.countBound('credential-queue');
          return done(connectError(identity.returnCode), false);
        }
        this.#keepSessionOrNot(client, connect, identity.role === 'device');
        if (connect.will) this.#wills.set(client, connect.will);
        this.#tellOfWill(client, 'id' in identity ? identity.id : client.id);
        this.#options.table.identified(connection, client.id, identity);
        done(null, true);
      },
      (error: Error) => {
        this.#options.log.error({ err: error, clientId: client.id }, 'authentication failed');
        connection.endReason ??= 'server-busy';
        done(connectError(3), false);
      },
    );
  };

  readonly authorizePublish: Hook<'authorizePublish'> = (client, packet, callback) => {
    const connection = client ? this.#options.table.find(client) : undefined;
    // Without a client: Aedes takes its own clock's leap for the end of another broker, and publishes wills.
    if (!client || !connection) return callback(new Error('no connection'));
    const isWill = this.#wills.get(client) === packet;
    if (isWill && (this.#closing || !client.closed)) return callback(new Error('not a time for wills'));
    this.#options.takePublish(connection, packet as PublishPacket, (error) => callback(error ?? null));
  };

  readonly authorizeSubscribe: Hook<'authorizeSubscribe'> = (client, subscription, callback) => {
    const { table, city, maxSubscriptions, metrics } = this.#options;
    const connection = table.find(client);
    if (!connection?.identity || hasForbiddenCharacters(subscription.topic)) {
      connection?.end('malformed');
      return callback(new Error('malformed SUBSCRIBE'));
    }
    const refusal = findSubscribeRefusal(connection, city, subscription, maxSubscriptions);
    if (refusal) {
      metrics.countBound(refusal);
      return callback(null, null);
    }
    table.subscribed(connection, subscription.topic);
    callback(null, subscription);
  };

  /** Called for each message to each subscriber: who reads too little gets no more of them. */
  readonly authorizeForward: Hook<'authorizeForward'> = (client, packet) => {
    if (client.conn.writableLength <= MAX_UNREAD_BYTES) return packet;
    this.#options.table.find(client)?.end('slow-reader');
    return null;
  };

  #tellOfWill(client: Client, identity: string): void {
    const topic = this.#droppedWills.get(client);
    if (topic === undefined) return;
    this.#droppedWills.delete(client);
    this.#options.metrics.countBound('will-elsewhere');
    this.#options.onWillDropped(identity, topic);
  }

  /** Only a device's session outlives its connection: commands wait for it. Others find what is retained. */
  #keepSessionOrNot(client: Client, connect: ConnectPacket, isDevice: boolean): void {
    if (connect.clean || isDevice) return;
    connect.clean = true;
    client.clean = true;
    this.#options.metrics.countBound('persistent-session');
  }
}

function findSubscribeRefusal(
  { identity, subscriptions }: Connection,
  city: string,
  { topic }: Subscription,
  maxSubscriptions: number,
): 'subscription-not-allowed' | 'subscriptions' | undefined {
  if (!identity || !maySubscribe(identity, city, topic)) return 'subscription-not-allowed';
  const isMore = !subscriptions.has(topic) && subscriptions.size >= maxSubscriptions;
  return isMore ? 'subscriptions' : undefined;
}

type ConnectError = Parameters<Parameters<Hook<'authenticate'>>[3]>[0];

function connectError(returnCode: 2 | 3 | 4 | 5): ConnectError {
  return Object.assign(new Error('connection refused'), { returnCode }) as ConnectError;
}
