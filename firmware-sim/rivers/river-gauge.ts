/**
 * A river or tide gauge as firmware: stage with ripples, a tipping bucket for rain, battery and radio.
 *
 * Measures the story, knows nothing of floods. Where the city says that the sensor hangs at a height, it
 * sends the distance down to the water and leaves the arithmetic to the server. Invariant: rain is sent
 * once, in whole tips, and what is less than a tip is kept for the next report.
 */
import type { RiverGauge } from '../../devices/kinds/river-gauge.ts';
import type { Behaviour, Measured } from '../device/device.ts';
import { between, normal, type Random } from '../random.ts';
import { type StoryClock, storyIntervalMs } from '../story-clock.ts';

/** Ripples on the water, standard deviation, m. */
const RIPPLE_M = 0.004;
/** One tip of the bucket, mm: the usual size. */
const TIP_MM = 0.2;

export interface Water {
  stageM(gauge: string, storyMin: number): number;
  rainMm(gauge: string, fromMin: number, toMin: number): number;
}

export function createRiverGauge(
  gauge: RiverGauge,
  water: Water,
  story: StoryClock,
  random: Random,
): Behaviour {
  const batteryV = between(random, 12.3, 13.1);
  const rssiDbm = between(random, -95, -62);
  const intervalMs = storyIntervalMs(story, 5_000, 60_000);
  let measuredUpTo: number | undefined;
  let untippedMm = 0;
  return {
    intervalMs: () => intervalMs,
    measure(nowMs) {
      const minute = story.minutes(nowMs);
      const stageM = water.stageM(gauge.id, minute) + RIPPLE_M * normal(random);
      const measured: Record<string, number> =
        gauge.sensorHeightM === undefined
          ? { levelM: round(stageM, 3) }
          : { distanceM: round(Math.max(0, gauge.sensorHeightM - stageM), 3) };
      if (!gauge.tidal) {
        untippedMm += water.rainMm(gauge.id, measuredUpTo ?? minute, minute);
        const tips = Math.floor(untippedMm / TIP_MM);
        untippedMm -= tips * TIP_MM;
        measured['rainMm'] = round(tips * TIP_MM, 1);
      }
      measuredUpTo = minute;
      measured['batteryV'] = round(batteryV + 0.03 * normal(random), 2);
      measured['rssiDbm'] = Math.round(rssiDbm + 2 * normal(random));
      return measured satisfies Measured;
    },
  };
}

/** To the sensor's resolution, `digits` after the point. */
function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
