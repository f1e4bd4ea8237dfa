/**
 * Waiting from outside for what happens in another process, which has a clock of its own.
 * Invariant: it asks again and again and passes on the last refusal; how long it took is never asserted.
 */
import { setTimeout as delay } from 'node:timers/promises';

const ASK_EVERY_MS = 50;

/** Resolves with what `look` returns as soon as it does not throw; throws its last error after the limit. */
export async function eventually<T>(look: () => Promise<T> | T, limitMs = 60_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() >= deadline) throw error;
      await delay(ASK_EVERY_MS);
    }
  }
}
