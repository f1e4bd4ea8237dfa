/**
 * AedesInside: the little of Aedes' client that is no interface of its, in one place.
 *
 * A connection hands Aedes' parser the packets that are its own. Aedes' version is pinned, and test/broker holds
 * what stands here. Invariant: the parser gets copies, for Aedes keeps the bytes of a will.
 */
import type { Client } from 'aedes';
import { ownCopy } from '../own-copy.ts';

type Deliver = (packet: { qos: number }, done: () => void) => void;

interface Inside {
  /** Hands on a message for a subscription of QoS 0, with the QoS that it was published with. */
  deliver0: Deliver;
  readonly _parser: { parse(bytes: Buffer): number };
  /** Packets in work; with the CONNECT it must become 1. */
  _parsingBatch: number;
}

export class AedesInside {
  readonly #inside: Inside;

  constructor(client: Client) {
    this.#inside = client as unknown as Inside;
    const deliver0 = this.#inside.deliver0;
    this.#inside.deliver0 = (packet, done) => {
      // `authorizeForward` must know that nothing will be acknowledged. The packet is made for this delivery.
      packet.qos = 0;
      deliver0(packet, done);
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
