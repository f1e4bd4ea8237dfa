/**
 * LifeSigns: whether a client is still there, told by its bytes.
 *
 * Told of every read of its connection once CONNACK has been sent. Any byte keeps a client alive, so that a packet
 * on a slow link is not cut for keep alive; in turn a packet that has begun must go on. Invariants: a silence of
 * one and a half times the keep alive ends the connection [MQTT-3.1.2-24]; so does a packet that brings neither
 * 3,000 bytes a minute nor its end; of a client that we do not read, neither is judged.
 */
import type { EndReason } from './end-reason.ts';

/** A link may stall for most of it. */
export const SPAN_MS = 60_000;
/** 50 bytes a second, half of the slowest links in use: the largest packet, 256 KiB, takes 90 minutes at most. */
export const MIN_BYTES_A_SPAN = 3_000;

export interface LifeSignsListener {
  readonly end: (reason: EndReason) => void;
  /** True while it is not read: its bytes may lie in the socket. */
  readonly isHeld: () => boolean;
}

export class LifeSigns {
  readonly #listener: LifeSignsListener;
  #isWatching = false;
  #keepAliveTimer: NodeJS.Timeout | undefined;
  #packetTimer: NodeJS.Timeout | undefined;
  /** Bytes since the packet timer began. */
  #progressBytes = 0;
  #packets = 0;

  constructor(listener: LifeSignsListener) {
    this.#listener = listener;
  }

  /** From now on. A keep alive of 0 s asks for none. */
  watch(keepAliveS: number): void {
    this.#isWatching = true;
    if (keepAliveS > 0) this.#keepAliveTimer = setTimeout(() => this.#beSilent(), keepAliveS * 1_500 + 1);
  }

  /** Bytes have come. `packets` are those that have ended so far; `isCut`: another one has begun. */
  heard(bytes: number, packets: number, isCut: boolean): void {
    if (!this.#isWatching) return;
    this.#keepAliveTimer?.refresh();
    this.#progressBytes += bytes;
    if (isCut && packets === this.#packets && this.#packetTimer) return;
    this.#packets = packets;
    clearTimeout(this.#packetTimer);
    this.#packetTimer = undefined;
    if (isCut) this.#startSpan(bytes);
  }

  /** It is read again: what it sent meanwhile comes now. */
  released(): void {
    this.#keepAliveTimer?.refresh();
  }

  stop(): void {
    this.#isWatching = false;
    clearTimeout(this.#keepAliveTimer);
    clearTimeout(this.#packetTimer);
  }

  #startSpan(bytes: number): void {
    this.#progressBytes = bytes;
    this.#packetTimer = setTimeout(() => {
      if (this.#progressBytes >= MIN_BYTES_A_SPAN || this.#listener.isHeld()) this.#startSpan(0);
      else this.#listener.end('too-slow');
    }, SPAN_MS);
  }

  #beSilent(): void {
    if (this.#listener.isHeld()) this.#keepAliveTimer?.refresh();
    else this.#listener.end('keep-alive-timeout');
  }
}
