/**
 * What an operator's mapping reads bytes with: `$bytes`, `$uint`, `$int`, `$float`, `$bits`, `$fields`.
 *
 * JSONata has text and numbers only, and a sensor without a codec sends base64. Registered by mapping-thread.ts in each
 * expression. Invariants: a call takes time in proportion to its bytes, which are bounded; what is not there to be read
 * is an error that says what was wanted of how much, and never another number; nothing in makes nothing.
 */
import type { Expression } from 'jsonata';

/** A LoRaWAN uplink has 242 at most. */
const MAX_BYTES = 4_096;
/** Of a whole number: 48 bits are exact in a double. */
const MAX_INTEGER_BYTES = 6;
const MAX_BITS = 48;
/** Keys of one table: each byte of a message is held against all of them. */
const MAX_FIELD_KEYS = 256;
/** A single character behind the last four has no whole byte: the text was cut. */
const BASE64 = /^(?:[A-Za-z0-9+/_-]{4})*(?:[A-Za-z0-9+/_-]{2,3})?={0,2}$/;
const HEX = /^(?:[0-9a-f]{2})*$/i;

class BytesError extends Error {
  readonly code = 'BYTES_UNREADABLE';
}

/** Makes the functions known to an expression. */
export function registerByteFunctions(expression: Expression): void {
  for (const [name, call] of Object.entries(BYTE_FUNCTIONS)) expression.registerFunction(name, call);
}

type Call = (...given: unknown[]) => unknown;

const BYTE_FUNCTIONS: Readonly<Record<string, Call>> = {
  /** `$bytes(text)` of base64, `$bytes(text, "hex")`: whole numbers from 0 to 255. */
  bytes: (text, encoding = 'base64') => (text === undefined ? undefined : parseBytes(text, encoding)),
  uint: (bytes, at, length) => readInteger('uint', bytes, at, length, (b, n) => b.readUIntBE(0, n)),
  uintLE: (bytes, at, length) => readInteger('uintLE', bytes, at, length, (b, n) => b.readUIntLE(0, n)),
  int: (bytes, at, length) => readInteger('int', bytes, at, length, (b, n) => b.readIntBE(0, n)),
  intLE: (bytes, at, length) => readInteger('intLE', bytes, at, length, (b, n) => b.readIntLE(0, n)),
  float: (bytes, at, length = 4) =>
    readFloat('float', bytes, at, length, (b) => (b.length === 4 ? b.readFloatBE() : b.readDoubleBE())),
  floatLE: (bytes, at, length = 4) =>
    readFloat('floatLE', bytes, at, length, (b) => (b.length === 4 ? b.readFloatLE() : b.readDoubleLE())),
  /** `$bits(number, first, count)`: so many bits of a whole number, the lowest is 0. */
  bits: (number, first, count = 1) => (number === undefined ? undefined : readBits(number, first, count)),
  /** `$fields(bytes, {"0175": 1, "0382": 2})`: the bytes behind each key, for frames of keys with a known length. */
  fields: (bytes, lengths) =>
    bytes === undefined ? undefined : readFields(bytesOf('fields', bytes), lengths),
};

function parseBytes(text: unknown, encoding: unknown): number[] {
  if (encoding !== 'base64' && encoding !== 'hex') throw new BytesError('$bytes: say "base64" or "hex"');
  if (typeof text !== 'string') throw new BytesError(`$bytes: expected a text, found ${typeof text}`);
  const plain = text.replace(/\s/g, '');
  // Two characters a byte at most; a message has a quarter of a million.
  if (plain.length > 2 * MAX_BYTES) throw new BytesError(`$bytes: more than ${MAX_BYTES} bytes`);
  if (!(encoding === 'hex' ? HEX : BASE64).test(plain)) {
    throw new BytesError(`$bytes: ${JSON.stringify(text.slice(0, 40))} is no ${encoding}`);
  }
  const bytes = Buffer.from(plain, encoding);
  if (bytes.length > MAX_BYTES) throw new BytesError(`$bytes: more than ${MAX_BYTES} bytes`);
  return [...bytes];
}

function bytesOf(name: string, value: unknown): readonly number[] {
  const list = Array.isArray(value) ? value : [value];
  const isBytes = list.every((each) => Number.isInteger(each) && each >= 0 && each <= 255);
  if (!isBytes || list.length > MAX_BYTES) throw new BytesError(`$${name}: its first word must be $bytes(…)`);
  return list;
}

function cut(name: string, value: unknown, at: unknown, length: number): Buffer {
  const bytes = bytesOf(name, value);
  if (!Number.isInteger(at) || (at as number) < 0) {
    throw new BytesError(`$${name}: expected the place of its first byte, from 0`);
  }
  const first = at as number;
  if (first + length > bytes.length) {
    throw new BytesError(`$${name}: bytes ${first} to ${first + length - 1} of a message of ${bytes.length}`);
  }
  return Buffer.from(bytes.slice(first, first + length));
}

function readInteger(
  name: string,
  bytes: unknown,
  at: unknown,
  length: unknown,
  read: (bytes: Buffer, length: number) => number,
): number | undefined {
  if (bytes === undefined) return undefined;
  if (!Number.isInteger(length) || (length as number) < 1 || (length as number) > MAX_INTEGER_BYTES) {
    throw new BytesError(`$${name}: its third word is a length of 1 to ${MAX_INTEGER_BYTES} bytes`);
  }
  return read(cut(name, bytes, at, length as number), length as number);
}

function readFloat(
  name: string,
  bytes: unknown,
  at: unknown,
  length: unknown,
  read: (bytes: Buffer) => number,
): number | undefined {
  if (bytes === undefined) return undefined;
  if (length !== 4 && length !== 8) throw new BytesError(`$${name}: its third word is 4 or 8 bytes`);
  const number = read(cut(name, bytes, at, length));
  if (!Number.isFinite(number)) return undefined;
  // A float of four bytes has seven digits: 1.42 and not 1.4199999570846558.
  return length === 4 ? Number(number.toPrecision(7)) : number;
}

function readBits(number: unknown, first: unknown, count: unknown): number {
  // No word is made a number: null and "" would be 0.
  const [value, from, width] = [number, first, count] as [number, number, number];
  const isSound =
    Number.isSafeInteger(value) && value >= 0 && Number.isInteger(from) && Number.isInteger(width);
  if (!isSound || from < 0 || width < 1 || from + width > MAX_BITS) {
    throw new BytesError('$bits: expected a whole number from 0, its first bit and how many bits');
  }
  // Not by operators on bits, which know 32 of them.
  return Math.floor(value / 2 ** from) % 2 ** width;
}

/** Up to the first key that is not in the table: what stands behind it has no known length. */
function readFields(bytes: readonly number[], lengths: unknown): Record<string, number[]> {
  const entries = Object.entries((lengths ?? {}) as Record<string, unknown>);
  if (entries.length > MAX_FIELD_KEYS) throw new BytesError(`$fields: more than ${MAX_FIELD_KEYS} keys`);
  const table = entries.map(([key, length]) => {
    if (!HEX.test(key) || key === '' || !Number.isInteger(length) || (length as number) < 0) {
      throw new BytesError('$fields: expected keys in hex with the number of bytes behind each: {"0382": 2}');
    }
    return { key: key.toLowerCase(), bytes: Buffer.from(key, 'hex'), length: length as number };
  });
  const all = Buffer.from(bytes);
  const found: Record<string, number[]> = {};
  for (let at = 0; at < all.length; ) {
    const field = table.find((each) => all.subarray(at, at + each.bytes.length).equals(each.bytes));
    if (!field) break;
    const begin = at + field.bytes.length;
    if (begin + field.length > all.length) {
      throw new BytesError(
        `$fields: ${field.key} wants ${field.length} bytes, ${all.length - begin} are left`,
      );
    }
    found[field.key] = [...all.subarray(begin, begin + field.length)];
    at = begin + field.length;
  }
  return found;
}
