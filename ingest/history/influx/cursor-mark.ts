/**
 * The mark that says inside InfluxDB how far the journal has been written to it.
 *
 * Our own cursor says what InfluxDB has acknowledged; the mark says what it still has. After a wiped disk or a
 * restored backup they differ, and the writer goes back to the mark. Invariant: a mark never claims more than
 * what was in InfluxDB when it was written.
 */
import { formatLine } from '../line-protocol.ts';
import type { InfluxServer } from './influx-server.ts';
import { quoteLiteral } from './influxql.ts';

const MEASUREMENT = 'siaga_cursor';
/** Marks of one minute overwrite each other: 1,440 points a day. */
const MARK_EVERY_MS = 60_000;

export function formatCursorLine(city: string, confirmedId: number, now: number): string {
  const atMs = Math.floor(now / MARK_EVERY_MS) * MARK_EVERY_MS;
  return `${formatLine(MEASUREMENT, { city }, { position: confirmedId }, atMs)}\n`;
}

/** The last mark; 0 where there is none. */
export async function readCursorMark(server: InfluxServer, city: string): Promise<number> {
  const [series] = await server.query(
    `SELECT last("position") FROM "${MEASUREMENT}" WHERE "city" = ${quoteLiteral(city)}`,
  );
  const position = series?.values[0]?.[1];
  return typeof position === 'number' ? position : 0;
}
