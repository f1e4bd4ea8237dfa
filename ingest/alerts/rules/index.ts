/** The register of the rules that judge readings: a new rule is its file and one line here. */
import type { TrackRule } from '../rule.ts';
import { accessPointOverloaded } from './access-point-overloaded.ts';
import { rateOfRise } from './rate-of-rise.ts';
import { riverLevel } from './river-level.ts';
import { timeToThreshold } from './time-to-threshold.ts';

export const trackRules: readonly TrackRule[] = [
  riverLevel,
  rateOfRise,
  timeToThreshold,
  accessPointOverloaded,
];
