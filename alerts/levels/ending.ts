/**
 * Ending: whether a level below the end of a flood got there as a river does.
 *
 * Asked by river-level once a level is believed (fall.ts) and before its ladder ends the alert. A river goes below the
 * end by a fall that was under way, and falls on. A gauge that fails goes there in one step, and then stands still or
 * follows the river from too low. Invariant: a level that left the flood in one step ends nothing until it has fallen
 * on by a share of that step, or has stood there for longer than a loose plug is out.
 */
import { type Ending, type FallParameters, type FallState, NEW_READINGS, ordinaryOf } from './fall-state.ts';
import { ordinaryFallM } from './ordinary-falls.ts';

/** A step no more than this many times as fast as both before it goes on at their pace. */
const CONTINUED_PACE = 1.2;
/** A step below this share of the hysteresis is a wave or rounding. */
const SMALL_SHARE = 0.5;
/** A recession falls on by this share of its largest step; a gauge that follows the river from too low does not. */
const FALLS_ON_SHARE = 0.25;
/** … and by no more than this share of what is left above the ordinary level: below it no river falls. */
const LEFT_SHARE = 0.75;
/** A gauge that reports seldom is known after two days. */
const KNOWN_AFTER_MS = 48 * 3_600_000;
/** It has stood below for so many reports: nothing that comes back by itself lasts as long. */
const STOOD_INTERVALS = 24;

export interface LevelBelow {
  readonly levelM: number;
  readonly at: number;
  readonly intervalMs: number;
  /** The last level as it came, be it only claimed. */
  readonly previousM: number;
  /** Where and since when it stood, while it was doubted. */
  readonly standsFromM: number | null;
  readonly lowSince: number | null;
}

/** What a believed level that is not yet learnt says of the end: null in the flood. */
export function nextEnding(state: FallState, parameters: FallParameters, level: LevelBelow): Ending | null {
  const { believedM, believedAt, fallMPerMs, fallBeforeMPerMs, lastRiseM, ending } = state;
  const { clearM, floodM } = parameters;
  if (level.levelM >= floodM || believedM === null) return null;
  const fromM = level.standsFromM ?? level.levelM;
  const stepM = believedM - fromM;
  const spanMs = level.at - believedAt;
  const goesOnM = Math.max(
    CONTINUED_PACE * Math.min(fallMPerMs, fallBeforeMPerMs) * spanMs,
    ordinaryFallM(state.falls, spanMs, level.intervalMs),
  );
  const smallM = Math.max(parameters.waveM, SMALL_SHARE * (floodM - clearM));
  // A recession slows down: a step larger than the last is another fault, or the first of another fall.
  const largestM = Math.max(goesOnM, smallM, ending?.stepM ?? 0);
  if (ending && stepM <= largestM) return ending;
  const since = level.lowSince ?? level.at;
  // Nothing is strange of a gauge that nobody knows.
  const { ordinaryCount } = state;
  const isNew = ordinaryCount < NEW_READINGS && ordinaryCount * level.intervalMs < KNOWN_AFTER_MS;
  if (isNew || stepM <= largestM) return { fromM, stepM, owedM: 0, since };
  // Out of a rise a fall is twice as strange; a claim that it cut off is part of it.
  const lostM = Math.max(believedM, level.previousM) - fromM;
  const strangeM = Math.max(FALLS_ON_SHARE * (lostM + Math.min(lostM, lastRiseM)), ending?.owedM ?? 0);
  const leftM = LEFT_SHARE * (fromM - ordinaryOf(state, parameters));
  return { fromM, stepM, owedM: Math.min(strangeM, Math.max(smallM, leftM)), since };
}

/** Whether the alert may end, by its ladder, with this level. */
export function mayEnd(ending: Ending | null, levelM: number, at: number, intervalMs: number): boolean {
  if (!ending || ending.owedM === 0) return true;
  return levelM <= ending.fromM - ending.owedM || at - ending.since >= STOOD_INTERVALS * intervalMs;
}
