/**
 * Spiking gauge: several single readings far from both neighbours: a loose cable, a branch in the beam.
 *
 * A maintenance notice; each spike was already doubted by the ladder on its own. Spikes are counted over a span of
 * time, which follows from how often the gauge reports; what stands alone between two pauses is none.
 */
import { isRiverGauge } from '../../devices/kinds/river-gauge.ts';
import type { Bilingual } from '../../devices/site.ts';
import type { Rank } from '../alert.ts';
import { defineTrackRule } from '../judgement/rule.ts';
import { advanceTrack, type Detail, type Episode } from '../judgement/track.ts';
import { formatMetres } from '../wording.ts';
import { ladderSpanM, levelOf } from './river-level.ts';

export interface GaugeSpikingParameters {
  /** Of the ladder's span: a smaller excursion is no spike. */
  readonly spikeShare: number;
  readonly spikeM: number;
  /** Worked out for the gauge, m: where floods begin. */
  readonly floodM: number | undefined;
  /** So many spikes … */
  readonly spikes: number;
  /** … within so many report intervals. */
  readonly withinReadings: number;
}

interface Memory {
  before: number | null;
  beforeAt: number;
  middle: number | null;
  middleAt: number;
  /** When spikes were seen, event time, ms. */
  spikes: readonly number[];
  /** The two levels of the last spike, and how many before it went between the same two. */
  pair: Pair | null;
  samePairs: number;
}

/** A level that is told in turn with another. */
interface Pair {
  readonly lowM: number;
  readonly highM: number;
}

const LABEL: Bilingual = { en: 'gauge is spiking', id: 'pos duga melonjak-lonjak' };

const START: Readonly<Memory> = Object.freeze({
  before: null,
  beforeAt: 0,
  middle: null,
  middleAt: 0,
  spikes: [],
  pair: null,
  samePairs: 0,
});

export const gaugeSpiking = defineTrackRule<GaugeSpikingParameters, Memory>({
  name: 'gauge-spiking',
  version: 3,
  kind: 'river-gauge',
  unit: 'spikes',
  memory: START,
  defaults: { spikeShare: 0.2, spikeM: 0, floodM: undefined, spikes: 3, withinReadings: 50 },
  forDevice(parameters, { site }) {
    if (!isRiverGauge(site)) return undefined;
    const spikeM = parameters.spikeM || Math.max(0.15, parameters.spikeShare * ladderSpanM(site));
    return { ...parameters, spikeM, floodM: site.thresholds[0]?.levelM ?? Number.POSITIVE_INFINITY };
  },
  step(track, memory, reading, { intervalMs }, parameters) {
    const levelM = levelOf(reading);
    if (levelM === undefined) return;
    const { measuredAt } = reading;
    let { spikes } = memory;
    // A level that changed in a pause is not known to have come back.
    const isDense = measuredAt - memory.beforeAt <= MAX_SPAN_INTERVALS * intervalMs;
    if (isDense && isSpike(memory.before, memory.middle, levelM, parameters.spikeM)) {
      spikes = [...spikes.slice(1 - MAX_SPIKES), measuredAt];
      notePair(memory, levelM, memory.middle as number, parameters.spikeM);
    }
    const oldest = measuredAt - parameters.withinReadings * intervalMs;
    if ((spikes[0] ?? measuredAt) < oldest) spikes = spikes.filter((at) => at >= oldest);
    memory.before = memory.middle;
    memory.beforeAt = memory.middleAt;
    memory.middle = levelM;
    memory.middleAt = measuredAt;
    memory.spikes = spikes;
    const raised = track.episode ? spikes.length > 0 : spikes.length >= parameters.spikes;
    const pair = memory.samePairs >= SAME_PAIRS ? memory.pair : null;
    // Somebody must find out which of the two is the river's where one of them is a flood.
    const isFlood = pair !== null && pair.highM >= (parameters.floodM ?? Number.POSITIVE_INFINITY);
    const wasFlood = (track.episode?.rank ?? 0) > 1;
    const rank: Rank = raised ? (isFlood || wasFlood ? 2 : 1) : 0;
    advanceTrack(track, reading, rank, spikes.length, 0, detailOf(track.episode, rank, pair, levelM));
  },
  describe({ value, detail }, _rank, { withinReadings }, { name }) {
    const { pair } = detail as SpikingDetail;
    if (pair) {
      const [low, high] = [formatMetres(pair.lowM), formatMetres(pair.highM)];
      return {
        label: LABEL,
        text: {
          en: `${name} says ${low.en} and ${high.en} in turn: perhaps two devices have its id, or a plug is loose. Which of the two is the river’s is not known. Look at it.`,
          id: `${name} bergantian melaporkan ${low.id} dan ${high.id}: mungkin dua alat memakai id yang sama, atau konektornya longgar. Belum diketahui mana tinggi air sebenarnya. Periksa alatnya.`,
        },
      };
    }
    return {
      label: LABEL,
      text: {
        en: `${name}: ${value} single readings far off within ${withinReadings}. Look at its sensor.`,
        id: `${name}: ${value} bacaan tunggal menyimpang dalam ${withinReadings} bacaan. Periksa sensornya.`,
      },
    };
  },
  describeEnd({ detail, endedAt }, { withinReadings }, { name, clock }) {
    const at = clock(endedAt, endedAt);
    const now = formatMetres((detail as { levelM: number }).levelM);
    return {
      label: LABEL,
      text: {
        en: `${name} is steady again: none of its last ${withinReadings} readings was far off; ${now.en} at ${at.en}.`,
        id: `${name} stabil lagi: tidak ada yang menyimpang dalam ${withinReadings} bacaan terakhir; ${now.id} ${at.id}.`,
      },
    };
  },
});

/** The three readings of a spike lie within so many report intervals. */
const MAX_SPAN_INTERVALS = 6;
/** Spikes that are remembered. */
const MAX_SPIKES = 50;

/** So many spikes after another between the same two levels are no chance. */
const SAME_PAIRS = 2;
/** The same level, as a share of the least spike. */
const SAME_SHARE = 0.5;

interface SpikingDetail {
  readonly pair?: Pair;
  /** At the end. */
  readonly levelM?: number;
}

function notePair(memory: Memory, afterM: number, middleM: number, spikeM: number): void {
  const pair = { lowM: Math.min(afterM, middleM), highM: Math.max(afterM, middleM) };
  const isSame = (a: number, b: number) => Math.abs(a - b) <= SAME_SHARE * spikeM;
  const before = memory.pair;
  const isAgain = before !== null && isSame(before.lowM, pair.lowM) && isSame(before.highM, pair.highM);
  memory.samePairs = isAgain ? memory.samePairs + 1 : 0;
  memory.pair = pair;
}

/** That it is two levels is news once. */
function detailOf(
  episode: Episode | undefined,
  rank: Rank,
  pair: Pair | null,
  levelM: number,
): Detail | undefined {
  if (rank === 0) return episode && { levelM };
  const isKnown = (episode?.detail as SpikingDetail | undefined)?.pair !== undefined;
  return pair && !isKnown ? { pair } : undefined;
}

/** Whether the middle of three stands out from both others by `spikeM`, and they agree with each other. */
function isSpike(before: number | null, middle: number | null, after: number, spikeM: number): boolean {
  if (before === null || middle === null) return false;
  const [first, second] = [middle - before, middle - after];
  if (first * second <= 0) return false;
  const least = Math.min(Math.abs(first), Math.abs(second));
  return least > spikeM && Math.abs(after - before) < least / 2;
}
