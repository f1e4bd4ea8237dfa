/**
 * Fall: whether a lower level is water that drained or a gauge that fails.
 *
 * Asked by river-level before its ladder hears of a reading. While an alert is open, or where it lies below what is
 * ordinary, a level that lies further below the last believed one than this river can have fallen since then is not
 * believed: the ladder stands still, for one row or a hundred. Belief comes back when the level does, when enough time
 * has passed for the river to have drained so far, or when a person confirms it. Invariant: what is not believed
 * teaches nothing.
 */
import type { Rank } from '../alert.ts';
import { fastestShare, isKnownToDrain, learnLevel, timeUnitMs, typicalShare, usualShare } from './drain.ts';
import {
  type FallParameters,
  type FallState,
  heightOf,
  learnOrdinary,
  NEW_READINGS,
  ordinaryOf,
} from './fall-state.ts';
import { learnPace, ordinaryFallM } from './ordinary-falls.ts';

/** A fall no more than this many times as fast as both before it goes on at their pace; as the last one, it may. */
const CONTINUED_PACE = 1.2;
const CONTINUED_FALL = 2;
/** A level that comes back by this share of what was lost was not lost. */
const RETURN_SHARE = 0.5;
/** So many levels in a row must agree before the end of a flood is believed that they would be. */
const ENDING_AGREE = 4;
/** Levels closer than this are the same, m. */
const SAME_M = 0.001;
/** Time explains nothing before so many reports: a loose plug is out for hours. */
const EXPLAINED_AFTER_INTERVALS = 24;
/** A flood that has lost so much of its height is gone. */
const GONE_SHARE = 0.95;
/** A rise by this share of the way to the lowest threshold is no flood, and drains as one does. */
const FRESHET_SHARE = 0.5;
/** So many ladders, and so many times the largest step that a gauge has taken. */
const FAR_SPANS = 2;
const FAR_RISES = 4;

/** Beside the rank of the alert that is open; 0 without one. */
interface JudgedState extends FallState {
  readonly rank: Rank;
}

/** Whether a level is believed while an alert is open, or after a drop-out. Moves the doubt, and nothing else. */
export function isBelieved(
  state: JudgedState,
  parameters: FallParameters,
  levelM: number,
  at: number,
  intervalMs: number,
): boolean {
  const { believedM, confirmedAt, lowSince } = state;
  const isWord = confirmedAt !== null && at >= confirmedAt;
  if (believedM === null || isWord) return endDoubt(state);
  if (lowSince === null) {
    const speed = judgeFall(state, parameters, believedM, levelM, at, intervalMs);
    if (speed === 'usual' || (speed === 'unusual' && levelM > parameters.clearM)) return true;
    startStanding(state, levelM, speed === 'unusual' ? 1 : 0);
  } else {
    stand(state, parameters, levelM, intervalMs);
    if (
      isBack(state, parameters, believedM, levelM, at, intervalMs) ||
      isExplained(state, parameters, levelM, at, intervalMs)
    ) {
      return endDoubt(state);
    }
  }
  state.lowSince = lowSince ?? at;
  state.lows++;
  state.lowFallM = Math.max(0, (lowSince === null ? believedM : state.lowM) - levelM);
  state.lowM = levelM;
  return false;
}

/**
 * Without an alert a low level is of no interest, but for the words of whatever else stands: one below the ordinary
 * level that the river cannot have fallen to is a sensor's, and so is what follows it until it is believed.
 */
export function isDropOut(
  state: FallState,
  parameters: FallParameters,
  levelM: number,
  at: number,
  intervalMs: number,
): boolean {
  const { believedM, lowSince } = state;
  if (lowSince !== null) return true;
  if (believedM === null || levelM >= ordinaryOf(state, parameters) - parameters.jumpM) return false;
  return judgeFall(state, parameters, believedM, levelM, at, intervalMs) === 'impossible';
}

/** It goes on as water does, and is waited for to do so a little longer: no reason yet to suspect the gauge. */
export function isAwaited({ stands, lows }: FallState): boolean {
  return stands === lows && lows <= ENDING_AGREE;
}

function endDoubt(state: FallState): true {
  state.lowSince = null;
  state.lows = 0;
  startStanding(state, null, 0);
  return true;
}

function startStanding(state: FallState, levelM: number | null, stands: number): void {
  state.standsM = stands > 0 ? levelM : null;
  state.stands = stands;
  state.standsFromM = state.standsM;
}

/** Takes a level as the river's, and learns from it. */
export function believe(
  state: FallState,
  parameters: FallParameters,
  levelM: number,
  at: number,
  intervalMs: number,
): void {
  const { believedM, believedAt } = state;
  const riseM = believedM === null ? 0 : levelM - believedM;
  if (levelM < parameters.floodM) learnOrdinary(state, parameters, levelM);
  const ordinaryM = ordinaryOf(state, parameters);
  const freshetM = ordinaryM + FRESHET_SHARE * (parameters.floodM - ordinaryM);
  const level = { levelM, beforeM: believedM ?? levelM, at };
  state.drain = learnLevel(state.drain, level, timeUnitMs(intervalMs), freshetM, (each) =>
    heightOf(state, parameters, each),
  );
  if (riseM > state.largestRiseM) state.largestRiseM = riseM;
  state.lastRiseM = Math.max(0, riseM);
  state.fallBeforeMPerMs = state.fallMPerMs;
  state.fallMPerMs = riseM < 0 && at > believedAt ? -riseM / (at - believedAt) : 0;
  const paceMPerMs = Math.min(state.fallMPerMs, state.fallBeforeMPerMs);
  state.falls = learnPace(state.falls, paceMPerMs, at, timeUnitMs(intervalMs));
  state.believedM = levelM;
  state.believedAt = at;
  if (state.confirmedAt !== null && at >= state.confirmedAt) state.confirmedAt = null;
}

/** A jump beyond this is far more than the gauge has ever done, m; of a new gauge, than its ladder is made for. */
export function farJumpM({ largestRiseM, ordinaryCount }: FallState, { spanM }: FallParameters): number {
  if (ordinaryCount < NEW_READINGS) return FAR_SPANS * spanM;
  return Math.max(spanM, FAR_RISES * largestRiseM);
}

/** When the level that is doubted now will be believed if it stays as it is, epoch ms; undefined without doubt. */
export function explainedAt(
  state: FallState,
  parameters: FallParameters,
  intervalMs: number,
): number | undefined {
  if (state.lowSince === null) return undefined;
  const isEnough = (at: number) => isExplained(state, parameters, state.lowM, at, intervalMs);
  let low = state.lowSince;
  let stepMs = timeUnitMs(intervalMs);
  while (!isEnough(low + stepMs)) stepMs *= 2;
  for (; stepMs > 1_000; stepMs /= 2) if (!isEnough(low + stepMs / 2)) low += stepMs / 2;
  return Math.round(low + stepMs);
}

/**
 * How a fall since the last believed reading compares with what this river has done: as it often does, as it hardly
 * ever has, or faster than it can.
 */
function judgeFall(
  state: FallState,
  parameters: FallParameters,
  believedM: number,
  levelM: number,
  at: number,
  intervalMs: number,
): 'usual' | 'unusual' | 'impossible' {
  const { fallMPerMs, fallBeforeMPerMs, believedAt, drain } = state;
  const fallM = believedM - levelM;
  const spanMs = at - believedAt;
  if (fallM <= parameters.rippleM) return 'usual';
  // One large fall may be the first of a sensor that sinks: two are a pace.
  if (fallM <= CONTINUED_PACE * Math.min(fallMPerMs, fallBeforeMPerMs) * spanMs) return 'usual';
  if (fallM <= ordinaryFallM(state.falls, spanMs, intervalMs)) return 'usual';
  const share = fallM / heightOf(state, parameters, believedM);
  const unitMs = timeUnitMs(intervalMs);
  if (share <= usualShare(drain, spanMs, unitMs)) return 'usual';
  const isPossible =
    fallM <= rippleOf(state, parameters) ||
    fallM <= CONTINUED_FALL * fallMPerMs * spanMs ||
    share <= fastestShare(drain, spanMs, unitMs);
  if (!isPossible) return 'impossible';
  // Nothing is unusual for a gauge that nobody knows.
  return state.ordinaryCount < NEW_READINGS ? 'usual' : 'unusual';
}

/** A fall of no more than this is never doubted: the less is known of a gauge, the more. */
function rippleOf({ drain, ordinaryCount }: FallState, parameters: FallParameters): number {
  if (isKnownToDrain(drain)) return parameters.rippleM;
  return ordinaryCount < NEW_READINGS ? parameters.newRippleM : parameters.jumpM;
}

/** Counts the levels that agree with the one before, be it as water that goes on to drain, since they stood up. */
function stand(state: FallState, parameters: FallParameters, levelM: number, intervalMs: number): void {
  const { lowM, believedM, standsM, drain } = state;
  const riseM = levelM - lowM;
  if (riseM > parameters.jumpM || riseM >= RETURN_SHARE * ((believedM as number) - lowM)) {
    startStanding(state, levelM, 1);
    return;
  }
  const share = fastestShare(drain, intervalMs, timeUnitMs(intervalMs));
  // A recession slows down: a step no larger than the one before goes on with it.
  const drainedM = Math.max(parameters.rippleM, state.lowFallM, share * heightOf(state, parameters, lowM));
  if (standsM === null || -riseM > drainedM) {
    startStanding(state, null, 0);
    return;
  }
  if (riseM > parameters.rippleM) {
    startStanding(state, levelM, 1);
    return;
  }
  state.stands++;
  state.standsM = levelM;
}

/**
 * The level stands where the river can be by now, though lower than what was believed: it came back by most of what was
 * lost, or by less and another reading agrees. Where it would end the flood more must agree: a drop-out may outlast
 * the flood, but one whose levels are random stands up as well.
 */
function isBack(
  state: JudgedState,
  parameters: FallParameters,
  believedM: number,
  levelM: number,
  at: number,
  intervalMs: number,
): boolean {
  const { rank, lowM, stands, standsFromM } = state;
  const endsFlood = rank > 0 && levelM <= parameters.clearM;
  // No flood leaves less than there was before it, and no drop-out ends in another.
  if (levelM <= parameters.clearM && levelM < ordinaryOf(state, parameters) - parameters.jumpM) return false;
  if (endsFlood) {
    if (stands < ENDING_AGREE || levelM > (standsFromM ?? levelM) - SAME_M) return false;
  } else if (levelM - lowM < RETURN_SHARE * (believedM - lowM) && stands < 2) return false;
  const fallM = believedM - levelM;
  // Each step of an unusual fall that went on was possible.
  if (stands > state.lows || fallM <= rippleOf(state, parameters)) return true;
  const share = Math.min(GONE_SHARE, fallM / heightOf(state, parameters, believedM));
  return share <= fastestShare(state.drain, at - state.believedAt, timeUnitMs(intervalMs));
}

/** So much time has passed that a recession of this river explains the level. */
function isExplained(
  state: FallState,
  parameters: FallParameters,
  levelM: number,
  at: number,
  intervalMs: number,
): boolean {
  const { believedM, believedAt, lowSince, drain } = state;
  if (believedM === null || lowSince === null) return true;
  if (at - lowSince < EXPLAINED_AFTER_INTERVALS * intervalMs) return false;
  const share = Math.min(GONE_SHARE, (believedM - levelM) / heightOf(state, parameters, believedM));
  return typicalShare(drain, at - believedAt, timeUnitMs(intervalMs)) >= share;
}
