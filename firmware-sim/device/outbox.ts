/**
 * What a device has measured and the broker has not acknowledged yet.
 *
 *   put → waiting → take → in flight → acknowledged (gone) | connection lost (back to the front of waiting)
 *
 * One waiting reading leaves as one object, several leave as one array of up to MAX_BATCH: the batch after
 * an outage. Invariant: a message leaves only when acknowledged or, beyond the bound, as the oldest
 * waiting reading, or as one that is only of now when the connection is lost; what is dropped is counted; readings
 * keep their order.
 */

/** The contract's largest batch. */
export const MAX_BATCH = 500;

/** `status` is not here: it is state, said anew at each connect, and nothing that was is worth keeping. */
export type OutboxChannel = 'telemetry' | 'ack';

export interface OutboxMessage {
  readonly channel: OutboxChannel;
  /** One JSON text, broken on purpose for faults; or bytes, of a format that is none. */
  readonly text: string | Buffer;
  /** Whether it may become part of an array. */
  readonly batchable: boolean;
  /** Where it goes, unless on the channel's own topic; those that may become one array have the same. */
  readonly topic?: string;
  /** Later it would be wrong (it does not say when it was, or counts by its connection): it waits for none. */
  readonly isMomentary?: boolean;
}

export interface Publish {
  readonly id: number;
  readonly channel: OutboxChannel;
  readonly topic?: string;
  readonly payload: string | Buffer;
  readonly messages: readonly OutboxMessage[];
}

export interface OutboxBounds {
  /** Messages that wait; beyond it the oldest go. */
  readonly maxWaiting: number;
  /** Publishes without a PUBACK. */
  readonly maxInFlight: number;
}

export class Outbox {
  readonly #bounds: OutboxBounds;
  #waiting: OutboxMessage[] = [];
  readonly #inFlight = new Map<number, Publish>();
  #nextId = 1;
  /** Messages lost to the bound, or to a connection that they could not wait for, since the start. */
  dropped = 0;

  constructor(bounds: OutboxBounds) {
    this.#bounds = bounds;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Messages without a PUBACK, waiting or in flight. */
  get unacknowledged(): number {
    let messages = this.#waiting.length;
    for (const publish of this.#inFlight.values()) messages += publish.messages.length;
    return messages;
  }

  put(message: OutboxMessage): void {
    this.#waiting.push(message);
    this.#keepBound();
  }

  /** The next publish to send, or undefined when nothing waits or enough is in flight. */
  take(): Publish | undefined {
    const first = this.#waiting[0];
    if (!first || this.#inFlight.size >= this.#bounds.maxInFlight) return undefined;
    let count = 1;
    while (first.batchable && count < MAX_BATCH && this.#waiting[count]?.batchable) count++;
    const messages = this.#waiting.splice(0, count);
    const texts = messages.map((message) => message.text);
    const publish: Publish = {
      id: this.#nextId++,
      channel: first.channel,
      ...(first.topic === undefined ? {} : { topic: first.topic }),
      payload: count === 1 ? first.text : `[${texts.join(',')}]`,
      messages,
    };
    this.#inFlight.set(publish.id, publish);
    return publish;
  }

  /** Returns the number of messages the PUBACK covered; 0 when it was for an earlier connection. */
  acknowledge(id: number): number {
    const publish = this.#inFlight.get(id);
    this.#inFlight.delete(id);
    return publish?.messages.length ?? 0;
  }

  /** The connection is gone: what was in flight waits again, before everything younger. */
  returnInFlight(): void {
    const returned = [...this.#inFlight.values()].flatMap((publish) => publish.messages);
    this.#inFlight.clear();
    const all = [...returned, ...this.#waiting];
    this.#waiting = all.filter(({ isMomentary }) => !isMomentary);
    this.dropped += all.length - this.#waiting.length;
    this.#keepBound();
  }

  #keepBound(): void {
    const excess = this.#waiting.length - this.#bounds.maxWaiting;
    if (excess <= 0) return;
    this.#waiting.splice(0, excess);
    this.dropped += excess;
  }
}
