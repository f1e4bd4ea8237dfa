/**
 * TokenBucket: how much of something somebody may do a second, averaged over some seconds: what comes in a burst may
 * come at once, what comes without end is slowed down or refused.
 *
 * The one bucket of the house: publishes and work of a client, connects of an address, notices of a channel.
 * Invariant: over any span of t seconds at most `(averagedOverS + t) × perSecond` tokens are given, and what was
 * taken beyond it is owed.
 */
/** After the bucket is empty the next look is when a tenth of a second's worth is in it. */
const REFILL_MS = 100;

export class TokenBucket {
  readonly refillMs = REFILL_MS;
  readonly #perSecond: number;
  readonly #full: number;
  readonly #now: () => number;
  #tokens: number;
  /** ms, by `now`. */
  #filledAt: number;

  constructor(perSecond: number, averagedOverS: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#full = perSecond * averagedOverS;
    this.#now = now;
    this.#tokens = this.#full;
    this.#filledAt = now();
  }

  /** Below 0 while something is owed. */
  available(): number {
    const now = this.#now();
    const passedMs = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(this.#full, this.#tokens + (passedMs * this.#perSecond) / 1000);
    return Math.floor(this.#tokens);
  }

  /** Takes one if there is one. */
  tryTake(): boolean {
    if (this.available() < 1) return false;
    this.#tokens--;
    return true;
  }

  take(tokens: number): void {
    this.#tokens -= tokens;
  }

  /** What was taken needlessly. */
  giveBack(tokens: number): void {
    this.#tokens = Math.min(this.#full, this.#tokens + tokens);
  }
}
