/**
 * The tide of the Java Sea at the city's tide gauges, on the story's time.
 *
 * Mixed, mainly diurnal: the constituent K1 (23.93 h) with half as much of M2 (12.42 h). High water passes
 * the first threshold a little when the two meet, as the tidal floods (rob) of Semarang do on some days.
 */
import type { RiverGauge } from '../../cities/city.ts';

const K1_MIN = 23.93 * 60;
const M2_MIN = 12.42 * 60;
/** Highest water of the story, as a share of the way from the mean to the first threshold. */
const HIGH_WATER_SHARE = 1.05;

/** Level at a tide gauge, m above its datum. The story starts at low water. */
export function tideM(gauge: RiverGauge, storyMin: number): number {
  const firstM = gauge.thresholds[0]?.levelM ?? gauge.normalLevelM + 0.5;
  const amplitudeM = (firstM - gauge.normalLevelM) * HIGH_WATER_SHARE;
  const diurnal = -Math.cos((2 * Math.PI * storyMin) / K1_MIN);
  const semidiurnal = -Math.cos((2 * Math.PI * storyMin) / M2_MIN);
  return gauge.normalLevelM + amplitudeM * ((2 / 3) * diurnal + (1 / 3) * semidiurnal);
}
