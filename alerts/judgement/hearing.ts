/**
 * Hearing: what our clock knows of a device: when it was heard, and what was heard of it besides levels.
 *
 * Part of what the engine holds of each device (device-watch.ts); judged by the rules of silence, clock, rain and
 * waves from above. Invariant: plain data, saved and restored as it is.
 */
import { createDeviceClock, type DeviceClock } from '../../clock/device-clock.ts';
import type { Presence } from '../../devices/topics.ts';
import type { Rank } from '../alert.ts';
import type { ExtremeRain, RainSlot, RainTotal } from '../rules/rain.ts';
import { NO_RHYTHM, type SendingRhythm } from './sending-rhythm.ts';

/** The level alert above whose water has been here, and its rank then, or the lowest since. */
export interface ArrivedWave {
  readonly startedAt: number;
  readonly rank: Rank;
}

export interface ToldInterval {
  readonly intervalMs: number;
  /** Epoch ms. */
  readonly untilMs: number;
}

/** What our clock knows of a device. Epoch ms; 0 is never. */
export interface Hearing {
  firstHeardAt: number;
  lastHeardAt: number;
  /** Of the last word that was no reading to keep: refused, or one that came before. */
  refusedAt?: number;
  /** Of the last reading that could be judged. */
  lastUsableAt: number;
  readonly sending: SendingRhythm;
  presence: Presence | undefined;
  presenceAt: number;
  /** The last reading was simulated: what follows is a drill. */
  simulated: boolean;
  /** When a reading was received last that was not simulated. */
  realAt: number;
  /** How often it has just been told to report; until then its own rhythm has yet to show it. */
  told: ToldInterval | undefined;
  /** False while its last word excuses a silence: a crew off duty. */
  onDuty: boolean;
  /** There is an open alert of its silence, or of its clock: what a reading must be held against. */
  silenceOpen: boolean;
  skewOpen: boolean;
  readonly rain: RainSlot[];
  /** When it last told of rain, or of none, in a report that can be true; and of more than can fall. */
  rainAt?: number;
  rainDoubtedAt?: number;
  rainExtreme?: ExtremeRain;
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
    sending: { ...NO_RHYTHM },
    presence: undefined,
    presenceAt: 0,
    simulated: false,
    realAt: 0,
    told: undefined,
    onDuty: true,
    silenceOpen: false,
    skewOpen: false,
    rain: [],
    clock: createDeviceClock(),
    waves: {},
  };
}
