/**
 * One line per cause and subject, not per message: a log in which ten thousand devices that come back after a power
 * cut are some lines with a count, and a device that comes and goes all day does not hide the others.
 *
 * A subject is a device, an observer or an address. Invariants: at most 3 lines a minute of one subject and cause,
 * at most 20 in ten seconds of a cause; how many were left out is said in the next one.
 */
import type { Logger } from 'pino';

export interface LogLimiter {
  log(
    level: 'debug' | 'info' | 'warn' | 'error',
    cause: string,
    subject: string,
    fields: object,
    message: string,
  ): void;
}

export function createLogLimiter(log: Logger, now: () => number): LogLimiter {
  const bySubject = new LineBudget({ lines: 3, intervalMs: 60_000, maxKeys: 10_000 }, now);
  // Causes come from closed lists: end reasons, bounds.
  const byCause = new LineBudget({ lines: 20, intervalMs: 10_000, maxKeys: 100 }, now);
  return {
    log(level, cause, subject, fields, message) {
      const leftOutOfSubject = bySubject.take(`${cause} ${subject}`);
      if (leftOutOfSubject === undefined) return;
      const leftOut = byCause.take(cause);
      if (leftOut === undefined) return;
      if (leftOut > 0) log[level]({ cause, leftOut }, 'lines of this cause were left out');
      log[level](leftOutOfSubject > 0 ? { ...fields, leftOut: leftOutOfSubject } : fields, message);
    },
  };
}

interface Span {
  /** Epoch ms. */
  readonly since: number;
  lines: number;
  leftOut: number;
}

interface LineBudgetOptions {
  readonly lines: number;
  readonly intervalMs: number;
  /** Beyond it the oldest is forgotten. */
  readonly maxKeys: number;
}

class LineBudget {
  readonly #options: LineBudgetOptions;
  readonly #now: () => number;
  readonly #spans = new Map<string, Span>();

  constructor(options: LineBudgetOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** How many were left out before this one, or undefined when this one is to be left out. */
  take(key: string): number | undefined {
    const now = this.#now();
    const span = this.#spans.get(key);
    const passedMs = now - (span?.since ?? 0);
    // A clock that was set back must not keep us silent until it has caught up.
    if (span && passedMs >= 0 && passedMs < this.#options.intervalMs) {
      if (span.lines < this.#options.lines) {
        span.lines++;
        return 0;
      }
      span.leftOut++;
      return undefined;
    }
    this.#spans.delete(key);
    if (this.#spans.size >= this.#options.maxKeys) {
      const [oldest] = this.#spans.keys();
      this.#spans.delete(oldest as string);
    }
    this.#spans.set(key, { since: now, lines: 1, leftOut: 0 });
    return span?.leftOut ?? 0;
  }
}
