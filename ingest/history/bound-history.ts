/**
 * boundHistory: any history with a bound on the questions that wait for it.
 *
 * Stands before the adapter, which answers anybody who asks, one question after the other: without a bound,
 * questions that nobody waits for any more would fill the memory. Invariant: at most `maxWaiting` questions are
 * with the adapter; those beyond reject at once with HistoryBusyError and are counted.
 */
import { Counter, type Registry as Metrics } from 'prom-client';
import type { History, HistoryPage } from './history.ts';

/** Too many questions wait; the same one may be asked again later. */
export class HistoryBusyError extends Error {
  readonly code = 'HISTORY_BUSY';
}

export interface BoundHistoryOptions {
  readonly maxWaiting: number;
  readonly metrics: Metrics;
}

export function boundHistory(history: History, { maxWaiting, metrics }: BoundHistoryOptions): History {
  const refused = new Counter({
    name: 'siaga_history_refused_total',
    help: 'Questions to history that were refused because too many waited.',
    registers: [metrics],
  });
  let waiting = 0;
  const ask = async (question: () => Promise<HistoryPage>): Promise<HistoryPage> => {
    if (waiting >= maxWaiting) {
      refused.inc();
      throw new HistoryBusyError(`${waiting} questions wait for history`);
    }
    waiting++;
    try {
      return await question();
    } finally {
      waiting--;
    }
  };
  return {
    get problem() {
      return history.problem;
    },
    raw: (query) => ask(() => history.raw(query)),
    windows: (query) => ask(() => history.windows(query)),
    [Symbol.asyncDispose]: () => history[Symbol.asyncDispose](),
  };
}
