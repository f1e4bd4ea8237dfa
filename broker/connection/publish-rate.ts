/**
 * PublishRate: how many publishes of one client a second, averaged over ten: a device that empties its
 * offline buffer may do so at once, one that sends without end is read more slowly.
 *
 * A token bucket. Invariant: over any span of t seconds at most `(10 + t) × perSecond` publishes pass.
 */
const AVERAGED_OVER_S = 10;
/** After the bucket is empty the next look is when a tenth of a second's worth is in it. */
const REFILL_MS = 100;

export class PublishRate {
  readonly refillMs = REFILL_MS;
  readonly #perSecond: number;
  readonly #monotonicNow: () => number;
  #tokens: number;
  /** ms, by the monotonic clock. */
  #filledAt: number;

  constructor(perSecond: number, monotonicNow: () => number) {
    this.#perSecond = perSecond;
    this.#monotonicNow = monotonicNow;
    this.#tokens = perSecond * AVERAGED_OVER_S;
    this.#filledAt = monotonicNow();
  }

  available(): number {
    const nowMs = this.#monotonicNow();
    const passedMs = nowMs - this.#filledAt;
    this.#filledAt = nowMs;
    const full = this.#perSecond * AVERAGED_OVER_S;
    this.#tokens = Math.min(full, this.#tokens + (passedMs * this.#perSecond) / 1000);
    return Math.floor(this.#tokens);
  }

  take(publishes: number): void {
    this.#tokens -= publishes;
  }
}
