/**
 * Which of two times of one device comes first, where its clock may have been set between them.
 *
 * Asked by ingest and the fleet, of what is late, and by dispatch, of what a crew said last. Invariant: a time that no
 * way explains, ahead of its own receipt, holds up nothing that is said after it by a clock that is right. Pure.
 */
import { CLOCK_BOUNDS, USUAL_DELAY_MS } from './device-clock.ts';

/** By the device's clock, and by ours; epoch ms. */
export interface Times {
  readonly measuredAt: number;
  readonly receivedAt: number;
}

/** It says a time that had not come yet. */
export function isAheadOfReceipt({ measuredAt, receivedAt }: Times): boolean {
  return measuredAt > receivedAt + CLOCK_BOUNDS.aheadMs;
}

/** By our clock it was measured just now. */
function isOfNow(times: Times): boolean {
  return !isAheadOfReceipt(times) && times.receivedAt - times.measuredAt <= USUAL_DELAY_MS;
}

/** The last time was ahead, and the next one, received after it, is right: the clock was set back between them. */
export function isSetRight(last: Times, next: Times): boolean {
  return next.measuredAt < last.measuredAt && isAheadOfReceipt(last) && isOfNow(next);
}

/** Measured before the last one, although received after it. */
export function isOfBefore(next: Times, last: Times): boolean {
  return next.measuredAt < last.measuredAt && !isSetRight(last, next);
}
