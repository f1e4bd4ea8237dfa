/**
 * When a crew's word was said, by our clock, held against the instant of an order.
 *
 * Asked for every reading of a unit before its word is judged. What is believed of the unit's clock is the fleet's
 * (clock/device-clock.ts), which has taken the reading before. Invariants: a word that was said before an instant is
 * never told as said after it while its clock keeps its pace; where the clock is not known, nothing but the time of
 * receipt is told.
 */
import type { DeviceClock } from '../../clock/device-clock.ts';
import { type SaidAt, saidAtOf } from '../../clock/said-at.ts';
import { ownTimeOf, type Reading } from '../../devices/reading.ts';

export type { SaidAt } from '../../clock/said-at.ts';
export type TimedWord = Pick<Reading, 'measuredAt' | 'receivedAt' | 'quality' | 'values'>;

/** When a reading was measured, by what is known of its device's clock, which has taken it. */
export function timeWord(clock: DeviceClock | undefined, word: TimedWord): SaidAt {
  const ownMs = ownTimeOf(word);
  if (clock && ownMs !== undefined) return saidAtOf(clock, ownMs, word.receivedAt);
  return { earliestMs: Number.NEGATIVE_INFINITY, latestMs: word.receivedAt };
}

export type Order = 'after' | 'before' | 'unsure';

/** Was it said after this instant? At the very millisecond counts as after. */
export function compareToInstant({ earliestMs, latestMs }: SaidAt, atMs: number): Order {
  if (earliestMs >= atMs) return 'after';
  return latestMs < atMs ? 'before' : 'unsure';
}
