/**
 * Said at: when a word of a device was said by our clock, as far as it is certain.
 *
 * Asked by dispatch, which must not take what was measured before an order for an answer to it; what is believed of
 * the clock is device-clock.ts. Pure.
 */
import { CLOCK_BOUNDS, type DeviceClock, USUAL_DELAY_MS } from './device-clock.ts';

/** A span of our clock, epoch ms; `earliestMs` is −Infinity where only the receipt is known. */
export interface SaidAt {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** Witnesses that make an offset known to who asks when a word was said. */
const WORD_WITNESSES = 3;

/** When a reading was measured, as far as it is certain. To be asked after the reading was observed. */
export function saidAtOf(clock: DeviceClock, deviceMs: number, receivedAt: number): SaidAt {
  const { leastLagMs, witnesses, later } = clock;
  const agreesWithOurs = leastLagMs >= 0 && leastLagMs <= USUAL_DELAY_MS;
  const isInDoubt = (later !== undefined && later.witnesses > 1) || clock.isUnproven;
  const isKnown = agreesWithOurs || witnesses >= WORD_WITNESSES;
  if (isInDoubt || !isKnown || clock.stood > 0) {
    return { earliestMs: Number.NEGATIVE_INFINITY, latestMs: receivedAt };
  }
  const lateMs = receivedAt - deviceMs - leastLagMs;
  const isLive = lateMs <= USUAL_DELAY_MS;
  // A clock that agrees with ours is taken at its word while the link is sound. Else the way of the quickest
  // reading is unknown, up to the usual delay.
  const earliestMs =
    agreesWithOurs && isLive ? deviceMs : deviceMs + (agreesWithOurs ? 0 : leastLagMs) - USUAL_DELAY_MS;
  // A clock that was set back by so little looks like a link that is a little slow.
  const isEither = !isLive && lateMs <= CLOCK_BOUNDS.steadyMs;
  // One that cuts its times to the second, or to the minute, may mean any moment of it.
  const latestMs = deviceMs + (clock.grainMs ?? 1) - 1 + leastLagMs;
  return { earliestMs, latestMs: isEither ? receivedAt : Math.min(receivedAt, latestMs) };
}
