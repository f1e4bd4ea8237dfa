/**
 * Waiter: who is told what became of what it handed in, once the disk has answered.
 *
 * From the connection that owes a PUBACK through the pipeline to the journal's commit and back, so that a
 * publish costs one object while it waits: a promise and its closures live just long enough for the garbage
 * collector to copy them. Invariant: one of the two is called, once, and that may be before the call returns.
 */
import type { Rejection } from '../devices/rejection.ts';

/** What a message came to, or an append. */
export interface Outcome {
  readonly stored: number;
  /** Readings that the journal had already. */
  readonly repeated: number;
  /** What was set aside with its reason. */
  readonly rejected: number;
}

export interface Waiter {
  /** Why some of it, or all, is set aside; before it is stored. For those who can say so to a device. */
  told?(rejection: Rejection): void;
  /** All of it is on disk. */
  stored(stored: number, repeated: number, rejected: number): void;
  /** It is not, and must not be acknowledged. */
  refused(error: Error): void;
}

/** The same as a promise, for those who bring something now and then. */
export function outcomeOf(hand: (waiter: Waiter) => void): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    hand({
      stored: (stored, repeated, rejected) => resolve({ stored, repeated, rejected }),
      refused: reject,
    });
  });
}

/** A waiter for each of `parts` appends that one message is taken in; `waiter` is told when the last is settled. */
export function joinParts(waiter: Waiter, parts: number): Waiter {
  const sum = { stored: 0, repeated: 0, rejected: 0 };
  let failure: Error | undefined;
  let left = parts;
  const settle = () => {
    left--;
    if (left > 0) return;
    if (failure) waiter.refused(failure);
    else waiter.stored(sum.stored, sum.repeated, sum.rejected);
  };
  return {
    stored(stored, repeated, rejected) {
      sum.stored += stored;
      sum.repeated += repeated;
      sum.rejected += rejected;
      settle();
    },
    refused(error) {
      failure ??= error;
      settle();
    },
  };
}
