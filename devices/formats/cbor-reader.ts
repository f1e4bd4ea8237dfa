/**
 * readCbor: one value of CBOR → as JSON would have it [RFC 8949].
 *
 * Ours, since what it reads is hostile: of the libraries tried, cborg 6.1 overflows the stack at nested lists, cbor2
 * 2.3 compiles regular expressions that a message names, and neither bounds lists and maps.
 *
 * Read for senml.ts. Numbers, texts, booleans, null, lists and maps; a tag is passed over, bytes are undefined.
 * Invariants: every read is within the message, or CborError is thrown; a length is never believed before it is
 * checked; lists and maps lie no deeper than so many levels; takes time in proportion to the bytes.
 */
export class CborError extends Error {
  readonly code = 'CBOR_MALFORMED';
}

const MAX_DEPTH = 8;
/** Lists and maps of one message: a byte makes one, which takes a hundred times as long as a byte of text. */
export const MAX_CONTAINERS = 20_000;
/** Of a list, map or text without a length: it goes on up to a break. */
const INDEFINITE = 31;
const BREAK = 0xff;
/** Bytes, texts, lists and maps may have no length. */
const GOES_ON: ReadonlySet<number> = new Set([2, 3, 4, 5]);

export function readCbor(bytes: Buffer): unknown {
  const reader = new CborReader(bytes);
  const value = reader.read(0);
  if (!reader.isAtEnd) throw new CborError('something stands behind its end');
  return value;
}

class CborReader {
  readonly #bytes: Buffer;
  #at = 0;
  #containers = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  read(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new CborError(`more than ${MAX_DEPTH} levels`);
    const head = this.#take(1)[0] as number;
    const [major, info] = [head >> 5, head & 31];
    if (major === 7) return this.#readSimple(info);
    const count = info === INDEFINITE ? undefined : this.#readCount(info);
    if (count === undefined && !GOES_ON.has(major)) throw new CborError('a number or tag without a value');
    if (major >= 4 && major <= 5 && ++this.#containers > MAX_CONTAINERS)
      throw new CborError(`more than ${MAX_CONTAINERS} lists and maps`);
    switch (major) {
      case 0:
        return count;
      case 1:
        return -1 - (count as number);
      case 2:
        this.#readParts(count, major);
        return undefined;
      case 3:
        return this.#readParts(count, major).toString();
      case 4:
        return this.#readList(count, depth);
      case 5:
        return this.#readMap(count, depth);
      default:
        // A tag says how the value behind it is meant, which is known here anyway.
        return this.read(depth + 1);
    }
  }

  /** Bytes, or what a text is of; without a length in parts, each of which has one [RFC 8949, 3.2.3]. */
  #readParts(count: number | undefined, major: number): Buffer {
    if (count !== undefined) return this.#take(count);
    const parts: Buffer[] = [];
    while (!this.#isBreak()) {
      const head = this.#take(1)[0] as number;
      if (head >> 5 !== major) throw new CborError('a text of parts that are none');
      parts.push(this.#take(this.#readCount(head & 31)));
    }
    return Buffer.concat(parts);
  }

  #readList(count: number | undefined, depth: number): unknown[] {
    const list: unknown[] = [];
    while (count === undefined ? !this.#isBreak() : list.length < count) list.push(this.read(depth + 1));
    return list;
  }

  #readMap(count: number | undefined, depth: number): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (let entry = 0; count === undefined ? !this.#isBreak() : entry < count; entry++) {
      const key = this.read(depth + 1);
      map.set(key, this.read(depth + 1));
    }
    return map;
  }

  #readSimple(info: number): number | boolean | null {
    if (info === 25) return halfFloat(this.#take(2).readUInt16BE());
    if (info === 26) return singleFloat(this.#take(4).readFloatBE());
    if (info === 27) return this.#take(8).readDoubleBE();
    if (info === 20 || info === 21) return info === 21;
    if (info === 22 || info === 23) return null;
    throw new CborError(`no simple value ${info}`);
  }

  /** As far as a double is exact. */
  #readCount(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#take(1)[0] as number;
    if (info === 25) return this.#take(2).readUInt16BE();
    if (info === 26) return this.#take(4).readUInt32BE();
    if (info === 27) return Number(this.#take(8).readBigUInt64BE());
    throw new CborError(`no length ${info}`);
  }

  #isBreak(): boolean {
    if (this.#bytes[this.#at] !== BREAK) return false;
    this.#at++;
    return true;
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new CborError('the message ends within a value');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

/**
 * A float of 1.42 is 1.4199999570846558 as a double: seven digits are all that it has. A whole number is what it is: a
 * time would move by minutes.
 */
function singleFloat(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(7));
}

/** Five bits of exponent, ten of fraction [RFC 8949, D]. */
function halfFloat(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
