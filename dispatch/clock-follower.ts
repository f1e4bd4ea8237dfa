/**
 * Steps of our clock that open orders have yet to follow, because the database failed when the clock was set.
 *
 * Asked before every deed and every word that is worked off: what is written by the new time would else be moved with
 * what was written by the old. Invariants: a step is followed once, before anything new is written; while it is not,
 * deeds fail as the database does and are tried again by whoever asked; a restart forgets none (pending-step.ts); after
 * GIVE_UP_AFTER_MS orders go on as they are, which is logged and counted: no fault holds up all calls for ever.
 */
import type { Logger } from 'pino';
import type { Counter } from 'prom-client';
import type { ClockStep } from './clock-steps.ts';
import type { PendingStep } from './pending-step.ts';

export const GIVE_UP_AFTER_MS = 10 * 60_000;

export interface ClockFollowerOptions {
  /** Moves what is open, in one transaction. */
  readonly shift: (step: ClockStep) => Promise<void>;
  readonly pending: Pick<PendingStep, 'write' | 'clear'>;
  readonly now: () => number;
  readonly log: Logger;
  readonly steps: Counter<'outcome'>;
}

export class ClockFollower {
  readonly #options: ClockFollowerOptions;
  /** All steps that are open, as one. */
  #pending: ClockStep | undefined;
  /** By our clock as it was last set. */
  #pendingSinceMs = 0;
  #attempt: Promise<void> | undefined;

  constructor(options: ClockFollowerOptions) {
    this.#options = options;
  }

  /** Our clock was set. Resolves when that was tried once; what failed is tried again by `follow`. */
  async step(step: ClockStep): Promise<void> {
    // One that is being written is another step than this; a deed may begin one more meanwhile.
    while (this.#attempt) await this.#attempt.catch(() => undefined);
    const { nowMs, stepMs } = step;
    this.#pending = { nowMs, stepMs: (this.#pending?.stepMs ?? 0) + stepMs };
    this.#pendingSinceMs = nowMs;
    await this.#options.pending.write(this.#pending);
    await this.follow().catch((error: unknown) => {
      this.#options.steps.inc({ outcome: 'failed' });
      const { log } = this.#options;
      log.error({ err: error, stepMs }, 'open orders are not at the new time yet; it is tried again');
    });
  }

  /** Resolves when all that is open goes by our clock. Rejects with why it does not yet. */
  async follow(): Promise<void> {
    if (!this.#pending) return;
    this.#attempt ??= this.#try(this.#pending).finally(() => {
      this.#attempt = undefined;
    });
    await this.#attempt;
  }

  async #try(step: ClockStep): Promise<void> {
    const { shift, now, log, steps } = this.#options;
    try {
      await shift(step);
      steps.inc({ outcome: 'followed' });
    } catch (error) {
      if (now() - this.#pendingSinceMs < GIVE_UP_AFTER_MS) throw error;
      steps.inc({ outcome: 'given-up' });
      log.error({ err: error, ...step }, 'open orders keep the times of before our clock was set');
    }
    this.#pending = undefined;
    await this.#options.pending.clear();
  }
}
