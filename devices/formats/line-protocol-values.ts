/**
 * The values of line protocol: numbers, whole numbers, booleans, and times of a precision → ours.
 *
 * Part of line-protocol-lines.ts, apart for its length. Invariants: bounds are those of InfluxDB; a time keeps its
 * millisecond, whatever it is written in: 19 digits are more than a number of ours carries.
 */

export type FieldValue = number | string | boolean;

/** Tells why there is no value from a value that is a text. */
export class ValueFault {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

/** As clients write it → nanoseconds. */
const NS_BY_PRECISION = {
  n: 1n,
  ns: 1n,
  u: 1_000n,
  us: 1_000n,
  µ: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
} as const;
export type Precision = keyof typeof NS_BY_PRECISION;

export function isPrecision(text: string): text is Precision {
  return Object.hasOwn(NS_BY_PRECISION, text);
}

const NS_PER_MS = 1_000_000n;
/** InfluxDB keeps the two outermost of an int64 for itself. */
const LATEST_NS = 2n ** 63n - 2n;
const EARLIEST_NS = -(2n ** 63n) + 2n;
const LARGEST_INTEGER = 2n ** 63n - 1n;
const LARGEST_UNSIGNED = 2n ** 64n - 1n;

const TIME = /^-?\d{1,19}$/;
// The parts of each exclude each other, so that a long one that fails is not tried again and again.
const FLOAT = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d{1,30}i$/;
const UNSIGNED = /^\+?\d{1,30}u$/;
/** What is no number, as clients print it where a sensor had none. */
const NO_NUMBER = /^[+-]?(?:nan|inf(?:inity)?)$/i;
const TRUE: ReadonlySet<string> = new Set(['t', 'T', 'true', 'True', 'TRUE']);
const FALSE: ReadonlySet<string> = new Set(['f', 'F', 'false', 'False', 'FALSE']);

export function isNoNumber(token: string): boolean {
  return NO_NUMBER.test(token);
}

/** A field's value without quotes around it. */
export function parseFieldValue(token: string): number | boolean | ValueFault {
  if (token === '') return new ValueFault('missing field value');
  if (TRUE.has(token)) return true;
  if (FALSE.has(token)) return false;
  if (FLOAT.test(token) && Number.isFinite(Number(token))) return Number(token);
  const isUnsigned = UNSIGNED.test(token);
  if (!isUnsigned && !INTEGER.test(token)) return new ValueFault('invalid number');
  const whole = BigInt(token.slice(0, -1).replace('+', ''));
  const largest = isUnsigned ? LARGEST_UNSIGNED : LARGEST_INTEGER;
  const isInside = whole <= largest && whole >= -LARGEST_INTEGER - 1n;
  return isInside ? Number(whole) : new ValueFault(`${token}: value out of range`);
}

/** 2000 and 2100: as nanoseconds, numbers of these years in a coarser unit are of the first days after 1970. */
const [FROM_NS, UNTIL_NS] = [946_684_800n * 10n ** 9n, 4_102_444_800n * 10n ** 9n];
const COARSER: readonly Precision[] = ['s', 'ms', 'us'];

function precisionBySize(time: bigint): Precision {
  const isOfNow = (each: Precision): boolean => {
    const ns = time * NS_BY_PRECISION[each];
    return ns >= FROM_NS && ns < UNTIL_NS;
  };
  return COARSER.find(isOfNow) ?? 'ns';
}

/** Epoch ms, or why it is no time. `by-size`: where nobody said the precision, as with all other times of ours. */
export function parseLineTime(word: string, precision: Precision | 'by-size'): number | string {
  if (!TIME.test(word)) return 'bad timestamp';
  const time = BigInt(word);
  const ns = time * NS_BY_PRECISION[precision === 'by-size' ? precisionBySize(time) : precision];
  if (ns < EARLIEST_NS || ns > LATEST_NS) return 'time outside range';
  const belowMs = ((ns % NS_PER_MS) + NS_PER_MS) % NS_PER_MS;
  return Number((ns - belowMs) / NS_PER_MS);
}
