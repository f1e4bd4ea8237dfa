/**
 * How long a device waits before it connects again: exponential, with full jitter.
 *
 * After a power cut a thousand devices lose the broker in one instant; without jitter they come back in one
 * instant too, again and again. Invariant: the delay lies in [MIN, min(CAP, BASE × 2^failures)].
 */
import type { Random } from '../random.ts';

export const RECONNECT_BASE_MS = 1_000;
/** A GPRS modem that registers anew needs a moment; half a second also spares a broker that restarts. */
export const RECONNECT_MIN_MS = 500;
/** Half a minute: within `silentAfterS` of every kind, so that a short cut never makes a device silent. */
export const RECONNECT_CAP_MS = 30_000;
/** A connection that held this long counts as good: the next failure starts from the base again. */
export const STABLE_AFTER_MS = 20_000;

/** Delay before the attempt that follows `failures` (≥ 1) failed ones, ms. */
export function reconnectDelayMs(failures: number, random: Random): number {
  // 2^5 × 1 s is beyond the cap already; the bound keeps the power finite.
  const ceilingMs = Math.min(RECONNECT_CAP_MS, RECONNECT_BASE_MS * 2 ** Math.min(failures, 10));
  return RECONNECT_MIN_MS + random() * (ceilingMs - RECONNECT_MIN_MS);
}
