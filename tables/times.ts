/**
 * Times as people's files have them: any order of day and month, 08.30, AM and PM, seconds since 1970.
 *
 * A column is looked at as a whole: 03/04/2015 alone says nothing, 25/12/2015 in row 13 says it for all. Local times
 * become instants by Temporal; one that a change of the clocks repeats is the first of the two, one that it skips is
 * read with the offset from before. Invariant: a column that could be read in two ways is refused with the cell and
 * with what to pass; nothing is guessed.
 */
import { type Cell, describeCell } from './cells.ts';
import { TableError } from './table.ts';
import { type DateParts, parseTimeParts, type TimeParts } from './time-parts.ts';

export const DATE_ORDERS = ['day-first', 'month-first', 'year-first'] as const;
export type DateOrder = (typeof DATE_ORDERS)[number];

export interface TimeReader {
  /** Epoch ms; undefined when it is no time. */
  parse(text: string): number | undefined;
  readonly notes: readonly string[];
}

export interface TimeOptions {
  /** IANA zone of times without an offset. */
  readonly timeZone: string;
  readonly dates?: DateOrder | undefined;
}

/** 9 digits of seconds are the years 1973 to 2001, 10 digits up to 2286. */
const EPOCH_S = /^\d{9,10}(?:[.,]\d+)?$/;
const EPOCH_MS = /^\d{13}$/;
/** 2015122608 is 8 o'clock of a day, and a second in 2033. */
const HOUR_OF_DAY = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])$/;

/** Throws TableError when the column is ambiguous or contradicts itself. */
export function createTimeReader(
  cells: readonly Cell[],
  column: string,
  { timeZone, dates }: TimeOptions,
): TimeReader {
  refuseUnknownZone(timeZone);
  const hourOfDay = cells.find(({ text }) => HOUR_OF_DAY.test(text));
  if (hourOfDay) {
    throw new TableError(
      `column "${column}", ${describeCell(hourOfDay)}: an hour of a day or seconds since 1970? Write it as 2015-12-26 08:00`,
    );
  }
  const { orders, notes } = sniffOrders(cells, column, dates);
  return {
    notes,
    parse(text) {
      if (EPOCH_MS.test(text)) return Number(text);
      if (EPOCH_S.test(text)) return Math.round(Number(text.replace(',', '.')) * 1000);
      const parts = parseTimeParts(text);
      const order = parts && orders[parts.date.shape];
      return order && toInstantMs(parts, order, timeZone);
    },
  };
}

function refuseUnknownZone(timeZone: string): void {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(timeZone);
  } catch (error) {
    throw new TableError(`${timeZone} is no time zone; write one as Asia/Jakarta or UTC`, { cause: error });
  }
}

/** One time that stands alone, as on a command line. Throws TableError. */
export function parseTime(text: string, options: TimeOptions): number {
  const { parse } = createTimeReader([{ line: 1, text: text.trim() }], text, options);
  const atMs = parse(text.trim());
  if (atMs === undefined) throw new TableError(`${text} is no time; write 2015-12-26 08:00`);
  return atMs;
}

/** `2015-12-26 08:00` on a clock of the zone. */
export function formatTime(atMs: number, timeZone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(timeZone);
  return local.toPlainDateTime().toString({ smallestUnit: 'minute' }).replace('T', ' ');
}

type Orders = Partial<Record<DateParts['shape'], DateOrder>>;

function sniffOrders(
  cells: readonly Cell[],
  column: string,
  chosen: DateOrder | undefined,
): { orders: Orders; notes: string[] } {
  const orders: Orders = { 'year-first': 'year-first', 'named-month': 'year-first' };
  const notes: string[] = [];
  for (const shape of ['year-last', 'short-year'] as const) {
    const votes = new OrderVotes(shape);
    for (const cell of chosen ? [] : cells) votes.count(cell, column);
    if (chosen) orders[shape] = chosen;
    else if (votes.seen) {
      const { order, because } = votes.decide(column);
      orders[shape] = order;
      if (because) notes.push(`"${column}" is read as ${order}, ${because}`);
    }
  }
  return { orders, notes };
}

/** Which orders of day, month and year all dates of one shape allow. */
class OrderVotes {
  readonly #shape: DateParts['shape'];
  #left: readonly DateOrder[];
  /** The cell that left one order only. */
  #decidedBy: Cell | undefined;
  /** The first cell that reads differently in the orders that are left. */
  #undecided: Cell | undefined;
  #isDotted = true;
  seen = false;

  constructor(shape: 'year-last' | 'short-year') {
    this.#shape = shape;
    this.#left = shape === 'year-last' ? ['day-first', 'month-first'] : DATE_ORDERS;
  }

  count(cell: Cell, column: string): void {
    const date = parseTimeParts(cell.text)?.date;
    if (date?.shape !== this.#shape) return;
    const possible = this.#allOrders().filter((order) => isPossible(orderDate(date, order)));
    if (possible.length === 0) return;
    this.seen = true;
    this.#isDotted &&= date.separator === '.';
    const left = this.#left.filter((order) => possible.includes(order));
    if (left.length === 0) {
      throw new TableError(
        `column "${column}" is ${this.#left.join(' or ')} in ${describeCell(this.#decidedBy ?? cell)} and ${possible.join(' or ')} in ${describeCell(cell)}; pass --dates ${this.#left[0]} or --dates ${possible[0]}`,
      );
    }
    if (left.length < this.#left.length) this.#decidedBy = cell;
    if (left.length > 1 && isAmbiguous(date, left)) this.#undecided ??= cell;
    this.#left = left;
  }

  decide(column: string): { order: DateOrder; because?: string } {
    const order = this.#left[0] as DateOrder;
    if (this.#left.length === 1 && this.#decidedBy) {
      return { order, because: `from ${describeCell(this.#decidedBy)}` };
    }
    if (this.#left.length === 1 || !this.#undecided) return { order };
    // Nobody writes dots with the month in front.
    if (this.#isDotted && order === 'day-first') return { order, because: 'as dates with dots are' };
    const options = this.#left.map((each) => `--dates ${each}`).join(' or ');
    throw new TableError(
      `column "${column}", ${describeCell(this.#undecided)}: which number is the day? No date of the file says it; pass ${options}`,
    );
  }

  #allOrders(): readonly DateOrder[] {
    return this.#shape === 'year-last' ? ['day-first', 'month-first'] : DATE_ORDERS;
  }
}

interface YearMonthDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function orderDate({ numbers: [first, second, third], shape }: DateParts, order: DateOrder): YearMonthDay {
  const [year, month, day] =
    order === 'year-first'
      ? [first, second, third]
      : order === 'day-first'
        ? [third, second, first]
        : [third, first, second];
  return { year: shape === 'short-year' ? toFullYear(year) : year, month, day };
}

/** 70 to 99 are of the last century, as in POSIX. */
function toFullYear(year: number): number {
  return year < 70 ? 2000 + year : 1900 + year;
}

function isPossible({ year, month, day }: YearMonthDay): boolean {
  return year >= 1000 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function isAmbiguous(date: DateParts, orders: readonly DateOrder[]): boolean {
  const dates = orders.map((order) => JSON.stringify(orderDate(date, order)));
  return new Set(dates).size > 1;
}

function toInstantMs({ date, clock }: TimeParts, order: DateOrder, timeZone: string): number | undefined {
  const { year, month, day } = orderDate(date, order);
  if (!isPossible({ year, month, day })) return undefined;
  if (day > new Temporal.PlainYearMonth(year, month).daysInMonth) return undefined;
  const { hour, minute, second, millisecond, offset } = clock;
  const midnight = new Temporal.PlainDate(year, month, day);
  const local = midnight
    .add({ days: hour === 24 ? 1 : 0 })
    .toPlainDateTime({ hour: hour % 24, minute, second, millisecond });
  return local.toZonedDateTime(offset ?? timeZone).epochMilliseconds;
}
