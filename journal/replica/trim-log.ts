/**
 * Retention of the log: as long as a journal is kept, and no longer than that many days where a second journal has it.
 *
 * Alone, the log is the second copy of all that a city has; with a journal on another machine it only has to bridge
 * what that one has not read yet. Invariant: nothing goes that a consumer of the owner has yet to work on.
 */
import type { Logger } from 'pino';
import { lowestCursors, type RetentionOptions } from '../retention.ts';
import type { Ends } from './claimed-log.ts';
import { SERIES } from './log-entries.ts';
import type { PostgresLog } from './postgres-log.ts';

const DAY_MS = 86_400_000;
/** Rows of one statement, some 50 ms; and statements in one round, which is once a minute. */
export const STEP_ROWS = 5_000;
export const MAX_STEPS = 40;
/** A journal that was not heard of for so long counts no more: its machine may be gone for good. */
const COPY_COUNTS_MS = 30 * DAY_MS;

export interface LogRetention {
  readonly outside: PostgresLog;
  /** What a journal keeps, ms. */
  readonly keepMs: number;
  /** What is kept where two journals have it, ms. */
  readonly bridgeMs: number;
  readonly log: Logger;
}

export async function trimLog(retention: LogRetention, options: RetentionOptions): Promise<void> {
  const { outside, keepMs, bridgeMs, log } = retention;
  const now = options.now();
  const { readings, messages } = await lowestCursors(options);
  const keepAfter: Ends = { readings, messages, rejections: Number.MAX_SAFE_INTEGER };
  const times = [now - keepMs, now - bridgeMs, now - COPY_COUNTS_MS];
  let removed = 0;
  for (const series of SERIES) {
    for (let step = 0; step < MAX_STEPS; step++) {
      const gone = await outside.trimStep(series, keepAfter[series], STEP_ROWS, times);
      removed += gone;
      if (gone < STEP_ROWS) break;
    }
  }
  if (removed > 0) log.info({ removed }, 'entries beyond retention removed from the log in PostgreSQL');
}
