/**
 * parseLocalTime: a moment as loggers and modems write it, on the clock of the city → epoch milliseconds.
 *
 * Asked by ingest for what parse-time.ts does not read: a local time without an offset, digits without separators, the
 * day first, a month as a word, WIB, what a modem answers to AT+CCLK. Such a time is meant on the wall clock of the
 * place. Invariants: what could be two moments (5/11, a year of two digits, an hour that a change of the clocks
 * repeats) is refused with the reason and never guessed; bounded: what is longer than any time is none.
 */
/** Why it is not read, as the end of a sentence that begins with the value. */
export class LocalTimeFault {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

const MAX_CHARACTERS = 48;
const ADVICE = 'write 2026-11-28T13:00:00+07:00';

const CLOCK = String.raw`(\d{1,2})(?:[:.h](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,9}))?)?)?\s*([ap]\.?m\.?)?\s*(Z|[A-Z]{2,5}|[+-]\d{2}(?::?\d{2})?)?`;
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})[T ,]+${CLOCK}$`, 'i');
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})[T ,]+${CLOCK}$`, 'i');
/** `Sat, 28 Nov 2026 13:00`, `28-Nov-2026 13:00` */
const DAY_MONTH = new RegExp(
  String.raw`^(?:[a-z]{3,9},? +)?(\d{1,2})[ -]([a-z]{3,9})[ ,-]+(\d{4})[T ,]+${CLOCK}$`,
  'i',
);
/** `Nov 28, 2026 13:00`, and as C's asctime writes it: `Sat Nov 28 13:00:00 2026`. */
const MONTH_DAY = new RegExp(
  String.raw`^(?:[a-z]{3,9},? +)?([a-z]{3,9}) +(\d{1,2}),? +(\d{4})[T ,]+${CLOCK}$`,
  'i',
);
const ASCTIME = /^(?:[a-z]{3} +)([a-z]{3}) +(\d{1,2}) +(\d{2}):(\d{2}):(\d{2}) +(\d{4})$/i;
const COMPACT_PARTS =
  /^(\d{4})(\d\d)(\d\d)[T ]?(\d\d)(\d\d)(?:(\d\d)(?:[.,]?(\d{3}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;
/** 3GPP TS 27.007, +CCLK: `26/11/28,13:00:00+28`, the offset in quarters of an hour. */
const CCLK = /^(\d\d)\/(\d\d)\/(\d\d),(\d\d):(\d\d):(\d\d)([+-])(\d\d)$/;

const SHORT_YEAR = /^\d{1,2}([-/.])\d{1,2}\1\d{2}\b.*\d[:.h]\d\d/i;
/** YYMMDDhhmmss or DDMMYYhhmmss. */
const SHORT_YEAR_DIGITS = /^\d{2}(?:0[1-9]|1[0-2])\d{2}(?:[01]\d|2[0-3])[0-5]\d[0-5]\d$/;
const DATE_ALONE = /^(?:\d{4}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}([-/.])\d{1,2}\2\d{4})$/;
const CLOCK_ALONE = /^\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[ap]m)?$/i;

/** English and Indonesian, by the first three letters. */
const MONTHS: Readonly<Record<string, number>> = {
  ...{ jan: 1, feb: 2, mar: 3, apr: 4, may: 5, mei: 5, jun: 6, jul: 7, aug: 8, agu: 8, ags: 8, sep: 9 },
  ...{ oct: 10, okt: 10, nov: 11, nop: 11, dec: 12, des: 12 },
};
/** Zones that mean one thing: UTC, and those of Indonesia. */
const ZONES: Readonly<Record<string, string>> = {
  ...{ z: '+00:00', utc: '+00:00', gmt: '+00:00', wib: '+07:00', wita: '+08:00', wit: '+09:00' },
};

type Part = string | undefined;

interface Parts {
  readonly date: readonly [year: number, month: number, day: number];
  /** Hour, minute, second, fraction, AM or PM, zone, as they stand. */
  readonly clock: readonly Part[];
}

/** Epoch ms; why not, where it is a time; undefined where it is none at all. */
export function parseLocalTime(value: unknown, timeZone: string): number | LocalTimeFault | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value).trim();
  if (text.length > MAX_CHARACTERS) return undefined;
  const parts = readCompact(text) ?? readNumeric(text) ?? readNamedMonth(text);
  if (parts === undefined) return explainOther(text);
  return parts instanceof LocalTimeFault ? parts : toInstantMs(parts, timeZone);
}

function readCompact(text: string): Parts | undefined {
  const modem = CCLK.exec(text);
  if (modem) {
    const [, year, month, day, hour, minute, second, sign, quarters] = modem;
    const offsetMin = Number(quarters) * 15;
    const offset = `${sign}${twoDigits(Math.floor(offsetMin / 60))}:${twoDigits(offsetMin % 60)}`;
    const clock = [hour, minute, second, undefined, undefined, offset];
    return { date: [2000 + Number(year), Number(month), Number(day)], clock };
  }
  const match = COMPACT_PARTS.exec(text);
  if (!match || !/^(?:19|20)/.test(text)) return undefined;
  const [, year, month, day, hour, minute, second, ms, zone] = match;
  const clock = [hour, minute, second, ms, undefined, zone];
  return { date: [Number(year), Number(month), Number(day)], clock };
}

function readNumeric(text: string): Parts | LocalTimeFault | undefined {
  const first = YEAR_FIRST.exec(text);
  if (first) return { date: [Number(first[1]), Number(first[3]), Number(first[4])], clock: first.slice(5) };
  const last = YEAR_LAST.exec(text);
  if (!last) return undefined;
  const [, a, separator, b, year] = last;
  const [one, two] = [Number(a), Number(b)];
  // With dots the day stands first wherever people write so.
  const isDayFirst = one > 12 || one === two || separator === '.';
  if (!isDayFirst && two <= 12) return new LocalTimeFault(`is ${one} the day or the month? ${ADVICE}`);
  const [day, month] = isDayFirst ? [one, two] : [two, one];
  return { date: [Number(year), month, day], clock: last.slice(5) };
}

function readNamedMonth(text: string): Parts | undefined {
  const asctime = ASCTIME.exec(text);
  if (asctime) return namedParts(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6));
  const dayFirst = DAY_MONTH.exec(text);
  if (dayFirst) return namedParts(dayFirst[3], dayFirst[2], dayFirst[1], dayFirst.slice(4));
  const monthFirst = MONTH_DAY.exec(text);
  return monthFirst
    ? namedParts(monthFirst[3], monthFirst[1], monthFirst[2], monthFirst.slice(4))
    : undefined;
}

function namedParts(year: Part, word: Part, day: Part, clock: readonly Part[]): Parts | undefined {
  const month = MONTHS[(word ?? '').slice(0, 3).toLowerCase()];
  return month === undefined ? undefined : { date: [Number(year), month, Number(day)], clock };
}

/** What looks like a time and says too little. */
function explainOther(text: string): LocalTimeFault | undefined {
  if (SHORT_YEAR.test(text) || SHORT_YEAR_DIGITS.test(text))
    return new LocalTimeFault(`which of the numbers is the year? ${ADVICE}`);
  if (DATE_ALONE.test(text)) return new LocalTimeFault(`a date without a time of day; ${ADVICE}`);
  return CLOCK_ALONE.test(text) ? new LocalTimeFault(`a time of day without a date; ${ADVICE}`) : undefined;
}

function toInstantMs({ date: [year, month, day], clock }: Parts, timeZone: string): number | LocalTimeFault {
  const [hourText, minute, second, fraction, half, zone] = clock;
  const offset = zone === undefined ? timeZone : offsetOf(zone);
  if (offset === undefined)
    return new LocalTimeFault(`no zone ${JSON.stringify(zone)} that means one thing; ${ADVICE}`);
  // An hour alone is a clock only with its half of the day: "8 AM".
  if (minute === undefined && half === undefined)
    return new LocalTimeFault(`an hour without its minutes; ${ADVICE}`);
  const hour = hourOf(Number(hourText), half);
  const millisecond = Number((fraction ?? '').padEnd(3, '0').slice(0, 3));
  try {
    return Temporal.PlainDateTime.from(
      { year, month, day, hour, minute: Number(minute ?? 0), second: Number(second ?? 0), millisecond },
      { overflow: 'reject' },
    ).toZonedDateTime(offset, { disambiguation: 'reject' }).epochMilliseconds;
  } catch {
    // RangeError: no such day or hour, or one that a change of the clocks left out or repeated.
    return new LocalTimeFault(`no such moment, or two, on a clock of ${offset}; ${ADVICE}`);
  }
}

/** −1, which no clock has, beyond 12 with AM or PM. */
function hourOf(hour: number, half: Part): number {
  if (half === undefined) return hour;
  return hour < 1 || hour > 12 ? -1 : (hour % 12) + (/^p/i.test(half) ? 12 : 0);
}

/** Undefined for letters that mean several zones (CST, IST), and beyond what any place on Earth has. */
function offsetOf(zone: string): string | undefined {
  if (/^[a-z]/i.test(zone)) return ZONES[zone.toLowerCase()];
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const [hours, minutes] = [digits.slice(0, 2), digits.slice(2)];
  return Number(hours) <= 14 && Number(minutes) <= 59 ? `${zone[0]}${hours}:${minutes}` : undefined;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
