/**
 * The story of the rivers: a calm, then floods one after another with calm between them, and what to say of them.
 *
 * Stands between the flood's arithmetic and the gauges that measure it. Invariant: each gauge starts and
 * ends a flood at its normal level, so that one flood follows another without a step.
 */
import type { RiverGauge } from '../../devices/kinds/river-gauge.ts';
import { createFlood, type Flood, RAIN_STARTS_MIN } from './flood.ts';

/** A cycle is this many times as long as its flood: the calm after it lasts twice as long. */
const CYCLE_PER_FLOOD = 3;
/** Before the first flood every river stands still for so long: whoever looks sees first what is ordinary. */
const CALM_REAL_S = 60;
/**
 * The calm and the first flood pass in this much real time unless the speed is given: "within five minutes", with a
 * margin.
 */
const FIRST_FLOOD_REAL_S = 285;

export interface FloodStory {
  stageM(gauge: string, storyMin: number): number;
  /** Rain at the gauge between two instants of the story, mm. */
  rainMm(gauge: string, fromMin: number, toMin: number): number;
  /** One phrase for the progress line: "rain", "peak at Simongan". */
  describe(storyMin: number): string;
  /** Where the story stands; `flood` from the first peak to the last one. */
  phase(storyMin: number): FloodPhase;
  /** The basin that leads the flood at this time or next, from the first peak to the last. */
  leaders(storyMin: number): readonly RiverGauge[];
  /** When the rain of the next flood begins, story minutes; undefined in the middle of one. */
  nextRainMin(storyMin: number): number | undefined;
  /** Story seconds per real second at which the first flood has passed within five minutes. */
  readonly defaultSpeed: number;
  /** When the first flood is over, story minutes. */
  readonly firstFloodEndsMin: number;
}

export type FloodPhase = 'calm' | 'rain' | 'flood' | 'receding';

export function createFloodStory(gauges: readonly RiverGauge[], seed: number): FloodStory {
  const first = createFlood(gauges, seed, 0);
  const cycleMin = first.durationMin * CYCLE_PER_FLOOD;
  const defaultSpeed = Math.ceil((first.durationMin * 60) / (FIRST_FLOOD_REAL_S - CALM_REAL_S));
  // In story minutes, so that the story is the same at any speed.
  const calmMin = (CALM_REAL_S / 60) * defaultSpeed;
  let current = { number: 0, flood: first };
  /** The minute within its flood is negative in the calm before the first one. */
  const at = (storyMin: number): { flood: Flood; minute: number } => {
    const sinceMin = storyMin - calmMin;
    const number = Math.max(0, Math.floor(sinceMin / cycleMin));
    if (number !== current.number) current = { number, flood: createFlood(gauges, seed, number) };
    return { flood: current.flood, minute: sinceMin - number * cycleMin };
  };
  return {
    defaultSpeed,
    firstFloodEndsMin: calmMin + first.durationMin,
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
    phase(storyMin) {
      const { flood, minute } = at(storyMin);
      return phaseOf(flood, minute);
    },
    nextRainMin(storyMin) {
      const { flood, minute } = at(storyMin);
      if (phaseOf(flood, minute) !== 'calm') return undefined;
      const isPast = minute > flood.durationMin;
      return storyMin - minute + (isPast ? cycleMin : 0) + RAIN_STARTS_MIN;
    },
    leaders: (storyMin) => at(storyMin).flood.main.map(({ gauge }) => gauge),
  };
}

function interpolate(series: Float64Array, minute: number, beyond: number): number {
  if (minute < 0) return beyond;
  const index = Math.floor(minute);
  const here = series[index] ?? beyond;
  const next = series[index + 1] ?? beyond;
  return here + (next - here) * (minute - index);
}

function describeFlood({ main, rainEndsMin, durationMin }: Flood, minute: number): string {
  if (minute < 0 || minute > durationMin || main.length === 0) return 'calm';
  const peaking = main.find(({ peakMin }) => minute < peakMin + 8);
  if (!peaking) return 'receding';
  if (Math.abs(minute - peaking.peakMin) <= 8) return `peak at ${peaking.gauge.name}`;
  if (minute <= rainEndsMin) return peaking.rainMmPerH[Math.floor(minute)] ? 'rain' : 'clouds gather';
  return `wave nears ${peaking.gauge.name}`;
}

function phaseOf({ main, durationMin }: Flood, minute: number): FloodPhase {
  const [first] = main;
  const last = main.at(-1);
  if (!first || !last || minute < RAIN_STARTS_MIN || minute > durationMin) return 'calm';
  if (minute < first.peakMin) return 'rain';
  return minute <= last.peakMin ? 'flood' : 'receding';
}
