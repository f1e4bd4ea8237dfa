/**
 * Spiking gauge: several single readings far from both neighbours: a loose cable, a branch in the beam.
 *
 * A maintenance notice; each spike was already doubted by the ladder on its own.
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
  /** … within so many readings. */
  readonly withinReadings: number;
}

interface Memory {
  count: number;
  before: number | null;
  middle: number | null;
  /** The counts at which spikes were seen. */
  spikes: readonly number[];
}

const LABEL: Bilingual = { en: 'gauge is spiking', id: 'pos duga melonjak-lonjak' };

const START: Readonly<Memory> = Object.freeze({ count: 0, before: null, middle: null, spikes: [] });

export const gaugeSpiking = defineTrackRule<GaugeSpikingParameters, Memory>({
  name: 'gauge-spiking',
  version: 1,
  kind: 'river-gauge',
  unit: 'spikes',
  memory: START,
  defaults: { spikeShare: 0.2, spikeM: 0, spikes: 3, withinReadings: 50 },
  forDevice(parameters, { site }) {
    if (parameters.spikeM > 0) return parameters;
    if (!isRiverGauge(site)) return undefined;
    return { ...parameters, spikeM: Math.max(0.15, parameters.spikeShare * ladderSpanM(site)) };
  },
  step(track, memory, reading, _view, parameters) {
    const levelM = levelOf(reading);
    if (levelM === undefined) return;
    const count = memory.count + 1;
    let { spikes } = memory;
    if (isSpike(memory.before, memory.middle, levelM, parameters.spikeM)) spikes = [...spikes, count];
    const oldest = count - parameters.withinReadings;
    if ((spikes[0] ?? count) < oldest) spikes = spikes.filter((at) => at >= oldest);
    memory.count = count;
    memory.before = memory.middle;
    memory.middle = levelM;
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

/** Whether the middle of three stands out from both others by `spikeM`, and they agree with each other. */
function isSpike(before: number | null, middle: number | null, after: number, spikeM: number): boolean {
  if (before === null || middle === null) return false;
  const [first, second] = [middle - before, middle - after];
  if (first * second <= 0) return false;
  const least = Math.min(Math.abs(first), Math.abs(second));
  return least > spikeM && Math.abs(after - before) < least / 2;
}
