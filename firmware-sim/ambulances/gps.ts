/**
 * The receiver in the vehicle: what it makes of the true position.
 *
 * In the open it is off by some metres; in a few places of the city (underpasses, between tall houses) the
 * accuracy gets bad or there is no fix at all. Invariant: without a fix it says nothing, and a fix is never
 * reported as better than it is: the error is drawn from the accuracy that goes with it.
 */

import { distanceM, type Position } from '../../cities/great-circle.ts';
import { between, normal, pick, type Random } from '../random.ts';
import { moved } from './position.ts';

export interface Fix {
  readonly position: Position;
  /** 68 % radius, m. */
  readonly accuracyM: number;
}

/** A place where satellites are hard to see. */
export interface Shadow {
  readonly centre: Position;
  readonly radiusM: number;
  /** Whether the fix is lost near its centre, or only bad. */
  readonly loses: boolean;
}

const SHADOWS = 5;

/** Shadows around some junctions of the city, every other one deep enough to lose the fix. */
export function createShadows(junctions: readonly Position[], random: Random): Shadow[] {
  if (junctions.length === 0) return [];
  return Array.from({ length: SHADOWS }, (_, index) => ({
    centre: pick(random, junctions),
    radiusM: between(random, 120, 260),
    loses: index % 2 === 0,
  }));
}

export function createReceiver(
  shadows: readonly Shadow[],
  random: Random,
): (truth: Position) => Fix | undefined {
  const openSkyM = between(random, 3, 8);
  return (truth) => {
    const shadow = shadows.find((each) => distanceM(each.centre, truth) < each.radiusM);
    // The inner third of a deep shadow is the underpass itself.
    if (shadow?.loses && distanceM(shadow.centre, truth) < shadow.radiusM / 3) return undefined;
    const accuracyM = shadow ? between(random, 60, 250) : openSkyM * between(random, 0.8, 1.6);
    // The 68 % radius of a two-dimensional normal is 1.51 standard deviations: √(−2 ln 0.32).
    const deviationM = accuracyM / 1.51;
    const position = moved(truth, deviationM * normal(random), deviationM * normal(random));
    return { position, accuracyM };
  };
}
