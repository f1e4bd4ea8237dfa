/**
 * Zero: what a sensor says that has failed, where levels below 0 m are ordinary. There it is no drop-out but a claim
 * of a flood.
 *
 * Asked by river-level before its ladder hears of a reading. Invariant: only the very 0 is meant, and only where it
 * would be a jump to a step that is not reached: a river that rises through 0 is one, and so is the reading after it.
 */
import type { RiverGauge } from '../../devices/kinds/river-gauge.ts';
import { claimsByJump, type LadderParameters, type LadderState } from './ladder.ts';

/** Closer to 0 is 0, m. */
const ZERO_M = 0.0005;

/** It may measure on both sides of 0: a sensor that ends there says 0 in the highest flood. */
export function crossesZero({ sensorRangeM, normalLevelM }: RiverGauge): boolean {
  return normalLevelM < 0 && sensorRangeM[0] < 0 && sensorRangeM[1] > 0;
}

/** `low`: the ordinary level, m. */
export function isFailedZero(
  state: LadderState,
  ladder: LadderParameters,
  levelM: number,
  low: number,
): boolean {
  return Math.abs(levelM) < ZERO_M && !state.doubt && claimsByJump(state, ladder, levelM, low);
}
