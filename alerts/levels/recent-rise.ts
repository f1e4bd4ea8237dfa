/**
 * Recent rise: how far a river has climbed within the look back, and how long that took.
 *
 * Asked by rate-of-rise with each reading that is higher than the last. Pure.
 */
import type { Recent } from './recent.ts';
import { smoothed } from './trend.ts';

export interface Rise {
  readonly m: number;
  readonly ms: number;
  /** From where it rose. */
  readonly baseM: number;
}

/** A fall by this share of the rise between two points was a drop-out: the rise is from before it. */
const DROP_SHARE = 0.5;

/** From the lowest point since `first` to now; where the river dropped there at once, from before the drop. */
export function riseSince({ at, value }: Recent, first: number, lookBackMs: number): Rise {
  const last = value.length - 1;
  const levelM = value[last] as number;
  // The lowest of the medians of three: a single drop (690, 70, 690 cm) is no depth to rise from.
  let lowest = last;
  let baseM = levelM;
  for (let index = last - 1; index >= first; index--) {
    const smoothedM = smoothed(value, index);
    if (smoothedM >= baseM) continue;
    lowest = index;
    baseM = smoothedM;
  }
  let ms = (at[last] as number) - (at[lowest] as number);
  if (lowest === first && first > 0) {
    // The look back begins between two reports: one that comes a second later must make no difference.
    const [fromAt, toAt] = [at[first - 1] as number, at[first] as number];
    const share = ((at[last] as number) - lookBackMs - fromAt) / (toAt - fromAt);
    const fromM = smoothed(value, first - 1);
    baseM = Math.min(baseM, fromM + (baseM - fromM) * share);
    if (fromM < baseM) ms = lookBackMs;
  }
  for (let index = lowest; index > 0; index--) {
    const beforeM = value[index - 1] as number;
    if (beforeM - (value[index] as number) >= DROP_SHARE * (levelM - baseM) && beforeM > baseM) {
      baseM = Math.min(beforeM, levelM);
      break;
    }
  }
  return { m: levelM - baseM, ms, baseM };
}
