/**
 * A bound on how many notices a minute a channel of people gets: a token bucket for each.
 *
 * Invariant: in no minute are more than twice `perMinute` spent, and in no hour more than 61 times it.
 */
import { TokenBucket } from '../../clock/token-bucket.ts';

const MINUTE_S = 60;

export class RateBound {
  readonly #perMinute: number;
  readonly #monotonicNow: () => number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(perMinute: number, monotonicNow: () => number) {
    this.#perMinute = perMinute;
    this.#monotonicNow = monotonicNow;
  }

  /** Whole notices that may be sent now. */
  left(channel: string): number {
    return this.#bucket(channel).available();
  }

  spend(channel: string): void {
    this.#bucket(channel).take(1);
  }

  #bucket(channel: string): TokenBucket {
    const known = this.#buckets.get(channel);
    if (known) return known;
    const bucket = new TokenBucket(this.#perMinute / MINUTE_S, MINUTE_S, this.#monotonicNow);
    this.#buckets.set(channel, bucket);
    return bucket;
  }
}
