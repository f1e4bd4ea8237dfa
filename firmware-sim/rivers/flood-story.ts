/**
 * The story of the rivers: floods one after another with calm between them, and what to say of them.
 *
 * Stands between the flood's arithmetic and the gauges that measure it. Invariant: each gauge starts and
 * ends a flood at its normal level, so that one flood follows another without a step.
 */
import type { RiverGauge } from '../../devices/kinds/river-gauge.ts';
import { createFlood, type Flood } from './flood.ts';

/** A cycle is this many times as long as its flood: the calm after it lasts twice as long. */
const CYCLE_PER_FLOOD = 3;
/** A flood passes in this much real time unless the speed is given: "within five minutes", with a margin. */
const FLOOD_REAL_S = 270;

export interface FloodStory {
  stageM(gauge: string, storyMin: number): number;
  /** Rain at the gauge between two instants of the story, mm. */
  rainMm(gauge: string, fromMin: number, toMin: number): number;
  /** One phrase for the progress line: "rain", "peak at Simongan". */
  describe(storyMin: number): string;
  /** Story seconds per real second at which the first flood passes in four and a half minutes. */
  readonly defaultSpeed: number;
}

export function createFloodStory(gauges: readonly RiverGauge[], seed: number): FloodStory {
  const first = createFlood(gauges, seed, 0);
  const cycleMin = first.durationMin * CYCLE_PER_FLOOD;
  let current = { number: 0, flood: first };
  const at = (storyMin: number): { flood: Flood; minute: number } => {
    const number = Math.max(0, Math.floor(storyMin / cycleMin));
    if (number !== current.number) current = { number, flood: createFlood(gauges, seed, number) };
    return { flood: current.flood, minute: Math.max(0, storyMin - number * cycleMin) };
  };
  return {
    defaultSpeed: Math.round((first.durationMin * 60) / FLOOD_REAL_S),
    stageM(gauge, storyMin) {
      const { flood, minute } = at(storyMin);
      const flooded = flood.gauges.get(gauge);
      if (!flooded) throw new Error(`no gauge ${gauge} in the story`);
      return interpolate(flooded.stageM, minute, flooded.gauge.normalLevelM);
    },
    rainMm(gauge, fromMin, toMin) {
      let fallenMm = 0;
      for (let minute = Math.floor(fromMin); minute < toMin; minute++) {
        const share = Math.min(toMin, minute + 1) - Math.max(fromMin, minute);
        const { flood, minute: index } = at(minute);
        fallenMm += ((flood.gauges.get(gauge)?.rainMmPerH[Math.floor(index)] ?? 0) / 60) * share;
      }
      return fallenMm;
    },
    describe(storyMin) {
      const { flood, minute } = at(storyMin);
      return describeFlood(flood, minute);
    },
  };
}

function interpolate(series: Float64Array, minute: number, beyond: number): number {
  const index = Math.floor(minute);
  const here = series[index] ?? beyond;
  const next = series[index + 1] ?? beyond;
  return here + (next - here) * (minute - index);
}

function describeFlood({ main, rainEndsMin, durationMin }: Flood, minute: number): string {
  if (minute > durationMin || main.length === 0) return 'calm';
  const peaking = main.find(({ peakMin }) => minute < peakMin + 8);
  if (!peaking) return 'receding';
  if (Math.abs(minute - peaking.peakMin) <= 8) return `peak at ${peaking.gauge.name}`;
  if (minute <= rainEndsMin) return peaking.rainMmPerH[Math.floor(minute)] ? 'rain' : 'clouds gather';
  return `wave nears ${peaking.gauge.name}`;
}
