/**
 * A bound on how many notices a minute a channel of people gets: a bucket of tokens that fills again evenly.
 *
 * Invariant: in no minute are more than twice `perMinute` spent, and in no hour more than 61 times it.
 */
export class RateBound {
  readonly #perMinute: number;
  readonly #monotonicNow: () => number;
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(perMinute: number, monotonicNow: () => number) {
    this.#perMinute = perMinute;
    this.#monotonicNow = monotonicNow;
  }

  /** Whole notices that may be sent now. */
  left(channel: string): number {
    const nowMs = this.#monotonicNow();
    const bucket = this.#buckets.get(channel) ?? { left: this.#perMinute, at: nowMs };
    const gained = ((nowMs - bucket.at) / 60_000) * this.#perMinute;
    const left = Math.min(this.#perMinute, bucket.left + gained);
    this.#buckets.set(channel, { left, at: nowMs });
    return Math.floor(left);
  }

  spend(channel: string): void {
    const bucket = this.#buckets.get(channel);
    if (bucket) bucket.left -= 1;
  }
}
