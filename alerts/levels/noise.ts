/**
 * Noise: how far a gauge's levels scatter from one reading to the next although its river stands still.
 *
 * Part of the fold, moved with each believed level, and asked by the rules that compare levels with limits. It is the
 * scatter that turns back at once: two bends in a row of a noisy level point opposite ways, those of a wave or a tide
 * the same way. Invariants: plain data, constant memory; a gauge that is clean, rounds its levels, or is new has none.
 */
export interface Noise {
  /** The last level, the step to it, and how much that step differed from the one before, m. */
  lastM: number | null;
  stepM: number | null;
  bendM: number | null;
  /** The last products of two bends in a row, as variances, m². */
  lastM2: readonly number[];
  /** Pairs of bends, what they come to, m², and the share of levels that repeat the one before. */
  pairs: number;
  varianceM2: number;
  repeats: number;
}

export const NOISE_START: Readonly<Noise> = Object.freeze({
  lastM: null,
  stepM: null,
  bendM: null,
  lastM2: Object.freeze([]),
  pairs: 0,
  varianceM2: 0,
  repeats: 0,
});

/** Of white noise two bends in a row have the mean product −4 σ²: 1·(−2) + (−2)·1. */
const PAIR_SHARE = -4;
/** With fewer pairs nothing is known of a gauge; and so many are looked back over. */
const LEAST_PAIRS = 10;
/** What few pairs come to may be half of the truth: so much more is added, by their number. */
const UNSURE_PAIRS = 6;
const LOOK_BACK_PAIRS = 100;
/** The middle one of so many counts, since a spike makes two of them; of white noise it is this share of their mean. */
const MIDDLE_OF = 5;
const MIDDLE_SHARE = 0.745;
/** It counts as no more than so many times what is known, and this, m²: two spikes in a row are no noise either. */
const PAIR_TIMES = 4;
const PAIR_LEAST_M2 = 1e-4;
/** Levels that rise or fall smoothly count against noise, m², but not for longer than some pairs. */
const SMOOTH_M2 = 1e-4;
/** A gauge that repeats itself so often rounds; closer levels than this are the same, m. */
const ROUNDS_SHARE = 1 / 3;
const SAME_M = 0.0005;
/** Less than this is a clean gauge, m: two measured rivers at a reading in 15 to 60 min stay below 0.008. */
const LEAST_M = 0.01;

export function learnNoise(noise: Noise, levelM: number): void {
  const { lastM, stepM, bendM } = noise;
  noise.lastM = levelM;
  if (lastM === null) return;
  const step = levelM - lastM;
  noise.stepM = step;
  if (stepM === null) return;
  const bend = step - stepM;
  noise.bendM = bend;
  if (bendM === null) return;
  noise.pairs = Math.min(noise.pairs + 1, LOOK_BACK_PAIRS);
  const weight = 1 / noise.pairs;
  noise.lastM2 = [...noise.lastM2.slice(1 - MIDDLE_OF), (bend * bendM) / PAIR_SHARE];
  const middleM2 = noise.lastM2.toSorted((a, b) => a - b)[noise.lastM2.length >> 1] as number;
  const mostM2 = PAIR_TIMES * Math.max(0, noise.varianceM2) + PAIR_LEAST_M2;
  const pairM2 = Math.max(-mostM2, Math.min(mostM2, middleM2 / MIDDLE_SHARE));
  noise.varianceM2 = Math.max(-SMOOTH_M2, noise.varianceM2 + weight * (pairM2 - noise.varianceM2));
  noise.repeats += weight * ((Math.abs(step) < SAME_M ? 1 : 0) - noise.repeats);
}

/** Whether enough levels were seen to tell noise from water. */
export function isNoiseKnown({ pairs }: Noise): boolean {
  return pairs >= LEAST_PAIRS;
}

/** It repeats itself so often that a level which stands is nothing to speak of. */
export function roundsLevels({ repeats }: Noise): boolean {
  return repeats > ROUNDS_SHARE;
}

/** The standard deviation, m; 0 of a gauge whose levels can be taken as they are. */
export function noiseOf(noise: Noise): number {
  const { pairs, varianceM2 } = noise;
  if (pairs < LEAST_PAIRS || roundsLevels(noise) || varianceM2 < LEAST_M * LEAST_M) return 0;
  return Math.sqrt(varianceM2) * (1 + UNSURE_PAIRS / pairs);
}
