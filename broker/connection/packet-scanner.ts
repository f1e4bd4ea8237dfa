/**
 * PacketScanner: walks the bytes of one connection from fixed header to fixed header, before any parser.
 *
 * It stands between the socket and Aedes, whose parser buffers up to 268 MB of an unfinished packet and does
 * not check what [MQTT-2.2.2-2] and its neighbours ask. Invariants: no byte of a packet that is too large, out
 * of place or malformed in its fixed header is passed on; no packet begins in what is that the client may not
 * send yet. It copies and allocates nothing.
 */
import type { EndReason } from './end-reason.ts';
import { areFlagsOf31 } from './mqtt-3-1.ts';
import { CONNECT, DISCONNECT, PUBLISH } from './packet-check.ts';
import { priceOf, QOS_2_PRICE } from './packet-prices.ts';
import { SkippedPacket } from './skipped-packet.ts';

const PINGREQ = 12;
/** Longest remaining-length field, bytes [MQTT 3.1.1, 2.2.3]. */
const MAX_LENGTH_BYTES = 4;

const QOS_2_BITS = 0x04;
/** What the lower four bits of the first byte must be, by packet type [MQTT-2.2.2-1]; -1: judged elsewhere. */
const REQUIRED_FLAGS = [-1, -1, -1, -1, 0, 0, 2, 0, 2, -1, 2, -1, 0, -1, 0, -1];
/** Packet types that a client may send; the others flow from server to client only. */
const FROM_CLIENT = [0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0];
/** Smallest and largest remaining length, by packet type; 0 means: no bound but the packet's. */
const MIN_LENGTH = [0, 12, 0, 3, 2, 2, 2, 2, 6, 0, 5, 0, 0, 0, 0, 0];
const EXACT_LENGTH = [-1, -1, -1, -1, 2, 2, 2, 2, -1, -1, -1, -1, 0, -1, 0, -1];

export interface ScannerLimits {
  readonly maxPacketBytes: number;
  /** Of the first packet: who has not shown a credential gets little memory. */
  readonly maxConnectBytes: number;
  /** A PUBLISH larger than a packet may be, and no larger than this, is skipped; absent: none is. */
  readonly maxSkippedBytes?: number;
}

function priceOfPublish(first: number): number {
  return (first & 0x06) === QOS_2_BITS ? QOS_2_PRICE : 0;
}

/** Where the walk stands: at a first byte, in the remaining length, in the body. */
type State = 'header' | 'length' | 'body';

export class PacketScanner {
  /** Set when the bytes break a rule; the connection must end and nothing more be passed on. */
  violation: EndReason | undefined;
  /** The CONNECT has been passed on in full. */
  connectPassed = false;
  /** A DISCONNECT has been passed on: the end that follows is a clean one. */
  disconnectPassed = false;
  /** Its CONNECT was of MQTT 3.1, which leaves more open. */
  is31 = false;
  /** Of MQTT 5: answers and DISCONNECT may be longer, and what is too large is told and not skipped. */
  is5 = false;
  /** Packets that have ended. */
  packets = 0;
  /** PUBLISH packets begun in the last scan. */
  publishesBegun = 0;
  /** What the packets begun in the last scan cost by their first bytes. */
  workBegun = 0;
  /** The packet at which the last scan stopped had to wait for units of work, and not for a PUBLISH's turn. */
  needsWork = false;
  /** The last scan stopped before this one, whose bytes are for nobody. Whoever skips it sets it back. */
  skipped: SkippedPacket | undefined;
  /** Of its fixed header. */
  skippedHeaderBytes = 0;
  /** The last scan stopped before the header of a PUBLISH that is cut: it needs more bytes. */
  isHeaderCut = false;

  readonly #limits: ScannerLimits;
  #state: State = 'header';
  #type = 0;
  #flags = 0;
  #length = 0;
  #lengthBytes = 0;
  /** Bytes of the body still to come. */
  #left = 0;

  constructor(limits: ScannerLimits) {
    this.#limits = limits;
  }

  /** Whether the next byte begins a packet. */
  get atBoundary(): boolean {
    return this.#state === 'header';
  }

  /**
   * Walks `chunk` and returns how many of its bytes may be passed on. It stops short at the first PUBLISH
   * beyond `publishes` and at the first packet with a price when `work` is used up, after a CONNECT (whose
   * answer comes first), after a DISCONNECT, and at a violation.
   */
  scan(chunk: Uint8Array, publishes: number, work: number): number {
    this.publishesBegun = 0;
    this.workBegun = 0;
    this.isHeaderCut = false;
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'header') {
        const first = chunk[at] as number;
        const isPublish = first >> 4 === PUBLISH && this.connectPassed;
        const price = isPublish ? priceOfPublish(first) : priceOf(first >> 4);
        this.needsWork = price > 0 && this.workBegun >= work;
        if (this.needsWork || (isPublish && this.publishesBegun >= publishes)) return at;
        if (isPublish && this.#stopsBefore(chunk, at)) return at;
        this.workBegun += price;
        this.#begin(first);
        at++;
      } else if (this.#state === 'length') {
        this.#readLength(chunk[at] as number);
        at++;
      } else {
        at = this.#passBody(chunk, at);
      }
      if (this.violation) return 0;
      if (this.#state === 'header' && (this.#type === CONNECT || this.disconnectPassed)) return at;
    }
    return at;
  }

  /** Whether the PUBLISH at `at` is to be skipped, or its header is not all here yet to tell. */
  #stopsBefore(chunk: Uint8Array, at: number): boolean {
    const { maxSkippedBytes = 0, maxPacketBytes } = this.#limits;
    const flags = (chunk[at] as number) & 0x0f;
    // QoS 2 is a conversation, and what is malformed is judged by the walk.
    if (maxSkippedBytes === 0 || this.is5 || flags & 4 || ((flags & 0x0a) === 8 && !this.is31)) return false;
    let length = 0;
    for (let n = 0; n < MAX_LENGTH_BYTES; n++) {
      const byte = chunk[at + 1 + n];
      if (byte === undefined) {
        this.isHeaderCut = true;
        return true;
      }
      length += (byte & 0x7f) << (7 * n);
      if (byte & 0x80) continue;
      const total = length + n + 2;
      if (total <= maxPacketBytes || total > maxSkippedBytes) return false;
      this.skipped = new SkippedPacket(flags, length, total);
      this.publishesBegun++;
      this.skippedHeaderBytes = n + 2;
      return true;
    }
    return false;
  }

  #begin(first: number): void {
    this.#type = first >> 4;
    this.#flags = first & 0x0f;
    this.#length = 0;
    this.#lengthBytes = 0;
    this.#state = 'length';
    // [MQTT-3.1.0-1] the first packet is a CONNECT; [MQTT-3.1.0-2] no other one is.
    if ((this.#type === CONNECT) === this.connectPassed) this.violation = 'protocol-violation';
    else if (!FROM_CLIENT[this.#type]) this.violation = 'protocol-violation';
    else if (this.#type === PUBLISH) {
      this.publishesBegun++;
      const qos = (this.#flags >> 1) & 3;
      // [MQTT-3.3.1-4] both QoS bits, [MQTT-3.3.1-2] a repeat of what is never repeated.
      if (qos === 3 || (qos === 0 && this.#flags & 8 && !this.is31)) this.violation = 'malformed';
    } else if (!this.#areFlagsAllowed()) this.violation = 'malformed';
  }

  #areFlagsAllowed(): boolean {
    const required = REQUIRED_FLAGS[this.#type] as number;
    if (this.is31) return areFlagsOf31(this.#type, this.#flags);
    return required < 0 || this.#flags === required;
  }

  #readLength(byte: number): void {
    this.#length += (byte & 0x7f) << (7 * this.#lengthBytes++);
    if (byte & 0x80) {
      if (this.#lengthBytes === MAX_LENGTH_BYTES) this.violation = 'malformed';
      return;
    }
    const type = this.#type;
    const exact = this.is5 && type !== PINGREQ ? -1 : (EXACT_LENGTH[type] as number);
    const max = type === CONNECT ? this.#limits.maxConnectBytes : this.#limits.maxPacketBytes;
    if (this.#length + 1 + this.#lengthBytes > max) this.violation = 'packet-too-large';
    else if (exact >= 0 ? this.#length !== exact : this.#length < (MIN_LENGTH[type] as number)) {
      this.violation = 'malformed';
    }
    this.#left = this.#length;
    this.#state = 'body';
    if (this.#left === 0) this.#finish();
  }

  #passBody(chunk: Uint8Array, from: number): number {
    const end = Math.min(chunk.length, from + this.#left);
    this.#left -= end - from;
    if (this.#left === 0) this.#finish();
    return end;
  }

  #finish(): void {
    this.#state = 'header';
    this.packets++;
    if (this.#type === CONNECT) this.connectPassed = true;
    else if (this.#type === DISCONNECT) this.disconnectPassed = true;
  }
}
