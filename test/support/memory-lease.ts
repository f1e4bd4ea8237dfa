/**
 * A lease in memory with a database clock of its own: what the one in PostgreSQL promises, for tests that try many
 * orders of events. Any candidate may be unreachable for a while.
 */
import { LEASE, type Lease } from '../../ownership/lease.ts';

export class MemoryLeases {
  nowMs = 0;
  /** As where a renewal waits inside the database. */
  isRenewalWaiting = false;
  #row: { holder: string; epoch: number; since: number; untilMs: number } | undefined;

  get epoch(): number {
    return this.#row?.epoch ?? 0;
  }

  of(holder: string): Lease {
    return {
      findOwner: async () => (this.#row && this.#row.untilMs > this.nowMs ? this.#row : undefined),
      isBeingRenewed: async () => this.isRenewalWaiting,
      take: async () => {
        if (this.#row && this.#row.untilMs > this.nowMs) return undefined;
        this.#row = {
          ...{ holder, since: this.nowMs },
          epoch: this.epoch + 1,
          untilMs: this.nowMs + LEASE.lastsMs,
        };
        return this.#row.epoch;
      },
      renew: async (epoch) => {
        if (!this.#row || this.#row.epoch !== epoch) return false;
        this.#row.untilMs = this.nowMs + LEASE.lastsMs;
        return true;
      },
      release: async (epoch) => {
        if (this.#row?.epoch === epoch) this.#row.untilMs = this.nowMs;
      },
    };
  }
}
