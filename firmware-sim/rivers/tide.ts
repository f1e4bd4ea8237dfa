/**
 * The tide of the Java Sea at the city's tide gauges, on the story's time.
 *
 * Mixed, mainly diurnal: the constituent K1 (23.93 h) with half as much of M2 (12.42 h). High water passes
 * the first threshold a little when the two meet, as the tidal floods (rob) of Semarang do on some days.
 */
import type { RiverGauge } from '../../devices/kinds/river-gauge.ts';

const K1_MIN = 23.93 * 60;
const M2_MIN = 12.42 * 60;
/** The highest water, as a share of the way from the mean to the first threshold. */
const HIGHEST_SHARE = 1.05;

/** Both constituents are highest together here for the first time, story minutes. */
const HIGHEST_AT_MIN = 12 * 60;

/** Level at a tide gauge, m above its datum. The story starts below the mean, half a day before high water. */
export function tideM(gauge: RiverGauge, storyMin: number): number {
  const firstM = gauge.thresholds[0]?.levelM ?? gauge.normalLevelM + 0.5;
  const amplitudeM = (firstM - gauge.normalLevelM) * HIGHEST_SHARE;
  const fromHighestMin = storyMin - HIGHEST_AT_MIN;
  const diurnal = Math.cos((2 * Math.PI * fromHighestMin) / K1_MIN);
  const semidiurnal = Math.cos((2 * Math.PI * fromHighestMin) / M2_MIN);
  return gauge.normalLevelM + amplitudeM * ((2 / 3) * diurnal + (1 / 3) * semidiurnal);
}
