/**
 * Fall state: what river-level keeps of a gauge to judge its falls, and the heights that they are counted in.
 *
 * Moved by fall.ts, saved with the rule's memory. Invariant: what is learnt over a long time (the ordinary level, the
 * largest rise, the drain) is of believed levels only, and outlives a version of the rule.
 */
import { DRAIN_START, type Drain } from './drain.ts';

/** Part of river-level's memory: the levels that were believed, and those that are not. */
export interface FallState {
  believedM: number | null;
  believedAt: number;
  /** How fast each of the last two believed readings was lower than the one before; 0 where it was not. */
  fallMPerMs: number;
  fallBeforeMPerMs: number;
  /** Since when levels are too low to be believed, how many there were, and the last of them. */
  lowSince: number | null;
  lows: number;
  lowM: number;
  /** The last of them where they stood up from lower ones and agree since, and how many do. */
  standsM: number | null;
  stands: number;
  /** The first of those. */
  standsFromM: number | null;
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
  lowSince: null,
  lows: 0,
  lowM: 0,
  standsM: null,
  stands: 0,
  standsFromM: null,
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
}

/** With fewer readings nothing is known of a gauge. */
export const NEW_READINGS = 100;
/** The mean of so many levels is the ordinary one, and the city's word weighs as much as so many. */
const ORDINARY_READINGS = 2_000;
const SAID_WEIGHT = 20;

/** What a memory, be it of another version, has learnt over a long time; a flood under way is not part of it. */
export function learntOfFalls(memory: unknown): Partial<FallState> {
  const { drain, ordinaryCount, ordinarySumM, largestRiseM } = memory as Partial<FallState>;
  const isWhole =
    drain !== undefined &&
    ordinaryCount !== undefined &&
    ordinarySumM !== undefined &&
    largestRiseM !== undefined;
  return isWhole ? { drain: { ...drain, spell: null }, ordinaryCount, ordinarySumM, largestRiseM } : {};
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
