/**
 * Coverage as it is now: the share of the roads that the units that could be sent reach in time, and without each.
 *
 * Asked with every recommendation and by the figures. Invariant: measured at most every five seconds unless a unit
 * was taken or freed since, and not at all where its cost would hold up what asks for it.
 */

import { measureCoverage } from '../roads/coverage.ts';
import type { RoadNetwork, UnitPlace } from '../roads/road-network.ts';
import type { UnitBoard, UnitNow } from '../units/unit-board.ts';

export interface CoverageNow {
  readonly now: number;
  readonly without: ReadonlyMap<string, number>;
}

/** Two searches over all roads. */
const MEASURE_EVERY_MS = 5_000;
/** Within the time that the city promises. */
export const LIMIT_S = 15 * 60;
/** Beyond it coverage is not measured: its cost grows with the fleet and the roads. */
export const MAX_UNITS = 500;

/** Undefined without roads, and beyond MAX_UNITS. */
export function createCoverageNow(
  board: UnitBoard,
  roads: RoadNetwork | undefined,
  now: () => number,
): () => CoverageNow | undefined {
  let measured: { atMs: number; version: number; coverage: CoverageNow } | undefined;
  return () => {
    if (!roads || board.index.size > MAX_UNITS) return undefined;
    const atMs = now();
    const { version } = board;
    if (measured && measured.version === version && atMs - measured.atMs < MEASURE_EVERY_MS) {
      return measured.coverage;
    }
    const { ids, places } = placeReady(board, atMs);
    const share = measureCoverage(roads, places, LIMIT_S);
    const without = new Map(ids.map((unit, index) => [unit, share.withoutUnit[index] ?? 0]));
    measured = { atMs, version, coverage: { now: share.now, without } };
    return measured.coverage;
  };
}

/** The units that could be sent, and where they are, in the same order. */
export function placeReady(board: UnitBoard, atMs: number): { ids: string[]; places: UnitPlace[] } {
  const placed = [...board.ids()]
    .filter((unit) => board.index.has(unit))
    .map((unit) => board.now(unit, atMs))
    .filter((unit): unit is UnitNow => unit?.fix !== undefined);
  return {
    ids: placed.map(({ unit }) => unit),
    places: placed.map(({ fix, vehicle }) => ({ lat: fix?.lat ?? 0, lng: fix?.lng ?? 0, vehicle })),
  };
}
