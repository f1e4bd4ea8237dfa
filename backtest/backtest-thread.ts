/**
 * openBacktestThread: a thread for one run over stored history, so that a year of readings never holds the event loop.
 *
 * Between api/alerts/backtests.ts, api/city/change-trials.ts and backtest-worker.ts. Invariant: it takes no more memory
 * than its bound; a run that needs more ends by an error, and nothing else with it.
 */
import { CallingWorker } from '../database/worker-calls.ts';
import type { BacktestCalls } from './backtest-worker.ts';

/** MB. The rules and what they import take some 30; 110,000 levels 10; the rest is for alerts. */
export const MEMORY = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 192 };

export interface BacktestThread extends AsyncDisposable {
  call: CallingWorker<BacktestCalls>['call'];
}

export function openBacktestThread(): BacktestThread {
  const worker = new CallingWorker<BacktestCalls>({
    file: new URL('./backtest-worker.ts', import.meta.url),
    workerData: undefined,
    // Whoever waits for a call is told.
    onDeath: () => undefined,
    memory: MEMORY,
  });
  return {
    call: (name, argument) => worker.call(name, argument),
    [Symbol.asyncDispose]: () => worker.terminate(),
  };
}
