/**
 * What stands in one cell of time: numbers in their order, before it is known which of them is the day.
 *
 * Below the reader of a column (`times.ts`), which decides the order. Invariant: a text that is not wholly a time
 * gives nothing.
 */

/** Numbers of a date as they stand; `month` is set where it is written as a word. */
export interface DateParts {
  readonly numbers: readonly [number, number, number];
  /** Digits of the year, and where it stands: a year of four digits is seen, one of two must be found out. */
  readonly shape: 'year-first' | 'year-last' | 'short-year' | 'named-month';
  readonly separator: string;
}

export interface ClockParts {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  /** `+07:00`; undefined when the zone of the file counts. */
  readonly offset?: string;
}

/** Midnight where no clock is written. */
const MIDNIGHT: ClockParts = { hour: 0, minute: 0, second: 0, millisecond: 0 };
const NUMERIC_DATE = /^(\d{1,4})([-/.])(\d{1,2})\2(\d{4}|\d{1,2})(?=$|[\sT,])/;
const DAY_NAMED_MONTH = /^(\d{1,2})[\s./-]*([a-z]{3,9})[\s./,-]*(\d{4})(?=$|[\sT,])/i;
const NAMED_MONTH_DAY = /^([a-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})(?=$|[\sT,])/i;
const COMPACT_DATE = /^(\d{4})(\d{2})(\d{2})(?=$|T?\d{4}(?:\d{2})?(?:Z|[+-]\d|$))/;
const CLOCK =
  /^[\sT,]*(\d{1,2})(?:[:.h](\d{2})(?:[:.](\d{2})(?:[.,](\d{1,9}))?)?)?\s*([ap]\.?m\.?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/i;
const COMPACT_CLOCK = /^T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** English and Indonesian, by the first three letters. */
const MONTHS: Readonly<Record<string, number>> = {
  ...{ jan: 1, feb: 2, mar: 3, apr: 4, may: 5, mei: 5, jun: 6, jul: 7, aug: 8, agu: 8, sep: 9 },
  ...{ oct: 10, okt: 10, nov: 11, dec: 12, des: 12 },
};

export interface TimeParts {
  readonly date: DateParts;
  readonly clock: ClockParts;
}

export function parseTimeParts(text: string): TimeParts | undefined {
  const found = parseDate(text);
  if (!found) return undefined;
  const rest = text.slice(found.length);
  const clock = rest === '' ? MIDNIGHT : parseClock(rest, found.date.separator === '');
  return clock && { date: found.date, clock };
}

function parseDate(text: string): { date: DateParts; length: number } | undefined {
  const numeric = NUMERIC_DATE.exec(text);
  if (numeric) {
    const [all, first = '', separator = '', second = '', third = ''] = numeric;
    if (first.length === 3 || (first.length === 4 && third.length === 4)) return undefined;
    const shape = first.length === 4 ? 'year-first' : third.length === 4 ? 'year-last' : 'short-year';
    const numbers = [Number(first), Number(second), Number(third)] as const;
    return { date: { numbers, shape, separator }, length: all.length };
  }
  const compact = COMPACT_DATE.exec(text);
  if (compact) {
    const numbers = [Number(compact[1]), Number(compact[2]), Number(compact[3])] as const;
    return { date: { numbers, shape: 'year-first', separator: '' }, length: compact[0].length };
  }
  return parseNamedMonth(text);
}

function parseNamedMonth(text: string): { date: DateParts; length: number } | undefined {
  const dayFirst = DAY_NAMED_MONTH.exec(text);
  const match = dayFirst ?? NAMED_MONTH_DAY.exec(text);
  if (!match) return undefined;
  const [day, word = ''] = dayFirst ? [match[1], match[2]] : [match[2], match[1]];
  const month = MONTHS[word.slice(0, 3).toLowerCase()];
  if (month === undefined) return undefined;
  const numbers = [Number(match[3]), month, Number(day)] as const;
  return { date: { numbers, shape: 'named-month', separator: ' ' }, length: match[0].length };
}

function parseClock(text: string, isCompact: boolean): ClockParts | undefined {
  const match = (isCompact ? COMPACT_CLOCK.exec(text) : null) ?? CLOCK.exec(text);
  if (!match) return undefined;
  const isCompactMatch = match.length === 5;
  const [, hourText = '', minute, second, fraction, half, zone] = isCompactMatch
    ? [...match.slice(0, 4), undefined, undefined, match[4]]
    : match;
  // An hour alone is a clock only with its half of the day: "8 AM".
  if (minute === undefined && half === undefined) return undefined;
  const hour = toHour(Number(hourText), half);
  if (hour === undefined || Number(minute ?? 0) > 59 || Number(second ?? 0) > 59) return undefined;
  const offset = zone === undefined ? undefined : toOffset(zone);
  if (zone !== undefined && offset === undefined) return undefined;
  if (hour === 24 && (Number(minute ?? 0) > 0 || Number(second ?? 0) > 0)) return undefined;
  return {
    hour,
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    millisecond: Number((fraction ?? '').padEnd(3, '0').slice(0, 3)),
    ...(offset === undefined ? {} : { offset }),
  };
}

/** 0 to 24: hydrologists end a day at 24:00. */
function toHour(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour <= 24 ? hour : undefined;
  if (hour < 1 || hour > 12) return undefined;
  return (hour % 12) + (/^p/i.test(half) ? 12 : 0);
}

/** Undefined beyond what any place on Earth has. */
function toOffset(zone: string): string | undefined {
  if (/^[a-z]/i.test(zone)) return '+00:00';
  const digits = zone.slice(1).replace(':', '').padEnd(4, '0');
  const [hours, minutes] = [digits.slice(0, 2), digits.slice(2)];
  return Number(hours) <= 14 && Number(minutes) <= 59 ? `${zone[0]}${hours}:${minutes}` : undefined;
}
