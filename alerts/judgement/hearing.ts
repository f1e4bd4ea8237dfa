/**
 * Hearing: what our clock knows of a device: when it was heard, and what was heard of it besides levels.
 *
 * Part of what the engine holds of each device (device-watch.ts); judged by the rules of silence, clock, rain and
 * waves from above. Invariant: plain data, saved and restored as it is.
 */
import { createDeviceClock, type DeviceClock } from '../../clock/device-clock.ts';
import type { Presence } from '../../devices/topics.ts';
import type { Rank } from '../alert.ts';
import type { RainSlot, RainTotal } from '../rules/rain.ts';

/** The level alert above whose water has been here, and its rank then, or the lowest since. */
export interface ArrivedWave {
  readonly startedAt: number;
  readonly rank: Rank;
}

/** What our clock knows of a device. Epoch ms; 0 is never. */
export interface Hearing {
  firstHeardAt: number;
  lastHeardAt: number;
  /** Of the last reading that could be judged. */
  lastUsableAt: number;
  presence: Presence | undefined;
  presenceAt: number;
  /** The last reading was simulated: what follows is a drill. */
  simulated: boolean;
  /** False while its last word excuses a silence: a crew off duty. */
  onDuty: boolean;
  /** There is an open alert of its silence, or of its clock: what a reading must be held against. */
  silenceOpen: boolean;
  skewOpen: boolean;
  readonly rain: RainSlot[];
  /** Of a gauge that counts its rain. */
  rainTotal?: RainTotal;
  clock: DeviceClock;
  /** Of a gauge: waves from above that were here, by the gauge that they came from. See upstream-rise.ts. */
  readonly waves: Record<string, ArrivedWave>;
}

export function createHearing(): Hearing {
  return {
    firstHeardAt: 0,
    lastHeardAt: 0,
    lastUsableAt: 0,
    presence: undefined,
    presenceAt: 0,
    simulated: false,
    onDuty: true,
    silenceOpen: false,
    skewOpen: false,
    rain: [],
    clock: createDeviceClock(),
    waves: {},
  };
}
