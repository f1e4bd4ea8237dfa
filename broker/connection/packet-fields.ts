/**
 * The fields of a packet: where each begins and ends, and what a text must be like.
 *
 * What the checks of packets (packet-check.ts, connect-check.ts) are written with. Invariant: nothing beyond the
 * end of the packet is read, whatever its fields say of their lengths.
 */
import { isUtf8 } from 'node:buffer';
import type { EndReason } from './end-reason.ts';

export const HASH = 0x23;
export const PLUS = 0x2b;
export const SLASH = 0x2f;

/** Why a packet ends its connection: the reason for metrics, and words for whoever wrote the firmware. */
export interface PacketFault {
  readonly reason: EndReason;
  readonly detail: string;
  /** The reason code that a client of version 5 gets with it, where its reason has a more general one. */
  readonly code?: number;
  /** What the client is told before the end. */
  readonly answer?: Buffer;
}

export const SHORT = 'ends before its last field';

export function malformed(packet: string, fault: string | undefined): PacketFault | undefined {
  return fault === undefined ? undefined : { reason: 'malformed', detail: `${packet}: ${fault}` };
}

/** Reads the fields of one packet. What lies beyond its end reads as 0 or nothing, and is noted. */
export class Fields {
  isShort = false;
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  byte(): number {
    if (this.left < 1) {
      this.isShort = true;
      return 0;
    }
    return this.#bytes[this.#at++] as number;
  }

  uint16(): number {
    const high = this.byte();
    return (high << 8) | this.byte();
  }

  uint32(): number {
    const high = this.uint16();
    return high * 0x1_0000 + this.uint16();
  }

  /** [MQTT 5, 1.5.5] seven bits a byte, the lowest first, in four bytes at most; a fifth reads as one too short. */
  varint(): number {
    let value = 0;
    for (let n = 0; n < 4; n++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * n);
      if (byte < 0x80) return value;
    }
    this.isShort = true;
    return 0;
  }

  /** The next `length` bytes as fields of their own. */
  part(length: number): Fields {
    if (this.left < length) {
      this.isShort = true;
      this.#at = this.#end;
    }
    const from = this.#at;
    this.#at = Math.min(this.#end, from + length);
    return new Fields(this.#bytes, from, this.#at);
  }

  /** Where the next field begins in the packet's bytes. */
  get at(): number {
    return this.#at;
  }

  /** A field that says its length in its first two bytes: a string, a secret, a will's payload. */
  field(): Uint8Array {
    const length = this.uint16();
    if (this.left < length) {
      this.isShort = true;
      this.#at = this.#end;
    }
    const from = this.#at;
    this.#at = Math.min(this.#end, from + length);
    return this.#bytes.subarray(from, this.#at);
  }
}

export function hasWildcard(topic: Uint8Array): boolean {
  return topic.includes(PLUS) || topic.includes(HASH);
}

/**
 * [MQTT-1.5.3-1] text is well-formed UTF-8, [MQTT-1.5.3-2] without NUL; [MQTT 3.1.1, 1.5.3] lets us close the
 * connection at the other control characters, which would spoil logs and terminals.
 */
export function findTextFault(text: Uint8Array): string | undefined {
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] as number;
    // U+0080 to U+009F are C2 80 to C2 9F.
    if (byte < 0x20 || byte === 0x7f || (byte === 0xc2 && (text[at + 1] as number) < 0xa0)) {
      return 'a control character in a text';
    }
  }
  return isUtf8(text) ? undefined : 'a text that is no UTF-8';
}
