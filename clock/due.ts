/**
 * When a wait that is kept as a time of the wall clock is over: it must outlive a restart, and the clock may be set.
 *
 * Every such time was once "now, and at most so much". Invariant: no wait lasts longer than that much after the
 * clock was set back; set forward, it ends early.
 */

/** Whether `dueAtMs` has come; true too for one that no wait of at most `longestMs` can have set by this clock. */
export function isDue(dueAtMs: number, nowMs: number, longestMs: number): boolean {
  return dueAtMs <= nowMs || dueAtMs > nowMs + longestMs;
}
