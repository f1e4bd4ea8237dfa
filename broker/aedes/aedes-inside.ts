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
  readonly subscriptions: Readonly<Record<string, { readonly qos: number } | undefined>>;
  clean: boolean;
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
  insideOf(client).clean = true;
}
