/**
 * When a crew's word was said, by our clock: what dispatch believes of the clocks of the units.
 *
 * Every reading of a unit passes here before its word is judged against an order. Invariants: a word that was
 * said before an instant is never told as said after it while its clock keeps its pace; where the clock is
 * not known, nothing but the time of receipt is told. The port is UnitClocks: whoever knows more of a
 * device's clock takes the place of createUnitClocks and of nothing else.
 */
import { QualityFlag, type Reading } from '../devices/reading.ts';

/** A span of our clock, epoch ms; `earliestMs` is −Infinity where only the receipt is known. */
export interface SaidAt {
  readonly earliestMs: number;
  readonly latestMs: number;
}

export type TimedWord = Pick<Reading, 'device' | 'measuredAt' | 'receivedAt' | 'quality'>;

export interface UnitClocks {
  /** Learns of the clock from a reading, and says when that reading was measured. */
  observe(reading: TimedWord): SaidAt;
}

export type Order = 'after' | 'before' | 'unsure';

/** Was it said after this instant? At the very millisecond counts as after. */
export function compareToInstant({ earliestMs, latestMs }: SaidAt, atMs: number): Order {
  if (earliestMs >= atMs) return 'after';
  return latestMs < atMs ? 'before' : 'unsure';
}

/** What a mobile network delays when nothing is wrong: lags that differ by less are one and the same. */
const USUAL_DELAY_MS = 2_000;
/** Readings nearer than this come from a backlog and are one witness. */
const WITNESS_APART_MS = 1_000;
/** Witnesses that make a clock known which does not agree with ours. */
const WITNESSES = 3;
/** Lags in a row, alike and larger than before, that a backlog does not explain: the clock was set back. */
const SET_BACK_WITNESSES = 5;

/** Lag: receipt − measurement, ms. No message arrives before it was sent, so the least lag tells of the clock. */
interface Clock {
  leastLagMs: number;
  witnesses: number;
  lastReceivedAt: number;
  /** Larger lags that agree with each other: a link that crawls, or a clock that was set back. */
  later: { leastLagMs: number; witnesses: number } | undefined;
}

export function createUnitClocks(): UnitClocks {
  const clocks = new Map<string, Clock>();
  return {
    observe(word) {
      if (word.quality & QualityFlag.serverTime) {
        return { earliestMs: Number.NEGATIVE_INFINITY, latestMs: word.receivedAt };
      }
      const lagMs = word.receivedAt - word.measuredAt;
      const known = clocks.get(word.device);
      const clock = known ?? startClock(lagMs, word.receivedAt);
      if (known) learn(known, lagMs, word.receivedAt);
      else clocks.set(word.device, clock);
      return judge(clock, word, lagMs);
    },
  };
}

function startClock(lagMs: number, lastReceivedAt: number): Clock {
  return { leastLagMs: lagMs, witnesses: 1, lastReceivedAt, later: undefined };
}

function learn(clock: Clock, lagMs: number, receivedAt: number): void {
  const isWitness = receivedAt - clock.lastReceivedAt >= WITNESS_APART_MS;
  clock.lastReceivedAt = receivedAt;
  if (lagMs < clock.leastLagMs - USUAL_DELAY_MS) {
    // All before it was late, or the clock was set forward: either way this is what is known now.
    Object.assign(clock, startClock(lagMs, receivedAt));
  } else if (lagMs <= clock.leastLagMs + USUAL_DELAY_MS) {
    clock.leastLagMs = Math.min(clock.leastLagMs, lagMs);
    clock.later = undefined;
    if (isWitness) clock.witnesses++;
  } else learnLater(clock, lagMs, isWitness);
}

function learnLater(clock: Clock, lagMs: number, isWitness: boolean): void {
  const { later } = clock;
  if (!later || Math.abs(lagMs - later.leastLagMs) > USUAL_DELAY_MS) {
    clock.later = { leastLagMs: lagMs, witnesses: 1 };
    return;
  }
  later.leastLagMs = Math.min(later.leastLagMs, lagMs);
  if (isWitness) later.witnesses++;
  if (later.witnesses < SET_BACK_WITNESSES) return;
  Object.assign(clock, { leastLagMs: later.leastLagMs, witnesses: later.witnesses, later: undefined });
}

function judge(clock: Clock, { measuredAt, receivedAt }: TimedWord, lagMs: number): SaidAt {
  const { leastLagMs, witnesses, later } = clock;
  const agreesWithOurs = leastLagMs >= 0 && leastLagMs <= USUAL_DELAY_MS;
  const isInDoubt = later !== undefined && later.witnesses > 1;
  if (isInDoubt || !(agreesWithOurs || witnesses >= WITNESSES)) {
    return { earliestMs: Number.NEGATIVE_INFINITY, latestMs: receivedAt };
  }
  const isLive = lagMs <= leastLagMs + USUAL_DELAY_MS;
  // A clock that agrees with ours is taken at its word while the link is sound. Else the way of the quickest
  // reading is unknown, up to the usual delay.
  const earliestMs =
    agreesWithOurs && isLive ? measuredAt : measuredAt + (agreesWithOurs ? 0 : leastLagMs) - USUAL_DELAY_MS;
  return { earliestMs, latestMs: Math.min(receivedAt, measuredAt + leastLagMs) };
}
