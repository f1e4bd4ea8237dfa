/**
 * What is made of an hour of readings or of liveness in InfluxDB: the questions, and the lines that come of the
 * answers.
 *
 * Beside each measurement stands another, `river_gauge_1h`: one point a device and hour, at the hour's beginning, with
 * the same tags and the same field names, so that one panel's query reads both. A quantity is there by what its kind
 * says of it: the most of the hour, the least where that matters, the sum of what came since the last report; of a
 * state, of a counter and of what means something only together, the last. Beside them what cannot be had of those:
 * `<counter>Grown`, `<state>_<word>` (how many reports said it), `samples`; of liveness `up` and `upSamples` are sums.
 * Invariants: only sound readings count; what comes of an hour depends on nothing but that hour and, for what a counter
 * grew by, the hour before it.
 */
import type { DeviceKind } from '../../devices/device-kind.ts';
import type { Quantity } from '../../devices/quantity.ts';
import { type FieldValue, formatLine, type Tags } from '../../history/line-protocol.ts';
import { type InfluxQlSeries, quoteIdentifier, quoteLiteral } from '../server/influxql.ts';

export const HOUR_MS = 3_600_000;
export const HOURLY_SUFFIX = '_1h';
export const LIVENESS = 'siaga_liveness';

/** A measurement of which hours are made. */
export interface HourlySource {
  readonly measurement: string;
  /** The field that each of its points has. */
  readonly counted: string;
  /** Which points count, in InfluxQL. */
  readonly condition: string | undefined;
  /** Of a statement: `SELECT … FROM …` up to its WHERE. */
  readonly selects: readonly HourlySelect[];
}

interface HourlySelect {
  readonly select: string;
  readonly condition?: string;
  /** Fields that are 0 where the answer has nothing. */
  readonly zero?: string;
  /** Counters, whose growth is looked for from the hour before on. */
  readonly counters?: readonly string[];
}

const SOUND = '"sound" = 1';

export function hourlySources(kinds: ReadonlyMap<string, DeviceKind>): readonly HourlySource[] {
  const liveness: HourlySource = {
    measurement: LIVENESS,
    counted: 'state',
    condition: undefined,
    selects: [
      // What a kind samples is its own affair: whatever numbers there are.
      {
        select: `max(*), last("state") AS "state", count("state") AS "samples",
          sum("up") AS "up", count("up") AS "upSamples"`,
      },
    ],
  };
  return [...[...kinds.values()].filter(({ isOwn }) => !isOwn).map(sourceOfKind), liveness];
}

function sourceOfKind({ measurement, sentQuantities, together = [] }: DeviceKind): HourlySource {
  const names = Object.entries(sentQuantities);
  const inPairs = new Set(together.flat());
  const columns = names.map(([name, quantity]) => {
    const field = quoteIdentifier(name);
    return `${inPairs.has(name) ? 'last' : functionOf(quantity)}(${field}) AS ${field}`;
  });
  const words = names.flatMap(([name, quantity]) =>
    quantity.type === 'state' ? quantity.states.map((word) => ({ name, word })) : [],
  );
  const counters = names.filter(([, { type }]) => type === 'counter').map(([name]) => name);
  return {
    measurement,
    counted: 'sound',
    condition: SOUND,
    selects: [
      { select: `${columns.join(', ')}, max("sound") AS "sound", count("sound") AS "samples"` },
      ...words.map(({ name, word }) => ({
        select: `count(${quoteIdentifier(name)}) AS ${quoteIdentifier(wordField(name, word))}`,
        condition: `${quoteIdentifier(name)} = ${quoteLiteral(word)}`,
        zero: wordField(name, word),
      })),
      ...(counters.length > 0 ? [{ select: growth(counters), counters }] : []),
    ],
  };
}

function functionOf(quantity: Quantity): string {
  if (quantity.type !== 'gauge') return 'last';
  if (quantity.adds) return 'sum';
  return quantity.leastMatters ? 'min' : 'max';
}

/** How many reports of the hour said `word`. */
function wordField(name: string, word: string): string {
  return `${name}_${word.replaceAll('-', '_')}`;
}

/** By how much a counter grew in the hour. */
function grownField(counter: string): string {
  return `${counter}Grown`;
}

function growth(counters: readonly string[]): string {
  return counters
    .map((name) => `sum(${quoteIdentifier(name)}) AS ${quoteIdentifier(grownField(name))}`)
    .join(', ');
}

/** The lines of one hour, asked with `query`. */
export async function linesOfHour(
  source: HourlySource,
  city: string,
  hourMs: number,
  query: (statement: string) => Promise<readonly InfluxQlSeries[]>,
): Promise<string[]> {
  const points = new Map<string, { tags: Tags; fields: Record<string, FieldValue> }>();
  for (const select of source.selects) {
    for (const { tags = {}, columns, values } of await query(statementOf(source, select, city, hourMs))) {
      const key = JSON.stringify(Object.entries(tags).sort());
      // Growth, and words, of what has no point of its own in the hour: nothing.
      const point = points.get(key) ?? { tags, fields: {} };
      if (select === source.selects[0]) points.set(key, point);
      // Growth is asked from the hour before on, which is a row too.
      const row = values.find(([atMs]) => atMs === hourMs);
      Object.assign(point.fields, fieldsOf(columns, row ?? []));
    }
  }
  const zeros = source.selects.flatMap(({ zero }) => (zero === undefined ? [] : [[zero, 0] as const]));
  return [...points.values()].flatMap(({ tags, fields }) => {
    const all = { ...Object.fromEntries(zeros), ...fields };
    return formatLine(`${source.measurement}${HOURLY_SUFFIX}`, tags, all, hourMs) ?? [];
  });
}

function statementOf(
  { measurement, condition: ofSource }: HourlySource,
  { select, condition, counters }: HourlySelect,
  city: string,
  hourMs: number,
): string {
  const where = (fromMs: number) =>
    [
      `"city" = ${quoteLiteral(city)}`,
      `time >= ${fromMs}ms AND time < ${hourMs + HOUR_MS}ms`,
      ...(ofSource ? [ofSource] : []),
      ...(condition ? [condition] : []),
    ].join(' AND ');
  const from = quoteIdentifier(measurement);
  if (!counters) return `SELECT ${select} FROM ${from} WHERE ${where(hourMs)} GROUP BY time(1h), *`;
  const grown = counters.map((name) => {
    const field = quoteIdentifier(name);
    return `non_negative_difference(${field}) AS ${field}`;
  });
  // A bound of the outer one would be one of the inner one as well: both begin an hour before.
  return (
    `SELECT ${select} FROM (SELECT ${grown.join(', ')} FROM ${from} WHERE ${where(hourMs - HOUR_MS)} GROUP BY *) ` +
    `WHERE time >= ${hourMs - HOUR_MS}ms AND time < ${hourMs + HOUR_MS}ms GROUP BY time(1h), *`
  );
}

/** `max(*)` names its columns `max_levelM`. */
function fieldsOf(
  columns: readonly string[],
  values: readonly (string | number | boolean | null)[],
): Record<string, FieldValue> {
  const fields: Record<string, FieldValue> = {};
  for (const [at, column] of columns.entries()) {
    const value = values[at];
    if (column === 'time' || value === null || value === undefined || typeof value === 'boolean') continue;
    fields[column.replace(/^max_/, '')] = value;
  }
  return fields;
}

/** By the hours' beginnings: how many points of `field` count; `sum` of what says so itself. */
export function countStatement(
  { measurement, counted, condition }: HourlySource,
  city: string,
  fromMs: number,
  toMs: number,
): { raw: string; hourly: string } {
  const where = `"city" = ${quoteLiteral(city)} AND time >= ${fromMs}ms AND time < ${toMs}ms`;
  const only = condition ? ` AND ${condition}` : '';
  const by = 'GROUP BY time(1h) fill(none)';
  return {
    raw: `SELECT count(${quoteIdentifier(counted)}) FROM ${quoteIdentifier(measurement)} WHERE ${where}${only} ${by}`,
    hourly: `SELECT sum("samples") FROM ${quoteIdentifier(measurement + HOURLY_SUFFIX)} WHERE ${where} ${by}`,
  };
}
