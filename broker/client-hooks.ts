/**
 * The hooks that Aedes calls for a client: CONNECT, PUBLISH, SUBSCRIBE, each handed to its rules.
 *
 * The only place that speaks Aedes' callbacks. Invariants: no hook throws (a throw in one would end the process;
 * here it ends the connection); every callback is called once, or its connection has ended.
 */
import type { AedesOptions, Client, PublishPacket, Subscription } from 'aedes';
import type { Logger } from 'pino';
import { makeSessionClean } from './aedes/aedes-inside.ts';
import { connectOf, identifierOf, isSamePacket } from './aedes/hooked-packets.ts';
import { NO_SUBSCRIPTION } from './aedes/persistence.ts';
import type { BrokerMetrics } from './broker-metrics.ts';
import { type Identity, maySubscribe } from './clients/access.ts';
import type { Authenticator } from './clients/authenticator.ts';
import { keepsSession, takeTerms, tellTerms } from './clients/connect-5.ts';
import {
  assignClientId,
  type ConnectPacket,
  type ConnectRefusal,
  identify,
  takeForeignWill,
} from './clients/connect-rules.ts';
import type { ConnectionTable } from './clients/connection-table.ts';
import type { KeptSessions } from './clients/kept-sessions.ts';
import type { Connection } from './connection/connection.ts';
import { FILTER_PRICE } from './connection/packet-prices.ts';
import { judgeForward } from './publishing/forward-rules.ts';
import type { TakePublish } from './publishing/publish-rules.ts';

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
  readonly sessions: KeptSessions;
  /** Whether it listens on a topic on which its format is spoken to. */
  readonly mayListen: (identity: Identity, filter: string) => boolean;
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
  /** Those that came without an id. */
  readonly #unnamed = new WeakSet<Client>();
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
    if (!connection) return callback(new Error('no connection'), false);
    connection.guard(() => {
      const connect = connectOf(packet);
      if (connect.clientId === '') this.#unnamed.add(client);
      connection.startPhase(this.#options.authenticateTimeoutMs, 'authenticate-timeout');
      const userName = connection.origin.certificate?.name ?? connect.username;
      assignClientId(connect, userName);
      const { authenticator, isStatusOfFormat } = this.#options;
      const dropped = takeForeignWill(connect, authenticator && userName, isStatusOfFormat);
      if (dropped !== undefined) this.#droppedWills.set(client, dropped);
      takeTerms(connection, connect);
      this.#connects.set(client, connect);
      callback(null, true);
    });
  };

  readonly authenticate: Hook<'authenticate'> = (client, _userName, _password, done) => {
    const connection = this.#options.table.find(client);
    const connect = this.#connects.get(client);
    this.#connects.delete(client);
    if (!connection || !connect) return done(connectError(5), false);
    identify(connect, connection, this.#options).then(
      (identity) => connection.guard(() => this.#identified(connection, client, connect, identity, done)),
      (error: Error) => {
        this.#options.log.error({ err: error, clientId: client.id }, 'authentication failed');
        connection.endReason ??= 'server-busy';
        connection.guard(() => done(connectError(3), false));
      },
    );
  };

  readonly authorizePublish: Hook<'authorizePublish'> = (client, packet, callback) => {
    const connection = client ? this.#options.table.find(client) : undefined;
    // Without a client: Aedes takes its own clock's leap for the end of another broker, and publishes wills.
    if (!client || !connection) return callback(new Error('no connection'));
    connection.guard(() => {
      const isWill = isSamePacket(packet, this.#wills.get(client));
      if (isWill && (this.#closing || !client.closed)) return callback(new Error('not a time for wills'));
      this.#options.takePublish(connection, packet as PublishPacket, (error) => callback(error ?? null));
    });
  };

  readonly authorizeSubscribe: Hook<'authorizeSubscribe'> = (client, subscription, callback) => {
    const connection = this.#options.table.find(client);
    if (!connection) return callback(new Error('no connection'));
    connection.guard(() => {
      connection.pace.charge(FILTER_PRICE);
      this.#authorizeSubscribe(connection, subscription, callback);
    });
  };

  readonly authorizeForward: Hook<'authorizeForward'> = (client, packet) => {
    const connection = this.#options.table.find(client);
    return connection ? judgeForward(connection, client, packet) : null;
  };

  #identified(
    connection: Connection,
    client: Client,
    connect: ConnectPacket,
    identity: Identity | ConnectRefusal,
    done: Parameters<Hook<'authenticate'>>[3],
  ): void {
    if (connection.stream.destroyed) return;
    if ('returnCode' in identity) {
      connection.clientId = connect.clientId;
      connection.endReason ??= identity.reason;
      done(connectError(identity.returnCode), false);
      return;
    }
    const waitMs = this.#options.table.waitMs(client.id);
    if (waitMs > 0) {
      // Its phase goes on meanwhile: who waits for longer than that is ended, and comes back.
      connection.startWait(waitMs, () => this.#waited(connection, client, connect, identity, done));
      return;
    }
    const { sessions } = this.#options;
    const isKept = this.#keepSessionOrNot(client, connect, identity.role === 'device');
    connection.beginsSession = connect.clean === true;
    if (connect.clean) sessions.forget(client.id);
    if (isKept) connection.outgoing = sessions.resume(client.id);
    if (connect.will) this.#wills.set(client, connect.will);
    this.#tellOfWill(client, 'id' in identity ? identity.id : client.id);
    this.#options.table.identified(connection, client.id, identity);
    done(null, true);
    tellTerms(client, connection, { isSessionKept: isKept, isUnnamed: this.#unnamed.has(client) });
  }

  /** Of several that wait for one contested id the first has it now, and the others wait on. */
  #waited(
    connection: Connection,
    client: Client,
    connect: ConnectPacket,
    identity: Identity,
    done: Parameters<Hook<'authenticate'>>[3],
  ): void {
    const { authenticator } = this.#options;
    const isValid = authenticator === undefined || authenticator.isValid(identity);
    const refusal: ConnectRefusal = { returnCode: 4, reason: 'bad-credentials' };
    this.#identified(connection, client, connect, isValid ? identity : refusal, done);
  }

  #authorizeSubscribe(
    connection: Connection,
    subscription: Subscription,
    callback: Parameters<Hook<'authorizeSubscribe'>>[2],
  ): void {
    const { table, city, maxSubscriptions, mayListen, metrics } = this.#options;
    if (subscription === NO_SUBSCRIPTION) {
      callback(null, null);
      return;
    }
    const isAllowed = (identity: Identity, filter: string) =>
      maySubscribe(identity, city, filter) || mayListen(identity, filter);
    const refusal = findSubscribeRefusal(connection, isAllowed, subscription, maxSubscriptions);
    if (refusal) {
      metrics.countBound(refusal);
      callback(null, null);
      return;
    }
    const { topic, qos } = subscription;
    table.subscribed(connection, topic, qos, identifierOf(subscription));
    callback(null, subscription);
  }

  #tellOfWill(client: Client, identity: string): void {
    const topic = this.#droppedWills.get(client);
    if (topic === undefined) return;
    this.#droppedWills.delete(client);
    this.#options.metrics.countBound('will-elsewhere');
    this.#options.onWillDropped(identity, topic);
  }

  /** Only a device's session outlives its connection: commands wait for it. Others find what is retained. */
  #keepSessionOrNot(client: Client, connect: ConnectPacket, isDevice: boolean): boolean {
    if (isDevice) return keepsSession(connect);
    if (!keepsSession(connect)) return false;
    connect.clean = true;
    makeSessionClean(client);
    this.#options.metrics.countBound('persistent-session');
    return false;
  }
}

function findSubscribeRefusal(
  { identity, subscriptions }: Connection,
  isAllowed: (identity: Identity, filter: string) => boolean,
  { topic }: Subscription,
  maxSubscriptions: number,
): 'subscription-not-allowed' | 'subscriptions' | undefined {
  if (!identity || !isAllowed(identity, topic)) return 'subscription-not-allowed';
  const isMore = !subscriptions.has(topic) && subscriptions.size >= maxSubscriptions;
  return isMore ? 'subscriptions' : undefined;
}

type ConnectError = Parameters<Parameters<Hook<'authenticate'>>[3]>[0];

function connectError(returnCode: 2 | 3 | 4 | 5): ConnectError {
  return Object.assign(new Error('connection refused'), { returnCode }) as ConnectError;
}
