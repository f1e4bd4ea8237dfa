/**
 * What the desk's map reads of the API besides the ground: ways of candidates, heat of calls, coverage.
 *
 * Beside api-shapes.ts and by its rule.
 */
import type { Answer, LngLat } from '../api/answer-shapes.ts';

export type UnitRoute = Answer<'UnitRoute', 'unit' | 'by' | 'line'>;
export type CallHeat = Answer<'GetCallHeatAnswer', 'calls' | 'truncated' | 'cells'>;
export type CoverageNow = Answer<'GetCoverageMapAnswer', 'targetS' | 'now' | 'after' | 'cells'>;

/** A hexagon that is filled. */
export interface Cell {
  readonly ring: readonly LngLat[];
  readonly fill: 'calls' | 'lost' | 'uncovered';
  /** Of the fill, 0 to 1. */
  readonly strength: number;
}
