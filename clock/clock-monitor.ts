/**
 * The clock monitor: compares the wall clock with the monotonic one, and says when the wall clock was set.
 *
 * Every periodic job looks here before it runs, so that a step is known before anybody judges by the new time.
 * A suspended machine, a board without a battery and an operator who sets the date all look the same from here.
 * Invariant: one step is told once, with its direction and size; a clock that is only corrected slowly (NTP slews
 * by at most half a millisecond a second) never counts as stepped.
 */
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry as Metrics } from 'prom-client';

/** ms. Far above what a slewed clock drifts between two looks, below what any rule could notice. */
const STEP_MIN_MS = 1_000;

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

  return {
    look() {
      const found = offset();
      const sizeMs = Math.round(found - expected);
      expected = found;
      if (Math.abs(sizeMs) < STEP_MIN_MS) return;
      lastStep = { foundAt: now(), sizeMs };
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
  };
}
