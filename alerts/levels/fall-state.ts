/**
 * Fall state: what river-level keeps of a gauge to judge its falls, and the heights that they are counted in.
 *
 * Moved by fall.ts, saved with the rule's memory. Invariant: what is learnt over a long time (the ordinary level, the
 * largest rise, the drain) is of believed levels only, and outlives a version of the rule.
 */
import { DRAIN_START, type Drain } from './drain.ts';
import { FALLS_START, type OrdinaryFalls } from './ordinary-falls.ts';

/** How the level left the flood. */
export interface Ending {
  /** The first level below it, or the last that was reached by a step larger than the one before. */
  readonly fromM: number;
  /** The largest step down, m. */
  readonly stepM: number;
  /** How far it must fall on from there, m; 0 for a fall that was under way. */
  readonly owedM: number;
  readonly since: number;
}

/** Part of river-level's memory: the levels that were believed, and those that are not. */
export interface FallState {
  believedM: number | null;
  believedAt: number;
  /** How fast each of the last two believed readings was lower than the one before; 0 where it was not. */
  fallMPerMs: number;
  fallBeforeMPerMs: number;
  falls: OrdinaryFalls;
  /** Since when levels are too low to be believed, how many there were, and the last of them. */
  lowSince: number | null;
  lows: number;
  lowM: number;
  /** The last of them where they stood up from lower ones and agree since, and how many do. */
  standsM: number | null;
  stands: number;
  /** How far the last of them lies below the one before; 0 where it does not. */
  lowFallM: number;
  /** The first of those. */
  standsFromM: number | null;
  /** How much the last believed level was higher than the one before; 0 where it was not. */
  lastRiseM: number;
  /** How the level came below the end of the flood, while it is there. */
  ending: Ending | null;
  /** A person has confirmed the level of this moment. */
  confirmedAt: number | null;
  /** Levels below floods, their number (bounded) and their sum, so that their mean is the ordinary level. */
  ordinaryCount: number;
  ordinarySumM: number;
  /** The largest rise from one believed level to the next. */
  largestRiseM: number;
  drain: Drain;
}

export const FALL_START: Readonly<FallState> = Object.freeze({
  believedM: null,
  believedAt: 0,
  fallMPerMs: 0,
  fallBeforeMPerMs: 0,
  falls: FALLS_START,
  lowSince: null,
  lows: 0,
  lowM: 0,
  standsM: null,
  stands: 0,
  standsFromM: null,
  lowFallM: 0,
  lastRiseM: 0,
  ending: null,
  confirmedAt: null,
  ordinaryCount: 0,
  ordinarySumM: 0,
  largestRiseM: 0,
  drain: DRAIN_START,
});

/** Of the gauge, m. */
export interface FallParameters {
  /** At or below this no alert stands: what falls from there is of no interest. */
  readonly clearM: number;
  /** Where floods begin. */
  readonly floodM: number;
  /** The level of an ordinary day as the city says, and the least that a height above it counts as. */
  readonly ordinaryM: number;
  readonly leastHeightM: number;
  /** A fall of no more than this is never doubted: waves and rounding; and of a gauge that is new. */
  readonly rippleM: number;
  readonly newRippleM: number;
  /** From the lowest step of the ladder to the highest. */
  readonly spanM: number;
  /** A rise beyond this is a jump. */
  readonly jumpM: number;
  /** Smaller steps are the gauge's own noise; 0 of a clean one. */
  readonly waveM: number;
}

/** With fewer readings nothing is known of a gauge. */
export const NEW_READINGS = 100;
/** The mean of so many levels is the ordinary one, and the city's word weighs as much as so many. */
const ORDINARY_READINGS = 2_000;
const SAID_WEIGHT = 20;

/** What a memory, be it of another version, has learnt over a long time; a flood under way is not part of it. */
export function learntOfFalls(memory: unknown): Partial<FallState> {
  const {
    drain,
    ordinaryCount,
    ordinarySumM,
    largestRiseM,
    falls = FALLS_START,
  } = memory as Partial<FallState>;
  const isWhole =
    drain !== undefined &&
    ordinaryCount !== undefined &&
    ordinarySumM !== undefined &&
    largestRiseM !== undefined;
  return isWhole
    ? { drain: { ...drain, spell: null }, ordinaryCount, ordinarySumM, largestRiseM, falls }
    : {};
}

/** A drop-out counts as a level one jump below the ordinary one: some dozens of them must not move it far. */
export function learnOrdinary(state: FallState, parameters: FallParameters, levelM: number): void {
  const count = Math.min(state.ordinaryCount + 1, ORDINARY_READINGS);
  const leastM = ordinaryOf(state, parameters) - parameters.jumpM;
  const oneOfM = count === state.ordinaryCount ? state.ordinarySumM / count : 0;
  state.ordinarySumM += Math.max(levelM, leastM) - oneOfM;
  state.ordinaryCount = count;
}

/** What the city says counts as much as the first readings; after some days the gauge's own mean speaks. */
export function ordinaryOf(
  { ordinaryCount, ordinarySumM }: FallState,
  { ordinaryM }: FallParameters,
): number {
  return (ordinaryM * SAID_WEIGHT + ordinarySumM) / (SAID_WEIGHT + ordinaryCount);
}

export function heightOf(state: FallState, parameters: FallParameters, levelM: number): number {
  return Math.max(parameters.leastHeightM, levelM - ordinaryOf(state, parameters));
}

/** A noisy level is left by so many times its noise, and falls and rises by so many from one reading to the next … */
const NOISY_HYSTERESIS = 4;
const NOISY_STEP = 5;
/** … but an end lies no further down than this share of the way to the ordinary level: it must be reached. */
const NOISY_END_SHARE = 0.6;

/** What is a fall of a gauge whose levels scatter by `noiseM`. */
export function fallOfNoisy(state: FallState, fall: FallParameters, noiseM: number): FallParameters {
  const { floodM, clearM, rippleM, jumpM } = fall;
  const wayM = NOISY_END_SHARE * (floodM - ordinaryOf(state, fall));
  const hysteresisM = Math.max(floodM - clearM, Math.min(NOISY_HYSTERESIS * noiseM, wayM));
  const waveM = NOISY_STEP * noiseM;
  return {
    ...fall,
    clearM: floodM - hysteresisM,
    rippleM: Math.max(rippleM, waveM),
    jumpM: Math.max(jumpM, waveM),
    waveM,
  };
}
