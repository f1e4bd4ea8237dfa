/**
 * The clock of the simulated devices: the time, and a call after a while.
 *
 * Everything here that waits asks a Clock, so that tests turn it by hand. Invariant: a callback whose
 * `Cancel` was called never runs.
 */
export type Cancel = () => void;

export interface Clock {
  /** Epoch ms. */
  now(): number;
  after(delayMs: number, callback: () => void): Cancel;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
