/**
 * Observation: what the judgement needs of a reading of one device.
 *
 * Handed by the timeline to the fold and by the fold to each rule. Invariant: never changed once it was taken.
 */
import type { Reading } from '../../devices/reading.ts';

/** A reading without its device, which is the same for all of a timeline. */
export type Observation = Pick<Reading, 'measuredAt' | 'receivedAt' | 'quality' | 'simulated' | 'values'>;
