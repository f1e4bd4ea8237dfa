/**
 * Numbers as decimal digits straight into a buffer, for the line encoder.
 *
 * What devices send has few decimals, and for those the digits follow from one multiplication; the rest takes
 * the way of `String`. Invariant: the digits parse to exactly the double that was given. For the short way:
 * r = round(|v|·10^d) and 10^d are exact doubles, so r / 10^d is the double nearest to the decimal written,
 * which is what a parser gives; it is used only where that equals |v|.
 */

/** The longest of `String(number)` is 24 (`-1.7976931348623157e+308`); the short way writes at most 19. */
export const MAX_NUMBER_BYTES = 32;

const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
/** Below it the integer operations of 32 bits hold. */
const BILLION = 1_000_000_000;

/** Writes a finite number at `at`; returns where it ends. */
export function writeNumber(into: Uint8Array, at: number, value: number): number {
  if (Number.isSafeInteger(value)) return writeInteger(into, at, value);
  const size = Math.abs(value);
  if (size < BILLION / 1000) {
    const thousandths = Math.round(size * 1e3);
    if (thousandths / 1e3 === size) return writeDecimal(into, at, value < 0, thousandths, 3, 1e3);
    const smallest = Math.round(size * 1e7);
    if (smallest / 1e7 === size) return writeDecimal(into, at, value < 0, smallest, 7, 1e7);
  }
  return writeText(into, at, String(value));
}

/** Writes a whole number within ±(2^53 − 1). */
export function writeInteger(into: Uint8Array, at: number, value: number): number {
  let start = at;
  let rest = value;
  if (rest < 0) {
    into[start++] = MINUS;
    rest = -rest;
  }
  if (rest < BILLION) return writeDigits(into, start, rest, digitsOf(rest));
  const high = Math.floor(rest / BILLION);
  const middle = writeDigits(into, start, high, digitsOf(high));
  return writeDigits(into, middle, rest - high * BILLION, 9);
}

function writeDecimal(
  into: Uint8Array,
  at: number,
  negative: boolean,
  scaled: number,
  decimals: number,
  scale: number,
): number {
  let start = at;
  if (negative) into[start++] = MINUS;
  const whole = Math.floor(scaled / scale);
  start = writeDigits(into, start, whole, digitsOf(whole));
  into[start++] = POINT;
  let end = writeDigits(into, start, scaled - whole * scale, decimals);
  while (into[end - 1] === ZERO) end--;
  return end;
}

/** `count` digits of a number below 10^9, with zeros in front. */
function writeDigits(into: Uint8Array, at: number, value: number, count: number): number {
  let rest = value | 0;
  for (let index = at + count - 1; index >= at; index--) {
    const next = (rest / 10) | 0;
    into[index] = ZERO + (rest - next * 10);
    rest = next;
  }
  return at + count;
}

/** How many digits a whole number below 10^9 has; high parts of 2^53 have at most 7. */
function digitsOf(value: number): number {
  if (value < 10) return 1;
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return 9;
}

function writeText(into: Uint8Array, at: number, text: string): number {
  for (let index = 0; index < text.length; index++) into[at + index] = text.charCodeAt(index);
  return at + text.length;
}
