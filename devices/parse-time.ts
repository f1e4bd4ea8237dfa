/**
 * parseTime: a moment as devices, people and files write it → epoch milliseconds.
 *
 * The one parser of the house for what a program wrote: ingest, formats and API ask it; people's files are read by
 * tables/times.ts, and what devices write on the clock of their city by local-time.ts. Invariants: what is ambiguous
 * (a local time without an offset, be it in digits alone) or no date (30 February) is refused and never guessed;
 * `parseTime` of a moment that `Date.toISOString` wrote is that moment.
 */

/**
 * RFC 3339, and what is as clear beside it: `+0700`, `+07` and ` +0700` as strftime writes them, `UTC` and `GMT`, no
 * seconds, a comma before the fraction. The offset is not optional: a local time without one is seven hours wrong in
 * Semarang.
 */
const WITH_OFFSET =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?(?:[Zz]|UTC|GMT)| ?([+-])(\d\d)(?::?(\d\d))?)$/;
const EPOCH_TEXT = /^\d{1,19}(?:\.\d{1,9})?$/;
/**
 * 20261128130000, with or without its seconds and milliseconds: a local time in digits. As an epoch it would be a day
 * of 1976 or of 2612, which no device means.
 */
const LOCAL_DIGITS =
  /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\.?\d{3})?)?$/;

/**
 * Epoch numbers are told apart by their size. 10¹¹ s is the year 5138, 10¹¹ ms is 1973; 10¹⁴ ms is the year 5138
 * again, and so on: seconds, milliseconds, microseconds, nanoseconds.
 */
const SECONDS_BELOW = 1e11;
const MILLISECONDS_BELOW = 1e14;
const MICROSECONDS_BELOW = 1e17;
/** The last moment of ECMAScript's dates, the year 275760. */
const LATEST_MS = 8.64e15;
const MS_PER_MIN = 60_000;

/** Epoch ms, or undefined where `value` is no moment. Negative numbers are none. */
export function parseTime(value: unknown): number | undefined {
  if (typeof value === 'number') return isLocalDigits(value) ? undefined : fromEpoch(value);
  if (typeof value !== 'string') return undefined;
  if (EPOCH_TEXT.test(value)) return LOCAL_DIGITS.test(value) ? undefined : fromEpoch(Number(value));
  const match = WITH_OFFSET.exec(value);
  return match ? fromParts(match) : undefined;
}

/** Nearly every number is told by its size alone. */
function isLocalDigits(value: number): boolean {
  const isLikely = (value >= 19e10 && value < 21e10) || (value >= 19e12 && value < 21e12);
  return isLikely && LOCAL_DIGITS.test(String(value));
}

function fromEpoch(value: number): number | undefined {
  if (!(value >= 0 && value < 1e20)) return undefined;
  if (value < SECONDS_BELOW) return Math.round(value * 1e3);
  if (value < MILLISECONDS_BELOW) return Math.round(value);
  if (value < MICROSECONDS_BELOW) return Math.round(value / 1e3);
  const ms = Math.round(value / 1e6);
  return ms <= LATEST_MS ? ms : undefined;
}

function fromParts(match: RegExpExecArray): number | undefined {
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6] ?? 0)];
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  // RFC 3339 allows a leap second; the first moment of the next minute is the same one.
  if (hour > 23 || minute > 59 || second > 60 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const ms = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const atUtc = new Date(0);
  atUtc.setUTCFullYear(year, month - 1, day);
  // Date rolls 30 February over into March, and a thirteenth month into January.
  if (atUtc.getUTCDate() !== day || atUtc.getUTCMonth() !== month - 1) return undefined;
  const local = atUtc.setUTCHours(hour, minute, second, ms);
  const offsetMs = (offsetHour * 60 + offsetMinute) * MS_PER_MIN;
  return match[8] === '-' ? local + offsetMs : local - offsetMs;
}
