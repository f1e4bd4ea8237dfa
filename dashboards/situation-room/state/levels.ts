/**
 * What a stage means: which threshold it has met, how far the next one is, and whether it rises.
 *
 * Pure. Read by the gauges' list, the plot and the map. Invariant: the comparator of each threshold decides
 * at the exact level, as in the alert engine; a gauge without a fresh reading has no level here at all.
 */
import type { Severity, Threshold } from './api/api-shapes.ts';

export const SEVERITIES: readonly Severity[] = ['minor', 'moderate', 'severe', 'extreme'];

/** 0 is below every threshold; 1–4 are the severities. */
export function rankOf(severity: Severity | undefined): number {
  return severity === undefined ? 0 : SEVERITIES.indexOf(severity) + 1;
}

/** The highest threshold that the stage has met. */
export function thresholdAt(levelM: number, thresholds: readonly Threshold[]): Threshold | undefined {
  return thresholds.findLast((each) =>
    each.comparator === '>' ? levelM > each.levelM : levelM >= each.levelM,
  );
}

export function nextThreshold(levelM: number, thresholds: readonly Threshold[]): Threshold | undefined {
  return thresholds.find((each) => (each.comparator === '>' ? levelM <= each.levelM : levelM < each.levelM));
}

export type Trend = 'steep-rise' | 'rise' | 'steady' | 'fall' | 'steep-fall';

/** Staff round to the centimetre, and waves on the water are more than that. */
const STEADY_M = 0.015;
/** Katulampa rose 40 cm in 8 minutes: 25 cm in five. */
const STEEP_M = 0.25;

/** The word for a change of stage over five minutes, m. */
export function trendOf(changeM: number): Trend {
  if (Math.abs(changeM) < STEADY_M) return 'steady';
  if (changeM > 0) return changeM >= STEEP_M ? 'steep-rise' : 'rise';
  return changeM <= -STEEP_M ? 'steep-fall' : 'fall';
}

/**
 * The span that a gauge's bar and plot show, m: from a little below the ordinary stage to a little above the
 * highest threshold, and further where the water is.
 */
export function levelSpan(
  { normalLevelM, thresholds }: { normalLevelM: number; thresholds: readonly Threshold[] },
  levelsM: readonly number[],
): { minM: number; maxM: number } {
  const top = thresholds.at(-1)?.levelM ?? normalLevelM + 1;
  const low = Math.min(normalLevelM, ...levelsM);
  const high = Math.max(top, ...levelsM);
  const marginM = Math.max(0.1, (high - low) * 0.08);
  return { minM: low - marginM, maxM: high + marginM };
}
