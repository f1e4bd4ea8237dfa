/**
 * Stuck gauge: the level repeats itself for longer than this gauge ever has, and by more than chance allows.
 *
 * Staff round to 5 or 10 cm, so that five equal readings are nothing on one gauge and a fault on another: the
 * rule learns from each gauge how often its readings repeat, and for how long a level has stood: in time, since a
 * gauge may change how often it reports. Never suppresses: the repeated level still counts.
 */
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack } from '../judgement/track.ts';
import { formatMetres } from '../wording.ts';
import { levelOf } from './river-level.ts';

export interface GaugeStuckParameters {
  /** Readings before anything is said of a gauge. */
  readonly learnReadings: number;
  readonly minRun: number;
  /** Longer than the longest run before by this factor, in time. */
  readonly runFactor: number;
  /** Orders of magnitude of improbability, were each repeat independent. */
  readonly surprise: number;
  /** m; smaller differences are the sensor's noise. */
  readonly equalM: number;
}

interface Memory {
  level: number | null;
  run: number;
  /** How long the run has lasted, and the longest one before it, ms; pauses in the reports do not count. */
  runMs: number;
  longestMs: number;
  lastAt: number;
  /** Readings, and repeats among them, up to the beginning of the present run. */
  readings: number;
  repeats: number;
}

const LABEL: Bilingual = { en: 'gauge may be stuck', id: 'pos duga mungkin macet' };

const START: Readonly<Memory> = Object.freeze({
  level: null,
  run: 0,
  runMs: 0,
  longestMs: 0,
  lastAt: 0,
  readings: 0,
  repeats: 0,
});
/** Bounds of the learned share of repeats: neither certainty is ever believed. */
const MIN_SHARE = 0.05;
const MAX_SHARE = 0.995;
/** A pause counts as at most so many report intervals: nobody knows what the level did in it. */
const PAUSE_INTERVALS = 2;

export const gaugeStuck = defineTrackRule<GaugeStuckParameters, Memory>({
  name: 'gauge-stuck',
  version: 2,
  kind: 'river-gauge',
  unit: 'readings',
  memory: START,
  defaults: { learnReadings: 100, minRun: 12, runFactor: 2, surprise: 9, equalM: 0.001 },
  step(track, memory, reading, { intervalMs }, parameters) {
    const levelM = levelOf(reading);
    if (levelM === undefined) return;
    const repeats = memory.level !== null && Math.abs(levelM - memory.level) < parameters.equalM;
    const spanMs = Math.min(reading.measuredAt - memory.lastAt, PAUSE_INTERVALS * intervalMs);
    memory.lastAt = reading.measuredAt;
    if (repeats) {
      memory.run++;
      memory.runMs += spanMs;
    } else {
      memory.longestMs = Math.max(memory.longestMs, memory.runMs);
      memory.readings += memory.run;
      memory.repeats += Math.max(0, memory.run - 1);
      memory.level = levelM;
      memory.run = 1;
      memory.runMs = 0;
    }
    const rank: Rank = isStuck(memory, parameters) ? 1 : 0;
    if (rank > 0 || track.episode)
      advanceTrack(track, reading, rank, memory.run, 0, rank > 0 ? undefined : { levelM });
  },
  resume: (memory, { value }, { learnReadings }) => ({
    ...memory,
    run: Math.max(memory.run, value),
    readings: Math.max(memory.readings, learnReadings),
  }),
  describe({ value }, _rank, _parameters, { name }) {
    return {
      label: LABEL,
      text: {
        en: `${name} has said the same level ${value} times in a row, longer than ever before.`,
        id: `${name} melaporkan tinggi yang sama ${value} kali berturut-turut, lebih lama dari biasanya.`,
      },
    };
  },
  describeEnd({ detail, endedAt }, _parameters, { name, clock }) {
    const at = clock(endedAt, endedAt);
    const { levelM } = detail as { levelM?: number };
    const now = levelM === undefined ? { en: '', id: '' } : formatMetres(levelM);
    return {
      label: LABEL,
      text: {
        en: `${name} says another level again: ${now.en} at ${at.en}.`,
        id: `${name} melaporkan tinggi yang lain lagi: ${now.id} ${at.id}.`,
      },
    };
  },
});

function isStuck(memory: Memory, parameters: GaugeStuckParameters): boolean {
  if (memory.readings < parameters.learnReadings || memory.run < parameters.minRun) return false;
  if (memory.runMs < parameters.runFactor * memory.longestMs) return false;
  const share = Math.min(MAX_SHARE, Math.max(MIN_SHARE, memory.repeats / memory.readings));
  return -Math.log10(share) * (memory.run - 1) >= parameters.surprise;
}
