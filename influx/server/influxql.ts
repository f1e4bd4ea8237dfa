/**
 * InfluxQL's answers and literals: how the mark and the counts are read back.
 *
 * The one language that InfluxDB 1.x, 2.x and 3.x and Grafana's data source share. Invariant: whatever comes
 * from outside (a device's id, a bucket) enters a statement only through `quoteIdentifier` or `quoteLiteral`.
 */
import { z } from 'zod';

const cell = z.union([z.number(), z.string(), z.boolean(), z.null()]);

const series = z.object({
  name: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  columns: z.array(z.string()),
  values: z.array(z.array(cell)).default([]),
});
export type InfluxQlSeries = z.infer<typeof series>;

const answer = z.object({
  error: z.string().optional(),
  message: z.string().optional(),
  results: z.array(z.object({ error: z.string().optional(), series: z.array(series).optional() })).optional(),
});

export class InfluxQueryError extends Error {
  readonly code = 'INFLUX_QUERY';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  /** There is no such database, bucket or mapping: nothing was ever written, or it is not found this way. */
  get isMissing(): boolean {
    return this.status === 404 || /(database|bucket|retention policy).*not found/i.test(this.message);
  }
}

/** The series of a single statement. Throws InfluxQueryError with the server's words. */
export function parseInfluxQlAnswer(status: number, text: string): readonly InfluxQlSeries[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Errors of 3 Core and of proxies are plain text.
    throw new InfluxQueryError(status, `${status} ${text.trim().slice(0, 300)}`);
  }
  const parsed = answer.safeParse(json);
  const result = parsed.data?.results?.[0];
  const words = parsed.error?.message ?? parsed.data?.error ?? result?.error;
  if (words !== undefined) throw new InfluxQueryError(status, words);
  if (status >= 300)
    throw new InfluxQueryError(status, `${status} ${parsed.data?.message ?? text.slice(0, 300)}`);
  // JSON of something else must not pass for an empty answer, after which all would be written again.
  if (!result)
    throw new InfluxQueryError(status, `${status} is no answer of InfluxQL: ${text.trim().slice(0, 300)}`);
  return result.series ?? [];
}

export function quoteIdentifier(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

export function quoteLiteral(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&').replaceAll('\n', '\\n')}'`;
}
