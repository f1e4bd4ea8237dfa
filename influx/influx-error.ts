/**
 * What to do when InfluxDB refuses: one table by status and words of the answer, read by the writer.
 *
 * Invariant: only an answer that blames the lines themselves may cost lines; whatever else goes wrong is
 * tried again, for ever, from the journal.
 */
import { HttpError } from '@influxdata/influxdb-client';

/**
 * `retry`: nothing is wrong with the lines. `prepare`: the same, and the bucket may be gone. `split`: send
 * halves. `bisect`: some line is poison: find it. `expired`: the server took what its retention still holds.
 */
export type WriteRemedy = 'retry' | 'prepare' | 'split' | 'bisect' | 'expired';

interface RemedyRow {
  readonly statuses: readonly number[];
  /** Against `code` and message; any when absent. */
  readonly words?: RegExp;
  readonly remedy: WriteRemedy;
  /** Said to the operator; the server's own words follow. */
  readonly advice: string;
}

/** The first row that fits counts. */
const REMEDIES: readonly RemedyRow[] = [
  {
    statuses: [400, 422],
    words: /beyond retention|outside retention|retention policy/i,
    remedy: 'expired',
    advice: 'readings older than the retention were left out by the server',
  },
  {
    statuses: [400],
    words: /database.*not found|bucket.*not found/i,
    remedy: 'prepare',
    advice: 'no bucket',
  },
  { statuses: [401], remedy: 'retry', advice: 'INFLUX_TOKEN is not accepted' },
  { statuses: [403], remedy: 'retry', advice: 'INFLUX_TOKEN may not write to the bucket' },
  { statuses: [404], remedy: 'prepare', advice: 'the bucket is not there' },
  { statuses: [413], remedy: 'split', advice: 'the batch is larger than the server takes' },
  { statuses: [400, 422], remedy: 'bisect', advice: 'the server refused some lines' },
  { statuses: [429], remedy: 'retry', advice: 'the server asks to slow down' },
  { statuses: [503], remedy: 'retry', advice: 'the server is overloaded' },
];

export interface WriteFailure {
  readonly remedy: WriteRemedy;
  /** One sentence with the server's words. */
  readonly sentence: string;
  /** How long the server asks to wait, ms; 0 when it did not say. */
  readonly waitMs: number;
  /** Lines left out, where the server counts them. */
  readonly dropped: number | undefined;
  /** Status, or the code of the network's error: a metric's label. */
  readonly code: string;
}

/** No server may stop us for longer than this with one answer. */
const WAIT_MAX_MS = 5 * 60_000;

export function classifyWriteError(error: unknown, now: number): WriteFailure {
  if (!(error instanceof HttpError)) {
    const { code, message } = error as NodeJS.ErrnoException;
    return {
      remedy: 'retry',
      sentence: `InfluxDB cannot be reached: ${message || code}`,
      waitMs: 0,
      dropped: undefined,
      code: code ?? 'network',
    };
  }
  const words = `${error.code ?? ''} ${error.message} ${error.body ?? ''}`;
  const row = REMEDIES.find(
    (each) => each.statuses.includes(error.statusCode) && (each.words?.test(words) ?? true),
  );
  const dropped = /dropped=(\d+)/.exec(words)?.[1];
  const told = `${error.statusCode} ${error.message}`.slice(0, 300);
  return {
    remedy: row?.remedy ?? 'retry',
    sentence: row ? `InfluxDB: ${row.advice} (${told})` : `InfluxDB answered ${told}`,
    waitMs: parseRetryAfter(error.headers?.['retry-after'], now),
    dropped: dropped === undefined ? undefined : Number(dropped),
    code: String(error.statusCode),
  };
}

/** Seconds or an HTTP date [RFC 9110, 10.2.3] → ms. The client itself takes the seconds for milliseconds. */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return 0;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(waitMs) ? 0 : Math.min(Math.max(waitMs, 0), WAIT_MAX_MS);
}
