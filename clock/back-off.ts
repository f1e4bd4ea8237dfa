/**
 * BackOff: the pause before something that failed is tried again: doubling, bounded, with jitter.
 *
 * Whoever tries decides what a failure is, what to say of it, and when to give up; here is only for how long to wait.
 * Invariants: a pause is between half and the whole of its step, the whole where no chance is given; it ends at once
 * when its signal aborts, and never throws.
 */
import { setTimeout as delay } from 'node:timers/promises';

export interface BackOffOptions {
  readonly firstMs: number;
  readonly lastMs: number;
  /** 0 to 1; so that those who failed together do not come back together. */
  readonly random?: () => number;
  readonly signal?: AbortSignal;
}

export class BackOff {
  readonly #options: BackOffOptions;
  #failures = 0;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** Since it went well. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure, and waits; for `atLeastMs` where the other side has said so. */
  async pause(atLeastMs = 0): Promise<void> {
    const { signal } = this.#options;
    const waitMs = Math.max(backOffMs(this.#failures++, this.#options), atLeastMs);
    await delay(waitMs, undefined, signal ? { signal } : {}).catch(() => undefined);
  }

  /** It went well: the next pause is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}

/** Of the pause after `failures` others. */
export function backOffMs(failures: number, { firstMs, lastMs, random = () => 1 }: BackOffOptions): number {
  return Math.min(firstMs * 2 ** failures, lastMs) * (0.5 + random() / 2);
}
