/** The register of the rules that judge readings: a new rule is its file and one line here. */
import type { TrackRule } from '../rule.ts';
import { accessPointOverloaded } from './access-point-overloaded.ts';
import { riverLevel } from './river-level.ts';

export const trackRules: readonly TrackRule[] = [riverLevel, accessPointOverloaded];
