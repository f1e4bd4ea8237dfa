/**
 * InfluxQL's answers and literals.
 *
 * The one language that InfluxDB 1.x, 2.x and 3.x and Grafana's data source share. Invariant: whatever comes
 * from outside (a device's id, a bucket) enters a statement only through `quoteIdentifier` or `quoteLiteral`.
 */
import { z } from 'zod';

const cell = z.union([z.number(), z.string(), z.boolean(), z.null()]);
export type Cell = z.infer<typeof cell>;

const series = z.object({
  name: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  columns: z.array(z.string()),
  values: z.array(z.array(cell)).default([]),
});
export type InfluxQlSeries = z.infer<typeof series>;

const answer = z.object({
  error: z.string().optional(),
  results: z.array(z.object({ error: z.string().optional(), series: z.array(series).optional() })).optional(),
});

export class InfluxQueryError extends Error {
  readonly code = 'INFLUX_QUERY';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The series of a single statement. Throws InfluxQueryError. A missing database has no series. */
export function parseInfluxQlAnswer(status: number, text: string): readonly InfluxQlSeries[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new InfluxQueryError(
      status,
      `InfluxDB answered ${status} ${text.slice(0, 200)} (${String(cause)})`,
    );
  }
  const parsed = answer.safeParse(json);
  const result = parsed.data?.results?.[0];
  const error = parsed.error?.message ?? parsed.data?.error ?? result?.error;
  if (error !== undefined) {
    if (/database not found|bucket.*not found|retention policy not found/i.test(error)) return [];
    throw new InfluxQueryError(status, `InfluxDB: ${error}`);
  }
  if (status >= 300) {
    // 2.x answers a missing mapping of database to bucket with 404 and its own JSON.
    if (status === 404) return [];
    throw new InfluxQueryError(status, `InfluxDB answered ${status} ${text.slice(0, 200)}`);
  }
  return result?.series ?? [];
}

export function quoteIdentifier(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

export function quoteLiteral(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&').replaceAll('\n', '\\n')}'`;
}
