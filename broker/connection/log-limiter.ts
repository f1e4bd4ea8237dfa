/**
 * One line per cause, not per message: a log in which ten thousand devices that come back after a power cut
 * are some lines with a count.
 *
 * Invariant: at most `LINES` lines of a cause in `INTERVAL_MS`; how many were left out is said in the next one.
 */
import type { Logger } from 'pino';

const INTERVAL_MS = 10_000;
const LINES = 20;

interface Cause {
  /** ms, by the monotonic clock. */
  since: number;
  lines: number;
  leftOut: number;
}

export interface LogLimiter {
  log(level: 'debug' | 'info' | 'warn' | 'error', cause: string, fields: object, message: string): void;
}

/** Causes come from closed lists (end reasons, refusals), so the map is bounded by them. */
export function createLogLimiter(log: Logger, monotonicNow: () => number): LogLimiter {
  const causes = new Map<string, Cause>();
  return {
    log(level, cause, fields, message) {
      const nowMs = monotonicNow();
      let entry = causes.get(cause);
      if (!entry || nowMs - entry.since >= INTERVAL_MS) {
        const leftOut = entry?.leftOut ?? 0;
        entry = { since: nowMs, lines: 0, leftOut: 0 };
        causes.set(cause, entry);
        if (leftOut > 0) log[level]({ cause, leftOut }, 'lines of this cause were left out');
      }
      if (entry.lines >= LINES) {
        entry.leftOut++;
        return;
      }
      entry.lines++;
      log[level](fields, message);
    },
  };
}
