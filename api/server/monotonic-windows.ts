/**
 * The windows of @fastify/rate-limit by a clock that is never set; its own store goes by the wall clock, and a clock
 * that is set back would lock an address out for as long.
 *
 * Invariant: no more than MAX_KEYS windows are remembered; the one that began first goes.
 */
import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';

export const MAX_KEYS = 10_000;

interface Window {
  count: number;
  readonly beganAtMs: number;
}

type Tell = (error: Error | null, result: { current: number; ttl: number }) => void;

/** `monotonicNow` in ms. */
export function createMonotonicWindows(monotonicNow: () => number): FastifyRateLimitStoreCtor {
  return class MonotonicWindows implements FastifyRateLimitStore {
    readonly #windows = new Map<string, Window>();

    incr(key: string, tell: Tell, windowMs: number): void {
      const window = this.#find(key, windowMs) ?? this.#begin(key);
      window.count++;
      tell(null, { current: window.count, ttl: this.#leftMs(window, windowMs) });
    }

    /** How it stands, counting nothing. */
    read(key: string, tell: Tell, windowMs: number): void {
      const window = this.#find(key, windowMs);
      tell(
        null,
        window ? { current: window.count, ttl: this.#leftMs(window, windowMs) } : { current: 0, ttl: 0 },
      );
    }

    child(): FastifyRateLimitStore {
      return new MonotonicWindows();
    }

    #find(key: string, windowMs: number): Window | undefined {
      const window = this.#windows.get(key);
      return window && this.#leftMs(window, windowMs) > 0 ? window : undefined;
    }

    #begin(key: string): Window {
      // Put at the end again: the first is the one that began first.
      this.#windows.delete(key);
      if (this.#windows.size >= MAX_KEYS) this.#windows.delete(this.#windows.keys().next().value as string);
      const window = { count: 0, beganAtMs: monotonicNow() };
      this.#windows.set(key, window);
      return window;
    }

    #leftMs({ beganAtMs }: Window, windowMs: number): number {
      return beganAtMs + windowMs - monotonicNow();
    }
  };
}
