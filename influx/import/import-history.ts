/**
 * Reads what an InfluxDB holds, window by window from its begin, and writes it to Siaga as history.
 *
 * Runs beside the server, as a command (cli.ts). What is long past raises no alert, since alerts judge the time of the
 * event; forecasts learn from it. Invariants: a window counts as done when all of it is on Siaga's disk, and where it
 * ends is kept, so that whoever begins again goes on there; a window is as long as its rows are few.
 */
import { type Measurement, type Query, readWindow } from './read-window.ts';
import { type WriteOptions, writeLines } from './write-lines.ts';

export interface ImportOptions extends WriteOptions {
  readonly query: Query;
  readonly measurements: readonly Measurement[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Told after each window; what it keeps is where a later run begins. */
  readonly onDone: (progress: { readonly throughMs: number; readonly lines: number }) => void;
  readonly maxRows?: number;
}

const HOUR_MS = 3_600_000;
const LONGEST_MS = 30 * 24 * HOUR_MS;
const MAX_ROWS = 50_000;

/** Resolves with how many lines were written. */
export async function importHistory(options: ImportOptions): Promise<number> {
  const { query, measurements, toMs, onDone, signal, maxRows = MAX_ROWS } = options;
  let { fromMs } = options;
  let spanMs = HOUR_MS;
  let lines = 0;
  while (fromMs < toMs) {
    signal.throwIfAborted();
    const span = { fromMs, toMs: Math.min(toMs, fromMs + spanMs) };
    const found = await readWindow(query, measurements, span, maxRows);
    if (found === undefined) {
      if (spanMs <= 1)
        throw new Error(`more than ${maxRows} rows in one millisecond: ${new Date(fromMs).toISOString()}`);
      spanMs = Math.max(1, Math.floor(spanMs / 2));
      continue;
    }
    await writeLines(found, options);
    lines += found.length;
    fromMs = span.toMs;
    onDone({ throughMs: fromMs, lines });
    if (found.length < maxRows / 4) spanMs = Math.min(LONGEST_MS, spanMs * 2);
  }
  return lines;
}
