/**
 * CutPacket: the begin of a packet whose end has not arrived, of one connection.
 *
 * A client may send a packet byte by byte; each byte is copied a constant number of times, since the room
 * doubles and nothing is looked at before all of it is here. Invariant: it holds no more than the packet, which
 * the scanner has found within its bound.
 */
const NO_BYTES = Buffer.alloc(0);
const FIRST_ROOM = 256;

export class CutPacket {
  #bytes: Buffer = NO_BYTES;
  #length = 0;
  /** Bytes of the whole packet; 0 while its header is cut. */
  #needed = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Keeps a copy of `bytes`, the begin of a packet of `needed` bytes, or 0 where that is not known yet. */
  begin(bytes: Buffer, needed: number): void {
    this.#needed = needed;
    this.#add(bytes);
  }

  /** `more`, and before it what is kept; undefined while the packet is still cut. */
  join(more: Buffer): Buffer | undefined {
    if (this.isEmpty) return more;
    this.#add(more);
    if (this.#length < this.#needed) return undefined;
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#bytes = NO_BYTES;
    this.#length = 0;
    return bytes;
  }

  #add(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.#bytes.length * 2, FIRST_ROOM));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }
}
