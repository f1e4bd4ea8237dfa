/**
 * The reading side of history in InfluxDB: raw points and windows, asked in InfluxQL.
 *
 * Invariants are those of the port (history.ts): a window starts at a multiple of `every` in local time, which
 * is asked for as an offset of GROUP BY time() where the zone has one offset over the whole range, and with
 * tz() where it has not; readings of failed quality are excluded from windows by their field `failed`.
 */
import type { DeviceKind } from '../../../devices/device-kind.ts';
import type { Values } from '../../../devices/reading.ts';
import type { HistoryPage, HistoryPoint, RawQuery, WindowQuery } from '../history.ts';
import type { InfluxServer } from './influx-server.ts';
import { type InfluxQlSeries, quoteIdentifier, quoteLiteral } from './influxql.ts';

export interface InfluxReader {
  raw(query: RawQuery): Promise<HistoryPage>;
  windows(query: WindowQuery): Promise<HistoryPage>;
}

export function createInfluxReader(
  server: Pick<InfluxServer, 'query'>,
  city: string,
  kinds: ReadonlyMap<string, DeviceKind>,
): InfluxReader {
  const scope = ({ device, fromMs, toMs }: RawQuery) =>
    `"city" = ${quoteLiteral(city)} AND "device" = ${quoteLiteral(device)} ` +
    `AND time >= ${Math.ceil(fromMs)}ms AND time < ${Math.ceil(toMs)}ms`;
  return {
    async raw(query) {
      const kind = kinds.get(query.kind);
      if (!kind || query.fromMs >= query.toMs) return { points: [] };
      const names = [...kind.quantityNames, 'quality'].map(quoteIdentifier).join(', ');
      const series = await server.query(
        `SELECT ${names} FROM ${quoteIdentifier(kind.measurement)} WHERE ${scope(query)} ` +
          `ORDER BY time ASC LIMIT ${query.limit + 1}`,
      );
      return pageOf(pointsOf(series), query.limit);
    },
    async windows(query) {
      const kind = kinds.get(query.kind);
      const names = kind ? quantitiesOf(kind, query) : [];
      if (!kind || names.length === 0 || query.fromMs >= query.toMs) return { points: [] };
      const columns = names.map(
        (name) => `${query.fn}(${quoteIdentifier(name)}) AS ${quoteIdentifier(name)}`,
      );
      const series = await server.query(
        `SELECT ${columns.join(', ')} FROM ${quoteIdentifier(kind.measurement)} ` +
          `WHERE ${scope(query)} AND "failed" = false GROUP BY ${groupByTime(query)} ` +
          `ORDER BY time ASC LIMIT ${query.limit + 1}${zoneClause(query)}`,
      );
      return pageOf(pointsOf(series, query.fn === 'count'), query.limit);
    },
  };
}

/** What can be aggregated: numbers by every function, states only where no arithmetic is needed. */
function quantitiesOf(kind: DeviceKind, { fn, quantities }: WindowQuery): readonly string[] {
  const numeric = (name: string) => kind.quantities[name]?.type !== 'state';
  if (!quantities) return Object.keys(kind.quantities).filter(numeric);
  return quantities.filter(
    (name) => kind.quantityNames.has(name) && (numeric(name) || fn === 'last' || fn === 'count'),
  );
}

function groupByTime({ everyMs, timeZone, fromMs, toMs }: WindowQuery): string {
  const offsetMs = constantOffset(timeZone, fromMs, toMs);
  if (offsetMs === undefined) return `time(${everyMs}ms) fill(none)`;
  // Local midnight of a zone ahead of UTC is before the UTC one: windows start at k·every − offset.
  const shiftMs = -offsetMs % everyMs;
  return shiftMs === 0 ? `time(${everyMs}ms) fill(none)` : `time(${everyMs}ms, ${shiftMs}ms) fill(none)`;
}

function zoneClause({ timeZone, fromMs, toMs }: WindowQuery): string {
  return constantOffset(timeZone, fromMs, toMs) === undefined ? ` tz(${quoteLiteral(timeZone)})` : '';
}

/** The zone's offset, ms east of UTC, when it is the same over the whole range. */
function constantOffset(timeZone: string, fromMs: number, toMs: number): number | undefined {
  const from = Temporal.Instant.fromEpochMilliseconds(Math.floor(fromMs)).toZonedDateTimeISO(timeZone);
  const next = from.getTimeZoneTransition('next');
  return next && next.epochMilliseconds <= toMs ? undefined : from.offsetNanoseconds / 1_000_000;
}

/** Rows of several series (a device whose site tags changed) are merged by time. */
function pointsOf(series: readonly InfluxQlSeries[], zeroIsNothing = false): HistoryPoint[] {
  const byTime = new Map<number, { values: Record<string, number | string>; quality?: number }>();
  for (const { columns, values: rows } of series) {
    for (const row of rows) {
      const atMs = Number(row[0]);
      const point = byTime.get(atMs) ?? { values: {} };
      columns.forEach((column, index) => {
        const value = row[index];
        if (index === 0 || value === null || typeof value === 'boolean' || value === undefined) return;
        if (column === 'quality') point.quality = Number(value);
        else if (!(zeroIsNothing && value === 0)) point.values[column] = value;
      });
      byTime.set(atMs, point);
    }
  }
  return [...byTime]
    .sort(([a], [b]) => a - b)
    .map(([atMs, { values, quality }]) => ({
      atMs,
      values: values satisfies Values,
      ...(quality === undefined ? {} : { quality }),
    }))
    .filter((point) => point.quality !== undefined || Object.keys(point.values).length > 0);
}

/** One more than the limit was asked for: its time is where the next page starts. */
function pageOf(points: HistoryPoint[], limit: number): HistoryPage {
  const next = points[limit];
  return next ? { points: points.slice(0, limit), nextFromMs: next.atMs } : { points };
}
