/**
 * SkippedPacket: a PUBLISH over the packet bound, of which only the begin is kept.
 *
 * A device whose buffer grew too large would be cut off and send it again for ever, and what stands behind it would
 * never come. Invariant: it holds no more than HEAD_BYTES of the body, however large the packet is.
 */

/** A topic and the first words of the payload. */
const HEAD_BYTES = 2_048;

export interface TooLargePublish {
  readonly topic: string;
  /** The begin of the payload. */
  readonly head: Buffer;
  /** Undefined with QoS 0: nobody waits for an answer. */
  readonly messageId: number | undefined;
  /** Of the whole packet. */
  readonly bytes: number;
}

export class SkippedPacket {
  readonly #hasMessageId: boolean;
  readonly #bytes: number;
  #left: number;
  readonly #head: Buffer[] = [];
  #headLength = 0;

  constructor(flags: number, bodyBytes: number, packetBytes: number) {
    this.#hasMessageId = (flags & 0x06) !== 0;
    this.#left = bodyBytes;
    this.#bytes = packetBytes;
  }

  /** Takes what is its own off the front of `bytes`; returns how many. */
  take(bytes: Buffer): number {
    const own = Math.min(bytes.length, this.#left);
    const kept = Math.min(own, HEAD_BYTES - this.#headLength);
    if (kept > 0) {
      this.#head.push(Buffer.from(bytes.subarray(0, kept)));
      this.#headLength += kept;
    }
    this.#left -= own;
    return own;
  }

  get isOver(): boolean {
    return this.#left === 0;
  }

  toPublish(): TooLargePublish {
    const head = Buffer.concat(this.#head);
    const topicEnd = 2 + (head.length >= 2 ? head.readUInt16BE(0) : 0);
    const idEnd = topicEnd + (this.#hasMessageId ? 2 : 0);
    // A topic that is longer than what is kept of it names nobody.
    const isWhole = idEnd <= head.length;
    return {
      topic: isWhole ? head.toString('utf8', 2, topicEnd) : '',
      head: isWhole ? head.subarray(idEnd) : head,
      messageId: isWhole && this.#hasMessageId ? head.readUInt16BE(topicEnd) : undefined,
      bytes: this.#bytes,
    };
  }
}
