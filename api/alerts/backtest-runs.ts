/**
 * BacktestRuns: the bound of what runs over stored history at once, and how a run reads it.
 *
 * Between api/alerts/backtests.ts, api/city/change-trials.ts and the thread of each run. Invariants: no more than
 * MAX_RUNS at once, over both calls; history is asked in pages, in the turn of the caller's class; a run whose caller
 * has gone ends with the page at hand.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counter, type Registry as Metrics } from 'prom-client';
import { type BacktestThread, openBacktestThread } from '../../backtest/backtest-thread.ts';
import type { History, HistoryPoint } from '../../history/history.ts';
import type { PageTurns } from '../access/caller-shares.ts';
import { Problem } from '../border/problem.ts';

/** Each takes a core while it lasts, and one of two cores judges the present. */
export const MAX_RUNS = 2;
/** Of one question, so that it keeps neither history nor the event loop for long: some 3 ms. */
const PAGE = 1_000;
const RETRY_AFTER_S = 5;

export interface Run {
  readonly thread: BacktestThread;
  readonly turns: PageTurns;
  /** Nobody waits for the answer any more. */
  readonly gone: AbortSignal;
}

export interface BacktestRuns {
  /** Throws Problem 503 when as many as may be are running. */
  run<T>(caller: FastifyRequest, reply: FastifyReply, work: (run: Run) => Promise<T>): Promise<T>;
}

export function createBacktestRuns(metrics: Metrics): BacktestRuns {
  const refused = new Counter({
    name: 'siaga_backtests_refused_total',
    help: 'Back-tests refused because as many as may be were running.',
    registers: [metrics],
  });
  let running = 0;
  return {
    async run({ share }, reply, work) {
      if (running >= MAX_RUNS) {
        refused.inc();
        const detail = `${MAX_RUNS} back-tests are running, which is the bound; ask again later.`;
        throw new Problem(503, 'too-many-backtests', detail, { retryAfterS: RETRY_AFTER_S });
      }
      // Not the request's own signal: that one ends with the body of a POST.
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      running++;
      try {
        await using thread = openBacktestThread();
        return await share.makePage('too-many-backtests', (turns) =>
          work({ thread, turns, gone: gone.signal }),
        );
      } finally {
        running--;
      }
    },
  };
}

export interface ReadingsAsked {
  readonly kind: string;
  readonly device: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The readings of a device, page by page. Throws Problem 413 after `max` of them. */
export async function* readPages(
  history: Pick<History, 'raw'>,
  { fromMs, ...asked }: ReadingsAsked,
  { turns, gone }: Pick<Run, 'turns' | 'gone'>,
  max: number,
): AsyncGenerator<readonly HistoryPoint[]> {
  let taken = 0;
  for (let next: number | undefined = fromMs; next !== undefined; ) {
    if (gone.aborted) throw new Problem(503, 'caller-gone', 'Nobody waits for this back-test any more.');
    const from: number = next;
    const page = await turns.ask(() => history.raw({ ...asked, fromMs: from, limit: PAGE }));
    taken += page.points.length;
    if (taken > max) throw tooManyReadings(max);
    yield page.points;
    next = page.nextFromMs;
  }
}

export function tooManyReadings(max: number): Problem {
  const detail = `There are more than ${max} readings in that time; ask for a shorter one.`;
  return new Problem(413, 'too-many-readings', detail);
}
