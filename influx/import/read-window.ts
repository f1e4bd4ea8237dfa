/**
 * What an InfluxDB holds in a window of time, as lines in the order of time.
 *
 * Asked in InfluxQL, which 1.x, 2.x and 3 share. All measurements of a window are read together, since the lines of one
 * device and moment are one reading (devices/formats/line-protocol.ts). Invariant: at most `maxRows` rows are held; a
 * window with more is not read to its end, and its reader asks for a shorter one.
 */
import { formatLine } from '../../history/line-protocol.ts';
import { type InfluxQlSeries, quoteIdentifier, quoteLiteral } from '../server/influxql.ts';

export type Query = (statement: string) => Promise<readonly InfluxQlSeries[]>;

/** One measurement: where it is read, and which of its columns are tags. */
export interface Measurement {
  readonly name: string;
  readonly tags: ReadonlySet<string>;
}

export interface TimedLine {
  readonly atMs: number;
  readonly line: string;
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

const PAGE_ROWS = 5_000;

/** Those that are wanted; all where `wanted` is empty. Throws where one that is wanted is not there. */
export async function listMeasurements(query: Query, wanted: readonly string[]): Promise<Measurement[]> {
  const there = namesIn(await query('SHOW MEASUREMENTS'));
  const missing = wanted.filter((name) => !there.includes(name));
  if (missing.length > 0) {
    throw new Error(`no measurement ${missing.join(', ')}; there are: ${there.join(', ') || 'none'}`);
  }
  const measurements: Measurement[] = [];
  for (const name of wanted.length > 0 ? wanted : there) {
    const tags = namesIn(await query(`SHOW TAG KEYS FROM ${quoteIdentifier(name)}`));
    measurements.push({ name, tags: new Set(tags) });
  }
  return measurements;
}

/** When the first point was measured, epoch ms; undefined where there is none. */
export async function findBegin(
  query: Query,
  measurements: readonly Measurement[],
): Promise<number | undefined> {
  let begin: number | undefined;
  for (const { name } of measurements) {
    const [first] = await query(`SELECT * FROM ${quoteIdentifier(name)} ORDER BY time ASC LIMIT 1`);
    const atMs = first?.values[0]?.[0];
    if (typeof atMs === 'number' && (begin === undefined || atMs < begin)) begin = atMs;
  }
  return begin;
}

/**
 * The first point of every series: each name that the source has, once. Of the first, since what is older than what a
 * device has said already is late.
 */
export async function readFirstPoints(
  query: Query,
  measurements: readonly Measurement[],
): Promise<TimedLine[]> {
  const lines: TimedLine[] = [];
  for (const measurement of measurements) {
    const source = quoteIdentifier(measurement.name);
    const series = await query(`SELECT * FROM ${source} GROUP BY * ORDER BY time ASC LIMIT 1`);
    for (const each of series) lines.push(...toLines(measurement, each));
  }
  return lines;
}

/** The lines of [fromMs, toMs); undefined where they come from more than `maxRows` rows. */
export async function readWindow(
  query: Query,
  measurements: readonly Measurement[],
  { fromMs, toMs }: Span,
  maxRows: number,
): Promise<readonly TimedLine[] | undefined> {
  const lines: TimedLine[] = [];
  for (const measurement of measurements) {
    const complete = await readMeasurement(query, measurement, { fromMs, toMs }, maxRows, lines);
    if (!complete) return undefined;
  }
  return lines.sort((a, b) => a.atMs - b.atMs);
}

/** Page by page, each from the last moment of the one before on, whose rows come again. */
async function readMeasurement(
  query: Query,
  measurement: Measurement,
  { fromMs, toMs }: Span,
  maxRows: number,
  lines: TimedLine[],
): Promise<boolean> {
  let nextMs = fromMs;
  let limit = PAGE_ROWS;
  while (lines.length <= maxRows) {
    const from = `time >= ${quoteLiteral(new Date(nextMs).toISOString())}`;
    const to = `time < ${quoteLiteral(new Date(toMs).toISOString())}`;
    const source = quoteIdentifier(measurement.name);
    const [page] = await query(
      `SELECT * FROM ${source} WHERE ${from} AND ${to} ORDER BY time ASC LIMIT ${limit}`,
    );
    const rows = page?.values ?? [];
    const isLast = rows.length < limit;
    const lastMs = Number(rows.at(-1)?.[0]);
    const whole = isLast ? rows : rows.filter(([atMs]) => Number(atMs) < lastMs);
    if (page) lines.push(...toLines(measurement, { ...page, values: whole }));
    if (isLast) return lines.length <= maxRows;
    // More rows of one moment than a page holds: a larger page.
    if (whole.length === 0) limit *= 2;
    else nextMs = lastMs;
    if (limit > maxRows) return false;
  }
  return false;
}

function toLines(
  { name, tags: tagKeys }: Measurement,
  { columns, values, tags = {} }: InfluxQlSeries,
): TimedLine[] {
  const lines: TimedLine[] = [];
  for (const row of values) {
    const fields: Record<string, number | string> = {};
    const ownTags: Record<string, string> = { ...tags };
    for (const [index, column] of columns.entries()) {
      const cell = row[index] ?? null;
      if (index === 0 || cell === null) continue;
      if (tagKeys.has(column)) ownTags[column] = String(cell);
      else fields[column] = typeof cell === 'boolean' ? Number(cell) : cell;
    }
    const atMs = Number(row[0]);
    const line = formatLine(name, ownTags, fields, atMs);
    if (line !== undefined) lines.push({ atMs, line });
  }
  return lines;
}

function namesIn(series: readonly InfluxQlSeries[]): string[] {
  return series.flatMap(({ values, columns }) => {
    // 3 Core puts a column `iox::measurement` before it.
    const at = Math.max(
      0,
      columns.findIndex((column) => column === 'name' || column === 'tagKey'),
    );
    return values.map((row) => String(row[at]));
  });
}
