/**
 * WayToOwner: which node a standby carries to now, and all that it carries.
 *
 *   nobody → known (its door was announced) → nobody (its lease is over: what is carried stays, it may go on)
 *          → known again in its epoch, or another epoch: what was carried ends, and comes again
 *
 * A connection that comes while nobody is known, or cannot be reached, is held for some seconds: a takeover takes as
 * long. Invariants: what is carried to an owner ends when another owns the city, also where the old one only hangs;
 * only so many links are begun at a time; what lies here of all together is bounded, and the largest go first.
 */

import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import type { OwnerNode } from '../ownership/owner-node.ts';
import { type Lane, openLink, type Source } from './link.ts';
import { OwnerReach, type OwnerReachOptions } from './owner-reach.ts';
import type { RelayMetrics } from './relay-metrics.ts';

/** Links that are begun at once; the others wait, within their time. A city that comes back is taken in turns. */
export const LINKS_AT_ONCE = 64;
/** Of a device: as long as a takeover, and shorter than its own patience. */
export const HOLD_DEVICE_MS = 10_000;
/** Of a call: somebody waits. */
export const HOLD_CALL_MS = 3_000;
/** A node that does not answer is tried again so soon. */
const AGAIN_MS = 250;
/** Bytes of all that is carried, which one side has sent and the other not taken. */
export const MAX_HELD_BYTES = 64 * 1024 * 1024;
const SWEEP_EVERY_MS = 1_000;

export type NoWay = 'no-owner' | 'unreachable';

interface Carried {
  readonly lane: Lane;
  readonly link: TLSSocket;
  /** The link, and what it is joined with. */
  readonly streams: readonly Duplex[];
}

export class WayToOwner implements Disposable {
  readonly #metrics: RelayMetrics;
  readonly #monotonicNow: () => number;
  readonly #reach: OwnerReach;
  readonly #carried = new Set<Carried>();
  readonly #sweeping: NodeJS.Timeout;
  #node: OwnerNode | undefined;
  /** Of the owner that was carried to last. */
  #epoch: number | undefined;
  #underWay = 0;
  #turns: (() => void)[] = [];
  /** Told when a node is known. */
  #known = Promise.withResolvers<void>();
  #isClosed = false;

  constructor(
    metrics: RelayMetrics,
    monotonicNow: () => number,
    onReachChange?: OwnerReachOptions['onChange'],
  ) {
    this.#metrics = metrics;
    this.#monotonicNow = monotonicNow;
    this.#reach = new OwnerReach({ monotonicNow, ...(onReachChange ? { onChange: onReachChange } : {}) });
    metrics.isOwnerReached = () => this.isOpen;
    metrics.countCarried = (lane) => [...this.#carried].filter((each) => each.lane === lane).length;
    metrics.countHeldBytes = () => [...this.#carried].reduce((sum, each) => sum + heldBytes(each), 0);
    this.#sweeping = setInterval(() => {
      this.sweep();
      void this.look();
    }, SWEEP_EVERY_MS);
    this.#sweeping.unref();
  }

  /** Whether there is somebody to carry to, who was reached at the last try. */
  get isOpen(): boolean {
    return this.#reach.isReached;
  }

  /** Why the owner that is known is not reached, with its address. */
  get problem(): string | undefined {
    return this.#reach.problem;
  }

  /** Whether the owner is reached, where nobody was carried to it lately. Never throws. */
  look(): Promise<void> {
    return this.#reach.look();
  }

  /** Called with each look at who owns the city. */
  lead(node: OwnerNode | undefined): void {
    if (node?.epoch === this.#node?.epoch) return;
    this.#node = node;
    this.#reach.lead(node);
    if (!node) {
      this.#known = Promise.withResolvers();
      return;
    }
    if (node.epoch !== this.#epoch) this.#endAll();
    this.#epoch = node.epoch;
    this.#known.resolve();
  }

  /** This node has become the owner: what it carried is the old one's. */
  leave(): void {
    this.lead(undefined);
    this.#endAll();
  }

  /**
   * A link to the owner, within `holdMs`; else why there is none. `isWanted` is asked before each try: who has gone is
   * not carried.
   */
  async open(
    lane: Lane,
    source: Source,
    holdMs: number,
    isWanted: () => boolean,
  ): Promise<TLSSocket | NoWay> {
    const untilMs = this.#monotonicNow() + holdMs;
    let why: NoWay = 'no-owner';
    for (;;) {
      const node = await this.#untilKnown(untilMs);
      if (!node || !isWanted()) break;
      const isDue = () => isWanted() && this.#monotonicNow() < untilMs;
      const link = await this.#begin(node, lane, source, isDue);
      if (link) return link;
      why = 'unreachable';
      if (!isWanted() || this.#monotonicNow() + AGAIN_MS >= untilMs) break;
      await delay(AGAIN_MS, undefined, { ref: false });
    }
    // Who left by itself is no loss.
    if (isWanted()) this.#metrics.ended.inc({ why });
    return why;
  }

  /** From here on it ends with the owner. `others` are the streams that it is joined with. */
  join(lane: Lane, link: TLSSocket, others: readonly Duplex[]): void {
    const carried = { lane, link, streams: [link, ...others] };
    this.#carried.add(carried);
    link.once('close', () => this.#carried.delete(carried));
  }

  /** Ends what holds the most, where all hold too much. */
  sweep(): void {
    const sizes = [...this.#carried].map((each) => ({ each, bytes: heldBytes(each) }));
    let sum = sizes.reduce((total, { bytes }) => total + bytes, 0);
    if (sum <= MAX_HELD_BYTES) return;
    for (const { each, bytes } of sizes.sort((a, b) => b.bytes - a.bytes)) {
      if (sum <= MAX_HELD_BYTES) return;
      sum -= bytes;
      this.#end(each, 'too-much-held');
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearInterval(this.#sweeping);
    this.#endAll();
    this.#node = undefined;
    this.#reach.lead(undefined);
    this.#known.resolve();
  }

  async #untilKnown(untilMs: number): Promise<OwnerNode | undefined> {
    const leftMs = untilMs - this.#monotonicNow();
    if (!this.#node && !this.#isClosed && leftMs > 0) {
      const waiting = new AbortController();
      const late = delay(leftMs, undefined, { ref: false, signal: waiting.signal }).catch(() => undefined);
      await Promise.race([this.#known.promise, late]);
      waiting.abort();
    }
    return this.#node;
  }

  /** In its turn. Undefined where the owner is not reached, or is none any more. */
  async #begin(
    node: OwnerNode,
    lane: Lane,
    source: Source,
    isDue: () => boolean,
  ): Promise<TLSSocket | undefined> {
    if (this.#underWay >= LINKS_AT_ONCE) await new Promise<void>((resolve) => this.#turns.push(resolve));
    this.#underWay++;
    const begunAtMs = this.#monotonicNow();
    try {
      // Who waited too long for its turn makes room at once.
      if (!isDue()) return undefined;
      const link = await openLink(node, lane, source);
      this.#reach.succeeded(node);
      if (isDue() && node.epoch === this.#node?.epoch) return link;
      link.destroy();
      return undefined;
    } catch (error) {
      // Counted, and told to whom it concerns, by the caller.
      this.#reach.failed(node, begunAtMs, error);
      return undefined;
    } finally {
      this.#underWay--;
      this.#turns.shift()?.();
    }
  }

  #endAll(): void {
    for (const each of this.#carried) this.#end(each, 'owner-changed');
  }

  #end(carried: Carried, why: 'owner-changed' | 'too-much-held'): void {
    this.#metrics.ended.inc({ why });
    this.#carried.delete(carried);
    for (const stream of carried.streams) stream.destroy();
  }
}

function heldBytes({ streams }: Carried): number {
  return streams.reduce(
    (sum, { readableLength, writableLength }) => sum + readableLength + writableLength,
    0,
  );
}
