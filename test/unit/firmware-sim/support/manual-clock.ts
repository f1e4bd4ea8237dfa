/**
 * A clock that stands still until a test turns it. Timers run in the order of their times, and see that time.
 */
import type { Clock } from '../../../../firmware-sim/clock.ts';

export interface ManualClock extends Clock {
  advance(byMs: number): void;
}

export function createManualClock(startsAt = Date.UTC(2026, 0, 15, 2, 30)): ManualClock {
  let now = startsAt;
  let timers: { dueMs: number; callback: () => void }[] = [];
  return {
    now: () => now,
    after(delayMs, callback) {
      const timer = { dueMs: now + delayMs, callback };
      timers.push(timer);
      return () => {
        timers = timers.filter((each) => each !== timer);
      };
    },
    advance(byMs) {
      const untilMs = now + byMs;
      for (;;) {
        const due = timers.filter((each) => each.dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs)[0];
        if (!due) break;
        timers = timers.filter((each) => each !== due);
        now = Math.max(now, due.dueMs);
        due.callback();
      }
      now = untilMs;
    },
  };
}
