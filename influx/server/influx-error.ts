/**
 * What to do when InfluxDB refuses or cannot be reached: one table by status and words of the answer.
 *
 * Invariants: only an answer that speaks of lines may cost lines, and what becomes of those is deliver-lines.ts'
 * decision; whatever else goes wrong is tried again, for ever, from the journal. The words are tested against what
 * real servers of 1.6.7, 2.9.1 and 3 Core answer (test/unit/…/influx-error.test.ts).
 */
import { HttpError } from '@influxdata/influxdb-client';

/**
 * `hold`: nothing is wrong with the lines, try again later. `prepare`: the same, and the bucket or the token may be
 * another.
 * `split`: send halves. `search`: some lines are refused, find out which. `expired`: the server took what its
 * retention still holds.
 */
export type WriteRemedy = 'hold' | 'prepare' | 'split' | 'search' | 'expired';

interface RemedyRow {
  readonly statuses: readonly number[];
  /** Against `code`, message and body; any when absent. */
  readonly words?: RegExp;
  readonly remedy: WriteRemedy;
  /** What it is and what the operator does; the server's own words follow. */
  readonly advice: string;
}

/** The first row that fits counts. */
const REMEDIES: readonly RemedyRow[] = [
  {
    statuses: [400, 422],
    words: /beyond retention|outside retention/i,
    remedy: 'expired',
    advice: 'readings older than its retention were left out',
  },
  {
    statuses: [400, 422, 500],
    words: /no space left on device/i,
    remedy: 'hold',
    advice: 'its disk is full: make room there, then restart it (1.x and 2.x do not write on by themselves)',
  },
  {
    statuses: [400, 500],
    words: /opening shard previously failed/i,
    remedy: 'hold',
    advice: 'it does not open a shard any more since its disk was full: restart it',
  },
  {
    statuses: [400, 422],
    words: /exceed limit of \d+ databases/i,
    remedy: 'hold',
    advice: '3 Core holds five databases: remove one, or set INFLUX_BUCKET to one that is there',
  },
  {
    statuses: [400, 422],
    words: /max-series-per-database|max-values-per-tag/i,
    remedy: 'hold',
    advice: 'a limit of its configuration is reached: raise it there',
  },
  {
    statuses: [400, 404],
    words: /(database|bucket).*not found|organization name .* not found/i,
    remedy: 'prepare',
    advice:
      'the bucket or the organisation is not there: INFLUX_BUCKET, INFLUX_ORG, or whose INFLUX_TOKEN it is',
  },
  { statuses: [401], remedy: 'prepare', advice: 'INFLUX_TOKEN is missing or not accepted' },
  { statuses: [403], remedy: 'prepare', advice: 'INFLUX_TOKEN may not write to the bucket' },
  { statuses: [404], remedy: 'prepare', advice: 'there is no such bucket, or no InfluxDB at INFLUX_URL' },
  { statuses: [413], remedy: 'split', advice: 'the batch is larger than it takes' },
  {
    statuses: [400],
    words: /write buffer error|catalog|oneshot channel closed|error from wal/i,
    remedy: 'hold',
    advice: 'it cannot write at the moment',
  },
  { statuses: [400, 422], remedy: 'search', advice: 'it refuses some lines' },
  {
    statuses: [301, 302, 303, 307, 308],
    remedy: 'hold',
    advice: 'something at INFLUX_URL leads elsewhere: set it to where InfluxDB itself answers',
  },
  {
    statuses: [200, 202, 203, 205, 206],
    remedy: 'hold',
    advice: 'what answers at INFLUX_URL is no InfluxDB, or stands before it: nothing counts as stored',
  },
  { statuses: [429], remedy: 'hold', advice: 'it asks to slow down' },
  { statuses: [503], remedy: 'hold', advice: 'it is starting or overloaded' },
];

/** 3 Core says this where a line is bad, in the words of a fault of its own. */
const LINES_OF_3 = /parsing for line protocol failed|partial write of line protocol occurred/i;

export interface WriteFailure {
  readonly remedy: WriteRemedy;
  /** One sentence with the server's words. */
  readonly sentence: string;
  /** The server's words alone. */
  readonly words: string;
  /** How long the server asks to wait, ms; 0 when it did not say. */
  readonly waitMs: number;
  /** Lines left out, where the server counts them. */
  readonly dropped: number | undefined;
  /** The refused lines, from 0, where the server lists them (3 Core). */
  readonly refused: readonly { readonly index: number; readonly reason: string }[] | undefined;
  /** Status, or the code of the network's error: a metric's label. */
  readonly code: string;
}

/** No server may stop us for longer than this with one answer. */
const WAIT_MAX_MS = 5 * 60_000;
const WORDS_MAX = 300;

export function classifyWriteError(error: unknown, now: number): WriteFailure {
  if (!(error instanceof HttpError)) {
    const words = describeError(error);
    const code = codeOf(error);
    return {
      remedy: 'hold',
      sentence: `InfluxDB cannot be reached: ${words}`,
      ...{ words, waitMs: 0, dropped: undefined, refused: undefined, code },
    };
  }
  const text = `${error.code ?? ''} ${error.message} ${error.body ?? ''}`;
  const row = REMEDIES.find(
    (each) => each.statuses.includes(error.statusCode) && (each.words?.test(text) ?? true),
  );
  const blamesLines = error.statusCode === 400 && LINES_OF_3.test(text);
  const dropped = /dropped=(\d+)/.exec(text)?.[1];
  const target = error.headers?.['location'];
  const words = `${error.statusCode} ${error.message}${target ? ` to ${target}` : ''}`.slice(0, WORDS_MAX);
  return {
    remedy: blamesLines ? 'search' : (row?.remedy ?? 'hold'),
    sentence: row && !blamesLines ? `InfluxDB: ${row.advice} (${words})` : `InfluxDB answered ${words}`,
    words,
    waitMs: parseRetryAfter(error.headers?.['retry-after'], now),
    dropped: dropped === undefined ? undefined : Number(dropped),
    refused: blamesLines ? parseRefusedLines(error.json) : undefined,
    code: String(error.statusCode),
  };
}

/** `{"error", "data": [{"line_number": from 1, "error_message"}]}` of /api/v3/write_lp. */
function parseRefusedLines(json: unknown): WriteFailure['refused'] {
  const { data } = (json ?? {}) as { data?: unknown };
  if (!Array.isArray(data)) return undefined;
  const refused: { index: number; reason: string }[] = [];
  for (const each of data as { line_number?: unknown; error_message?: unknown }[]) {
    if (typeof each?.line_number !== 'number') return undefined;
    refused.push({ index: each.line_number - 1, reason: String(each.error_message ?? 'refused') });
  }
  return refused;
}

/** The cause in words, with the address: "fetch failed" hides both in its causes. */
export function describeError(error: unknown): string {
  const { name, message, cause, errors } = error as Error & { errors?: readonly unknown[] };
  if (name === 'TimeoutError' || name === 'RequestTimedOutError') return 'it did not answer in time';
  // One error an address that the name stands for.
  if (Array.isArray(errors) && errors.length > 0) return errors.map(describeError).join(', ');
  if (cause !== undefined && (message === 'fetch failed' || message === '')) return describeError(cause);
  return message || String((error as NodeJS.ErrnoException).code ?? error);
}

function codeOf(error: unknown): string {
  const { code, cause, name } = error as NodeJS.ErrnoException & { cause?: unknown };
  if (typeof code === 'string') return code;
  if (name === 'TimeoutError' || name === 'RequestTimedOutError') return 'ETIMEDOUT';
  return cause === undefined || cause === null ? 'network' : codeOf(cause);
}

/** Seconds or an HTTP date [RFC 9110, 10.2.3] → ms. The client itself takes the seconds for milliseconds. */
export function parseRetryAfter(header: string | string[] | undefined, now: number): number {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return 0;
  const waitMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(waitMs) ? 0 : Math.min(Math.max(waitMs, 0), WAIT_MAX_MS);
}
