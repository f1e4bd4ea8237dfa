/**
 * The clock monitor: compares the wall clock with the monotonic one, and says when the wall clock was set.
 *
 * Every periodic job looks here before it runs, so that a step is known before anybody judges by the new time;
 * whether the new time is right is judged by the clocks of the devices (server-clock.ts).
 * A suspended machine, a board without a battery and an operator who sets the date all look the same from here.
 * Invariants: one step is told once, with its direction and size; a clock that is only corrected slowly (NTP slews
 * by at most half a millisecond a second) never counts as stepped; a clock that jumps ahead deletes nothing for a day.
 */
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';

/** ms. Far above what a slewed clock drifts between two looks, below what any rule could notice. */
const STEP_MIN_MS = 1_000;
/** How long a clock that was set forward must stand before old data goes by it: time for somebody to notice. */
const RETENTION_WAITS_MS = 86_400_000;

export interface Clocks {
  /** The wall clock, epoch ms: it may be set at any time. */
  now(): number;
  /** ms since some moment: never set, never back. Durations and timers go by it. */
  monotonicNow(): number;
}

export interface ClockStep {
  /** Epoch ms, by the new time. */
  readonly foundAt: number;
  /** ms, below zero when the clock was set back. */
  readonly sizeMs: number;
}

export interface ClockMonitor {
  /** Compares the clocks with the last look. The listeners of `onStep` have returned when this does. */
  look(): void;
  readonly lastStep: ClockStep | undefined;
  onStep(listener: (step: ClockStep) => void): void;
  /**
   * Told at the start what is the newest time on the disk, 0 where there is none: a clock a day or more ahead of it may
   * be wrong.
   */
  compareWithDisk(newestMs: number): void;
  /** The time, epoch ms, by which data may be too old to keep: without what the clock jumped in the last day. */
  retentionNow(): number;
}

export interface ClockMonitorOptions extends Clocks {
  readonly log: Logger;
  readonly metrics: Metrics;
}

export function createClockMonitor({ now, monotonicNow, log, metrics }: ClockMonitorOptions): ClockMonitor {
  const registers = [metrics];
  const steps = new Counter({
    name: 'siaga_clock_steps_total',
    help: 'Times the wall clock was set by a second or more.',
    labelNames: ['direction'],
    registers,
  });
  const size = new Gauge({
    name: 'siaga_clock_last_step_seconds',
    help: 'Size of the last step of the wall clock; below zero when it was set back.',
    registers,
  });
  for (const direction of ['forward', 'back']) steps.inc({ direction }, 0);
  const listeners: ((step: ClockStep) => void)[] = [];
  const offset = () => now() - monotonicNow();
  let expected = offset();
  let lastStep: ClockStep | undefined;
  /** By how much the clock may be ahead, ms, and since when, by the monotonic clock. */
  let doubt = { aheadMs: 0, sinceMs: 0 };
  const doubtedMs = () => (monotonicNow() - doubt.sinceMs < RETENTION_WAITS_MS ? doubt.aheadMs : 0);

  return {
    look() {
      const found = offset();
      const sizeMs = Math.round(found - expected);
      expected = found;
      if (Math.abs(sizeMs) < STEP_MIN_MS) return;
      lastStep = { foundAt: now(), sizeMs };
      doubt = { aheadMs: Math.max(0, doubtedMs() + sizeMs), sinceMs: monotonicNow() };
      const direction = sizeMs > 0 ? 'forward' : 'back';
      steps.inc({ direction });
      size.set(sizeMs / 1000);
      log.warn({ direction, stepS: sizeMs / 1000 }, 'the clock of this machine was set');
      for (const listener of listeners) listener(lastStep);
    },
    get lastStep() {
      return lastStep;
    },
    onStep: (listener) => void listeners.push(listener),
    compareWithDisk(newestMs) {
      const aheadMs = now() - newestMs;
      if (newestMs === 0 || aheadMs < RETENTION_WAITS_MS) return;
      doubt = { aheadMs, sinceMs: monotonicNow() };
      const days = Math.round(aheadMs / 86_400_000);
      log.info(
        { days },
        'the last reading is days old: retention waits for a day, in case the clock is wrong',
      );
    },
    retentionNow: () => now() - doubtedMs(),
  };
}
