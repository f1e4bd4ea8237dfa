/**
 * Ownership: whether this server still owns the city, by its own clock, and what it does when it does not know.
 *
 *   held → (no renewal for 4 s) in doubt → held again by the next renewal, or lost → the process ends
 *
 * Held and in doubt differ in one thing: in doubt nothing is acknowledged (hold-answers.ts). The database keeps out
 * writes by itself (database/fenced-dialect.ts). Invariant: while this server holds itself for the owner, by its
 * monotonic clock, no other can have taken the city; for a renewal counts from before it was asked for.
 */
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';
import { OwnershipLostError } from '../database/fenced-dialect.ts';
import { LEASE, type Lease } from './lease.ts';

export interface OwnershipOptions {
  readonly lease: Lease;
  readonly city: string;
  readonly epoch: number;
  /** By the monotonic clock, from before the lease was taken. */
  readonly takenAtMs: number;
  readonly monotonicNow: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Told once. What is called must end the process: nothing of it may go on. */
  readonly onLost: (error: OwnershipLostError) => void;
}

export class Ownership implements AsyncDisposable {
  readonly epoch: number;
  readonly #options: OwnershipOptions;
  readonly #onHeldAgain = new Set<() => void>();
  readonly #failedRenewals: Counter;
  #heldUntilMs: number;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | undefined;
  #isEnded = false;
  #isDoubtTold = false;
  #failure: unknown;

  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.epoch = options.epoch;
    this.#heldUntilMs = heldUntil(options.takenAtMs);
    this.#failedRenewals = createMetrics(this, options.metrics);
  }

  /** Whether what is done now is the owner's. Ask just before it leaves the house. */
  get isHeld(): boolean {
    return this.leftMs > 0;
  }

  /** Until this server has to doubt, ms by its own clock; below 0 it does. */
  get leftMs(): number {
    return this.#isEnded ? Number.NEGATIVE_INFINITY : this.#heldUntilMs - this.#options.monotonicNow();
  }

  /** For readiness, in words; undefined while it is held. */
  get problem(): string | undefined {
    if (this.isHeld) return undefined;
    const why = this.#failure === undefined ? 'in time' : `(${(this.#failure as Error).message})`;
    return `the database has not confirmed ${why} that this server still owns the city: nothing is acknowledged until it does`;
  }

  /** `listener` is called after each renewal that ends a doubt. */
  onHeldAgain(listener: () => void): void {
    this.#onHeldAgain.add(listener);
  }

  /** Renews from now on, until it is closed. */
  start(): this {
    this.#plan();
    return this;
  }

  /** One renewal; whatever comes of it is seen to here. */
  async renew(): Promise<void> {
    const { lease, log, monotonicNow } = this.#options;
    const askedAtMs = monotonicNow();
    let isOurs: boolean;
    try {
      isOurs = await lease.renew(this.epoch);
    } catch (error) {
      this.#failedRenewals.inc();
      this.#failure = error;
      this.#tellDoubt();
      return;
    }
    if (this.#isEnded) return;
    if (!isOurs) {
      const owner = await lease.findOwner().catch(() => undefined);
      this.lose(
        new OwnershipLostError(`another server owns the city: ${owner?.holder ?? 'it has ended since'}`),
      );
      return;
    }
    this.#tellDoubt();
    this.#failure = undefined;
    this.#heldUntilMs = heldUntil(askedAtMs);
    // The answer may have taken longer than the lease.
    if (!this.isHeld) return;
    if (this.#isDoubtTold) log.info({ epoch: this.epoch }, 'this server still owns the city');
    this.#isDoubtTold = false;
    for (const listener of this.#onHeldAgain) listener();
  }

  /** The epoch is over: nothing of this process may go on. */
  lose(error: OwnershipLostError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#options.log.fatal({ epoch: this.epoch }, `${error.message}; ending, a restart stands by`);
    this.#options.onLost(error);
  }

  /** Once all that writes is closed: another may own the city at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { lease, log } = this.#options;
    clearTimeout(this.#timer);
    await this.#renewing;
    if (this.#isEnded) return;
    this.#isEnded = true;
    await lease.release(this.epoch).catch((error: unknown) => {
      log.warn({ err: error }, 'the lease is not given back: a standby waits for its end');
    });
  }

  #plan(): void {
    if (this.#isEnded) return;
    const delayMs = this.#failure === undefined ? LEASE.renewEveryMs : LEASE.lookEveryMs;
    this.#timer = setTimeout(() => {
      this.#renewing = this.renew().finally(() => this.#plan());
    }, delayMs);
    this.#timer.unref();
  }

  #tellDoubt(): void {
    const { problem } = this;
    if (problem === undefined || this.#isDoubtTold) return;
    this.#isDoubtTold = true;
    this.#options.log.warn({ epoch: this.epoch }, problem);
  }
}

function heldUntil(askedAtMs: number): number {
  return askedAtMs + LEASE.lastsMs - LEASE.marginMs;
}

function createMetrics(ownership: Ownership, metrics: Metrics): Counter {
  const registers = [metrics];
  new Gauge({
    name: 'siaga_ownership_epoch',
    help: 'The epoch in which this server owns the city.',
    registers,
    collect() {
      this.set(ownership.epoch);
    },
  });
  new Gauge({
    name: 'siaga_ownership_left_seconds',
    help: 'Time until this server doubts that it owns the city; below 0 nothing is acknowledged.',
    registers,
    collect() {
      this.set(ownership.leftMs / 1_000);
    },
  });
  return new Counter({
    name: 'siaga_ownership_failed_renewals_total',
    help: 'Renewals of the lease that the database did not answer.',
    registers,
  });
}
