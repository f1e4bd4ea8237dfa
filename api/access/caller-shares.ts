/**
 * A share for each class of caller: of the pages that are made at once, of history's thread, of the event loop.
 *
 * Between the routes that answer with many entries and what they ask. A page is made in slices; after each the
 * class rests for as long as its share of the loop demands. Invariants: the public never has more than one question
 * with history, so that staff waits behind one; no slice of one class delays the other by more than itself; a page
 * beyond the bound is refused before anything of it is made.
 */
import { Counter, type Registry as Metrics } from 'prom-client';
import { Problem } from '../border/problem.ts';

export interface ShareBounds {
  /** Pages being made: each is 1.2 MB at most. */
  readonly maxPages: number;
  /** Questions that history has at once; it answers one after the other. */
  readonly maxQuestions: number;
  /** Of the event loop's time, for slices. */
  readonly loopShare: number;
}

/** What one class may take; the rest of the loop is for readings, alarms, and answers of one piece. */
export const SHARES = {
  public: { maxPages: 24, maxQuestions: 1, loopShare: 0.2 },
  staff: { maxPages: 64, maxQuestions: 8, loopShare: 0.5 },
} as const satisfies Record<string, ShareBounds>;
/** One slice; with what surrounds it, the loop is back for others within 10 ms. */
export const SLICE_MS = 4;
const RETRY_AFTER_S = 5;

export interface PageTurns {
  /** Asks history, or another thread, in this class's turn. */
  ask<T>(question: () => Promise<T>): Promise<T>;
  /** Works on the event loop until `isOver` says so, or until there is no more to do. */
  slice(work: (isOver: () => boolean) => void): Promise<void>;
}

export interface CallerShare {
  /** Throws Problem 503, with this slug, when as many pages as may be are being made. */
  makePage<T>(busySlug: string, make: (turns: PageTurns) => Promise<T>): Promise<T>;
}

export type CallerShares = Readonly<Record<keyof typeof SHARES, CallerShare>>;

export interface SharesDependencies {
  readonly metrics: Metrics;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly wait: (ms: number) => Promise<unknown>;
}

export function createCallerShares(dependencies: SharesDependencies): CallerShares {
  const refused = new Counter({
    name: 'siaga_http_pages_refused_total',
    help: 'Pages refused because as many as a class of caller may have are being made.',
    labelNames: ['caller'],
    registers: [dependencies.metrics],
  });
  const create = (caller: keyof typeof SHARES) =>
    createShare(SHARES[caller], dependencies, () => refused.inc({ caller }));
  return { public: create('public'), staff: create('staff') };
}

function createShare(
  { maxPages, maxQuestions, loopShare }: ShareBounds,
  { nowMs, wait }: SharesDependencies,
  onRefused: () => void,
): CallerShare {
  const turns: PageTurns = {
    ask: limitConcurrency(maxQuestions),
    slice: oneAfterTheOther((work) => {
      const beganMs = nowMs();
      work(() => nowMs() - beganMs >= SLICE_MS);
      // A slice of 4 ms at a share of a fifth rests for 16.
      return wait((nowMs() - beganMs) * (1 / loopShare - 1));
    }),
  };
  let pages = 0;
  return {
    async makePage(busySlug, make) {
      if (pages >= maxPages) {
        onRefused();
        const detail = `${pages} pages are being made, which is the bound; ask again later.`;
        throw new Problem(503, busySlug, detail, { retryAfterS: RETRY_AFTER_S });
      }
      pages++;
      try {
        return await make(turns);
      } finally {
        pages--;
      }
    },
  };
}

/** At most so many at once; the rest in the order in which they came. */
function limitConcurrency(max: number): PageTurns['ask'] {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (question) => {
    if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await question();
    } finally {
      // Whoever waits takes the place as it is.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/** `run` returns the rest that is taken before the next. */
function oneAfterTheOther(
  run: (work: (isOver: () => boolean) => void) => Promise<unknown>,
): PageTurns['slice'] {
  let before: Promise<unknown> = Promise.resolve();
  return (work) => {
    const ran = before.then(() => ({ rest: run(work) }));
    before = ran.then(
      ({ rest }) => rest,
      () => undefined,
    );
    return ran.then(() => undefined);
  };
}
