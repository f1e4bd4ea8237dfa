/**
 * ReadPace: how much of a client's stream may be read now, and who wakes it when that was nothing.
 *
 * Asked by its connection before each walk over bytes. PUBLISH packets have a window, a rate and the journal's
 * bound; all others, and QoS 2, are paid for by price. Invariants: what is held is woken when there may be room
 * again; a client that leaves its answers unread is held, then dropped.
 */
import type { Duplex } from 'node:stream';
import type { ConnectionOptions, HoldCause } from './connection-options.ts';

/** Bytes that a client may leave unread: some thousand readings, or the retained status of a whole city. */
export const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

export type PaceOptions = Pick<
  ConnectionOptions,
  'maxInFlight' | 'publishRate' | 'workRate' | 'drainTimeoutMs' | 'isJournalBusy' | 'onHold'
>;

export interface PaceListener {
  /** There may be room again. */
  readonly wake: () => void;
  /** It has left its answers unread for too long. */
  readonly dropSlowReader: () => void;
}

export class ReadPace {
  /** PUBLISH packets taken and not yet answered. */
  inFlight = 0;
  readonly #stream: Duplex;
  readonly #options: PaceOptions;
  readonly #listener: PaceListener;
  #rates: Pick<PaceOptions, 'publishRate' | 'workRate'>;
  #held: HoldCause | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(stream: Duplex, options: PaceOptions, listener: PaceListener) {
    this.#stream = stream;
    this.#options = options;
    this.#rates = options;
    this.#listener = listener;
    stream.on('drain', () => this.#drained());
    stream.once('close', () => {
      clearTimeout(this.#wakeTimer);
      clearTimeout(this.#drainTimer);
    });
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** From now on it pays from these, with others of the same sender. */
  shareRates(rates: Pick<PaceOptions, 'publishRate' | 'workRate'>): void {
    this.#rates = rates;
  }

  /** PUBLISH packets that may begin now. */
  publishes(): number {
    if (this.#findBlock()) return 0;
    const { maxInFlight } = this.#options;
    return Math.max(0, Math.min(maxInFlight - this.inFlight, this.#rates.publishRate.available()));
  }

  /** Units of work that other packets may cost now. */
  work(): number {
    return this.#rates.workRate.available();
  }

  /** These packets have been begun; the publishes among them count for `worth` against the rate. */
  take(publishes: number, worth: number, work: number): void {
    this.inFlight += publishes;
    this.#rates.publishRate.take(worth);
    this.#rates.workRate.take(work);
  }

  /** It costs that much more than its first byte told. */
  charge(work: number): void {
    this.#rates.workRate.take(work);
  }

  /** They took that much longer than their bytes told. */
  chargePublishes(worth: number): void {
    this.#rates.publishRate.take(worth);
  }

  /** It was asked for by us. */
  refund(work: number): void {
    this.#rates.workRate.giveBack(work);
  }

  answered(publishes: number): void {
    this.inFlight -= publishes;
    if (this.#held === 'in-flight') this.#listener.wake();
  }

  /** Nothing more is read until there may be room for what comes next. */
  hold(isForWork: boolean): void {
    const cause = isForWork ? 'work' : this.#findHoldCause();
    if (this.#held === undefined) this.#options.onHold(cause);
    this.#held = cause;
    if (cause === 'unread-answers') {
      this.watchUnread();
    } else if (cause === 'rate' || cause === 'work') {
      this.#wakeTimer ??= setTimeout(() => {
        this.#wakeTimer = undefined;
        this.#listener.wake();
      }, this.#rates.workRate.refillMs);
    }
  }

  /** It has left something unread. It reads all of it in time, or it is dropped. */
  watchUnread(): void {
    this.#drainTimer ??= setTimeout(() => this.#listener.dropSlowReader(), this.#options.drainTimeoutMs);
  }

  release(): void {
    this.#held = undefined;
  }

  #findBlock(): HoldCause | undefined {
    if (this.#options.isJournalBusy()) return 'journal';
    // Who does not read its answers is not read either, until it is dropped as a slow reader.
    return this.#stream.writableNeedDrain ? 'unread-answers' : undefined;
  }

  #findHoldCause(): HoldCause {
    const isFull = this.inFlight >= this.#options.maxInFlight;
    return this.#findBlock() ?? (isFull ? 'in-flight' : 'rate');
  }

  #drained(): void {
    clearTimeout(this.#drainTimer);
    this.#drainTimer = undefined;
    if (this.#held === 'unread-answers') this.#listener.wake();
  }
}
