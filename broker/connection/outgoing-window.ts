/**
 * OutgoingWindow: the messages of QoS 1 and 2 that one client has yet to acknowledge, by packet identifier.
 *
 * Asked when a message goes out and when an acknowledgement comes in; of a kept session it outlives the connection
 * (kept-sessions.ts). Invariants: no two messages in it share an identifier [MQTT-2.3.1-4]; it holds at most
 * MAX_UNACKNOWLEDGED, and of those beyond it no acknowledgement is judged.
 */
import { PUBACK, PUBCOMP, PUBREC } from './packet-check.ts';

/** A client that acknowledges nothing costs 1,000 entries of some 50 bytes. */
export const MAX_UNACKNOWLEDGED = 1_000;
const MAX_IDENTIFIER = 65_535;

export class OutgoingWindow {
  /** The type of packet that each message waits for, the oldest message first. */
  readonly #awaited = new Map<number, number>();
  #last = 0;

  /** The identifier of the next message: the first is 1. */
  open(qos: 1 | 2): number {
    if (this.#awaited.size >= MAX_UNACKNOWLEDGED) {
      const [oldest] = this.#awaited.keys();
      this.#awaited.delete(oldest as number);
    }
    do this.#last = (this.#last % MAX_IDENTIFIER) + 1;
    while (this.#awaited.has(this.#last));
    this.#awaited.set(this.#last, qos === 1 ? PUBACK : PUBREC);
    return this.#last;
  }

  /** Messages in it. */
  get size(): number {
    return this.#awaited.size;
  }

  /** The message will not be acknowledged any more. */
  forget(identifier: number): void {
    this.#awaited.delete(identifier);
  }

  /** Whether it is the packet that the message waits for; of a message that is not in here none is wrong. */
  acknowledge(type: number, identifier: number, isRefused = false): 'awaited' | 'unasked' | 'wrong' {
    const awaited = this.#awaited.get(identifier);
    if (awaited === undefined) return 'unasked';
    // The client did not get our PUBREL, and sends its PUBREC again.
    if (awaited === PUBCOMP && type === PUBREC) return 'unasked';
    if (type !== awaited) return 'wrong';
    if (type === PUBREC && !isRefused) this.#awaited.set(identifier, PUBCOMP);
    else this.#awaited.delete(identifier);
    return 'awaited';
  }
}
