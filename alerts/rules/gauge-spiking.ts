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
import { advanceTrack } from '../judgement/track.ts';
import { formatMetres } from '../wording.ts';
import { ladderSpanM, levelOf } from './river-level.ts';

export interface GaugeSpikingParameters {
  /** Of the ladder's span: a smaller excursion is no spike. */
  readonly spikeShare: number;
  readonly spikeM: number;
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
}

const LABEL: Bilingual = { en: 'gauge is spiking', id: 'pos duga melonjak-lonjak' };

const START: Readonly<Memory> = Object.freeze({
  before: null,
  beforeAt: 0,
  middle: null,
  middleAt: 0,
  spikes: [],
});

export const gaugeSpiking = defineTrackRule<GaugeSpikingParameters, Memory>({
  name: 'gauge-spiking',
  version: 2,
  kind: 'river-gauge',
  unit: 'spikes',
  memory: START,
  defaults: { spikeShare: 0.2, spikeM: 0, spikes: 3, withinReadings: 50 },
  forDevice(parameters, { site }) {
    if (parameters.spikeM > 0) return parameters;
    if (!isRiverGauge(site)) return undefined;
    return { ...parameters, spikeM: Math.max(0.15, parameters.spikeShare * ladderSpanM(site)) };
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
    }
    const oldest = measuredAt - parameters.withinReadings * intervalMs;
    if ((spikes[0] ?? measuredAt) < oldest) spikes = spikes.filter((at) => at >= oldest);
    memory.before = memory.middle;
    memory.beforeAt = memory.middleAt;
    memory.middle = levelM;
    memory.middleAt = measuredAt;
    memory.spikes = spikes;
    const raised = track.episode ? spikes.length > 0 : spikes.length >= parameters.spikes;
    const rank: Rank = raised ? 1 : 0;
    advanceTrack(
      track,
      reading,
      rank,
      spikes.length,
      0,
      rank === 0 && track.episode ? { levelM } : undefined,
    );
  },
  describe({ value }, _rank, { withinReadings }, { name }) {
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

/** Whether the middle of three stands out from both others by `spikeM`, and they agree with each other. */
function isSpike(before: number | null, middle: number | null, after: number, spikeM: number): boolean {
  if (before === null || middle === null) return false;
  const [first, second] = [middle - before, middle - after];
  if (first * second <= 0) return false;
  const least = Math.min(Math.abs(first), Math.abs(second));
  return least > spikeM && Math.abs(after - before) < least / 2;
}
