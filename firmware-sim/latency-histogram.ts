/**
 * Times from PUBLISH to PUBACK, kept in buckets: bounded memory however long a load runs.
 *
 * Buckets grow by 5 %, so a percentile is right to within 5 % of itself. Invariant: what is beyond the last
 * bucket (two minutes) counts as the last.
 */
const FIRST_MS = 0.05;
const GROWTH = 1.05;
/** 0.05 ms × 1.05^300 ≈ 2 min. */
const BUCKETS = 301;

export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;

  add(elapsedMs: number): void {
    const bucket = Math.ceil(Math.log(Math.max(elapsedMs, FIRST_MS) / FIRST_MS) / Math.log(GROWTH));
    const index = Math.min(BUCKETS - 1, bucket);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#total++;
  }

  /** The time that `share` (0–1) of all stayed within, ms; undefined before the first. */
  percentileMs(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen >= share * this.#total) return FIRST_MS * GROWTH ** bucket;
    }
    return FIRST_MS * GROWTH ** (BUCKETS - 1);
  }
}
