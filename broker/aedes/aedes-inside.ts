/**
 * AedesInside: what we use of Aedes' client that is no part of its public interface.
 *
 * A connection gives Aedes' parser the packets that are Aedes' own, and hears from Aedes' client what its events do
 * not say. Aedes' version is pinned, and test/broker/aedes-touches.test.ts fails where an upgrade moves what stands
 * here. Invariants: Aedes reads no stream by itself; its parser gets copies, for it keeps the bytes of a will.
 */
import type { AedesPublishPacket, Client } from 'aedes';
import { ownCopy } from '../own-copy.ts';

type Deliver = (packet: { qos: number }, done: () => void) => void;
type WaitForDrain = (done: (error: Error | null, client: Client) => void) => void;

interface Inside {
  /** Hands on a message for a subscription of QoS 0, with the QoS that it was published with. */
  deliver0: Deliver;
  /** Called for each write that the stream took and could not send yet. */
  waitForDrain: WaitForDrain;
  /** Called after each packet, and when there is something to read: it reads. */
  _nextBatch: (error?: Error | null) => void;
  readonly _parser: { parse(bytes: Buffer): number };
  /** Packets that it has; with the CONNECT it must become 1. */
  _parsingBatch: number;
  subscriptions: Readonly<Record<string, { readonly qos: number } | undefined>>;
  duplicates: object;
  clean: boolean;
  /** Of version 5, seconds; with 0 the session ends with the connection. */
  sessionExpiryInterval: number;
  /** What its CONNECT asked for. With 0 a DISCONNECT cannot ask for more. */
  _connectSessionExpiryInterval: number;
  /** Whether CONNACK tells the one that holds. */
  _sessionExpiryClamped: boolean;
  /** What CONNACK tells of the client id and the keep alive. */
  _assignedClientId: string | undefined;
  _serverKeepAlive: number | undefined;
}

const insideOf = (client: Client) => client as unknown as Inside;

export class AedesInside {
  readonly #inside: Inside;

  /**
   * `onUnread` is told of each write that the client leaves unread: Aedes' own timeout tells nobody that it was
   * one.
   */
  constructor(client: Client, onUnread: () => void) {
    this.#inside = insideOf(client);
    // Its stream is read by the connection, which gives it packets. Aedes would read on when all that it has read
    // is answered.
    client.conn.off('readable', this.#inside._nextBatch);
    this.#inside._nextBatch = (error) => {
      if (error) client.emit('error', error);
    };
    // GHSA-52qw-whmv-87c5, closed in Aedes 1.2 and not in 2.0.0-beta.1: a filter such as `constructor` is no member.
    this.#inside.subscriptions = Object.create(null);
    this.#inside.duplicates = Object.create(null);
    const deliver0 = this.#inside.deliver0;
    this.#inside.deliver0 = (packet, done) => {
      // `authorizeForward` must know that nothing will be acknowledged. The packet is made for this delivery.
      packet.qos = 0;
      deliver0(packet, done);
    };
    const waitForDrain = this.#inside.waitForDrain.bind(client);
    this.#inside.waitForDrain = (done) => {
      onUnread();
      waitForDrain(done);
    };
  }

  /** Of a connection that has no CONNACK yet. */
  giveConnect(bytes: Buffer): void {
    this.#inside._parsingBatch = 0;
    this.give(bytes);
  }

  give(bytes: Buffer): void {
    this.#inside._parser.parse(ownCopy(bytes));
  }
}

/** The QoS that a message leaves with: Aedes lowers it to that of a subscription to exactly its topic. */
export function qosToBeSent(client: Client, { qos, topic }: AedesPublishPacket): number {
  return Math.min(qos, insideOf(client).subscriptions[topic]?.qos ?? qos);
}

/** Ends the session with the connection, whatever the CONNECT asked for: before Aedes looks for what it kept. */
export function makeSessionClean(client: Client): void {
  const inside = insideOf(client);
  inside.clean = true;
  // Version 5 has two words for it; CONNACK must tell that it is another one than was asked for.
  inside._sessionExpiryClamped = inside.sessionExpiryInterval > 0;
  inside.sessionExpiryInterval = 0;
  // [MQTT-3.14.4-3] so that a DISCONNECT cannot ask for it after all, and leave a timer behind for each client id.
  inside._connectSessionExpiryInterval = 0;
}

/** What CONNACK of version 5 is to tell. */
export interface Announced {
  /** [MQTT-3.2.2-16] where the client came without an id. */
  readonly assignedClientId?: string;
  /** Seconds; the client has to use it in the place of its own. */
  readonly serverKeepAlive?: number;
  readonly sessionExpiry: boolean;
}

/** After Aedes has begun its own timer for the keep alive and before it writes CONNACK: as soon as it is let in. */
export function announce(
  client: Client,
  { assignedClientId, serverKeepAlive, sessionExpiry }: Announced,
): void {
  const inside = insideOf(client);
  if (assignedClientId !== undefined) inside._assignedClientId = assignedClientId;
  inside._serverKeepAlive = serverKeepAlive;
  if (sessionExpiry) inside._sessionExpiryClamped = true;
}
