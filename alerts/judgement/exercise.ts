/**
 * Exercise and truth at one device: a simulated reading moves nothing that rests on real ones, and a real one owes
 * nothing to what was simulated before it.
 *
 * Asked by the engine before a reading is placed. Who tests a gauge in the middle of a flood must not give the
 * all-clear, and a flood after a test must not be told as an exercise.
 */
import { type Reading, TRUTH_LASTS_MS } from '../../devices/reading.ts';
import type { DeviceWatch } from './device-watch.ts';
import { createTimeline } from './timeline.ts';

/** It is simulated, and its device measures or has a real alert open: it is heard, and no more. */
export function isBesideTruth(
  { hearing, known }: DeviceWatch,
  { simulated, receivedAt }: Pick<Reading, 'simulated' | 'receivedAt'>,
): boolean {
  if (!simulated) return false;
  if (Math.abs(receivedAt - hearing.realAt) < TRUTH_LASTS_MS) return true;
  return known.some((list) =>
    list.some(({ episode }) => !episode.simulated && episode.endedAt === undefined),
  );
}

/** Takes note of a real reading; where an exercise went before it, all that was found there goes. */
export function noteTruth(
  watch: DeviceWatch,
  { simulated, receivedAt }: Pick<Reading, 'simulated' | 'receivedAt'>,
): void {
  if (simulated) return;
  const { hearing, rules, timeline } = watch;
  hearing.realAt = receivedAt;
  if (hearing.simulated) watch.timeline = createTimeline(rules, timeline.head.intervalMs);
}
