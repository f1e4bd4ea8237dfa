/**
 * Seeded chance. Each device and each part of the story draws from a stream of its own, named after it.
 *
 * Invariant: the same seed and name give the same numbers whatever the others draw, so that one more device
 * in the city changes nothing about the rest. Not for secrets.
 */

/** The next number in [0, 1). */
export type Random = () => number;

/** A stream of its own for `name` under `seed`: FNV-1a mixes the two, mulberry32 draws. */
export function createRandom(seed: number, name: string): Random {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${name}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) as number), 0x01000193);
  }
  let state = hash >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function between(random: Random, low: number, high: number): number {
  return low + random() * (high - low);
}

/** Standard normal, Box–Muller. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Exponential with this mean: the gap between the events of a Poisson stream. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** One of a list that is not empty. */
export function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)] as T;
}
