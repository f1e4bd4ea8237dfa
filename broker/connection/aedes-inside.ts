/**
 * AedesInside: the little of Aedes' client that is no interface of its, in one place.
 *
 * A connection hands Aedes' parser the bytes that are its own, and tells its keep-alive timer of the telemetry
 * that it does not see. Aedes' version is pinned, and test/broker holds what stands here. Invariant: the parser
 * gets copies, for it keeps the bytes of a packet that is cut, and Aedes those of a will.
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
  /** 0 or less: the client asked for none [MQTT-3.1.2-24]. */
  _keepaliveInterval: number;
  _keepaliveTimer: NodeJS.Timeout | null;
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

  keepAlive(): void {
    if (this.#inside._keepaliveInterval > 0) this.#inside._keepaliveTimer?.refresh();
  }
}
