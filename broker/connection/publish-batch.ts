/**
 * PublishBatch: PUBLISH packets of ours as bytes [MQTT 3.1.1 and 5, 3.3], neither repeated nor retained, one after the
 * other.
 *
 * Telemetry goes to observers this way (observers.ts): a write a turn instead of one a message. Aedes writes what
 * it hands on by itself. Invariant: what was taken is not written to again.
 */
const PUBLISH_QOS_0 = 0x30;
const PUBLISH_QOS_1 = 0x32;
/** First byte, remaining length of at most four, length of the topic, identifier. */
export const MAX_FIXED_BYTES = 1 + 4 + 2 + 2;
const FIRST_ROOM = 4_096;
const NO_BYTES = new Uint8Array();

export class PublishBatch {
  #bytes = Buffer.allocUnsafe(FIRST_ROOM);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** With a packet identifier it has QoS 1. `properties` with their length before them are of version 5. */
  add(topic: Uint8Array, payload: Uint8Array, messageId?: number, properties: Uint8Array = NO_BYTES): void {
    this.#makeRoom(MAX_FIXED_BYTES + topic.length + properties.length + payload.length);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = messageId === undefined ? PUBLISH_QOS_0 : PUBLISH_QOS_1;
    // [MQTT 3.1.1, 2.2.3] seven bits a byte, the lowest first; the eighth says that more follow.
    let left = 2 + topic.length + (messageId === undefined ? 0 : 2) + properties.length + payload.length;
    for (; left > 0x7f; left >>= 7) bytes[at++] = (left & 0x7f) | 0x80;
    bytes[at++] = left;
    bytes[at++] = topic.length >> 8;
    bytes[at++] = topic.length & 0xff;
    bytes.set(topic, at);
    at += topic.length;
    if (messageId !== undefined) {
      bytes[at++] = messageId >> 8;
      bytes[at++] = messageId & 0xff;
    }
    bytes.set(properties, at);
    at += properties.length;
    bytes.set(payload, at);
    this.#length = at + payload.length;
  }

  /** What was added; the next batch gets as much room as this one needed. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = Buffer.allocUnsafe(Math.max(FIRST_ROOM, this.#length));
    this.#length = 0;
    return taken;
  }

  #makeRoom(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
