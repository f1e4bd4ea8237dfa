/**
 * The layout of one encoded reading, in float64:
 *
 *   [length, device, measuredAt | receivedAt, seq, flags, mask, value, value …]
 *
 * The part after the bar is what the journal stores as the row's record; before it stand the columns of the
 * table. Bit i of the mask says that column i of the kind is present; seq is NaN when absent; flags are
 * quality × 2 + simulated. Shared by the event loop, the journal's threads and history.
 */
export const RECORD_LENGTH = 0;
export const RECORD_DEVICE = 1;
export const RECORD_MEASURED_AT = 2;
/** The stored part starts here: receivedAt, seq (NaN when absent), flags, mask, values. */
export const RECORD_STORED = 3;
export const STORED_SEQ = 1;
export const STORED_FLAGS = 2;
export const STORED_MASK = 3;
export const STORED_VALUES = 4;
export const HEADER_LENGTH = RECORD_STORED + STORED_VALUES;

/** The mask is tested with 32-bit operators; bit 31 is the sign. */
export const MAX_COLUMNS = 31;
/** A growing buffer of encoded readings; `values.buffer` goes to a worker as it is. */
export interface RecordBuffer {
  values: Float64Array<ArrayBuffer>;
  length: number;
}

export function createRecordBuffer(capacity: number): RecordBuffer {
  return { values: new Float64Array(capacity), length: 0 };
}

/** Room for `more` numbers, by doubling. */
export function reserve(target: RecordBuffer, more: number): void {
  const needed = target.length + more;
  if (needed <= target.values.length) return;
  const larger = new Float64Array(Math.max(needed, target.values.length * 2));
  larger.set(target.values.subarray(0, target.length));
  target.values = larger;
}

/** Quality bits of a stored record. */
export function storedQuality(numbers: Float64Array, at: number): number {
  return Math.floor((numbers[at + STORED_FLAGS] as number) / 2);
}

/**
 * 48 bits over mask and values: with the device and the time, the identity of a reading. Two murmur-like
 * lanes over the 32-bit halves of each float64. Two different readings of one device and one instant fall
 * together once in 2^48; a 48-bit integer takes 6 bytes in SQLite.
 */
export function digestOf(halves: Uint32Array, storedAt: number, recordEnd: number): number {
  let a = 0x9e3779b1;
  let b = 0x85ebca77;
  for (let i = (storedAt + STORED_MASK) * 2; i < recordEnd * 2; i++) {
    const half = halves[i] as number;
    a = Math.imul(a ^ half, 0xcc9e2d51);
    a ^= a >>> 15;
    b = Math.imul(b ^ half, 0x1b873593);
    b ^= b >>> 13;
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  b = Math.imul(b ^ (b >>> 16), 0xc2b2ae35);
  return (a >>> 0) * 0x1_0000 + ((b ^ (b >>> 16)) & 0xffff);
}
