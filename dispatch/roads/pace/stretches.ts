/**
 * A unit's fixes on its way → stretches of some hundred metres, with the time that they usually take and the time that
 * they took.
 *
 * Only crews that are under way teach (`en-route`, `transporting`): one that cruises or waits says nothing of how fast
 * a call is reached. A stretch holds its stops, at lights and in jams; a stop of five minutes is no traffic.
 * Invariants: bounded by the units; every stretch that ended is counted, as learned or by why it is not.
 */
import { latLngToCell } from 'h3-js';
import { distanceM } from '../../../cities/great-circle.ts';
import type { Fix } from '../../../fleet/positions/position-filter.ts';
import type { Vehicle } from '../road-classes.ts';
import type { Stretch } from './pace-memory.ts';

export type StretchOutcome = 'learned' | 'no-road' | 'unlikely' | 'full';

/** A fix of a unit, with its crew's word where it came with one. */
export interface UnitFix {
  readonly unit: string;
  readonly vehicle: Vehicle;
  readonly status: string | undefined;
  readonly fix: Fix;
  readonly hour: number;
}

export interface StretchDependencies {
  /** Seconds by the class speeds; undefined where a road is not near or none leads there. */
  readonly usualS: (from: Fix, to: Fix, vehicle: Vehicle) => number | undefined;
  /** False where there is no room. */
  readonly learn: (stretch: Stretch) => boolean;
  readonly count: (outcome: StretchOutcome) => void;
}

interface Way {
  status: string | undefined;
  start: Fix | undefined;
  last: Fix | undefined;
}

/** 0.7 km²: a neighbourhood and its main road. */
export const PACE_CELL_RESOLUTION = 8;
const UNDER_WAY = new Set(['en-route', 'transporting']);
/** Long enough that the error of a fix, 10 m at each end, is some per cent. */
const LEAST_M = 250;
/** Beyond it the tracker was away, or the crew stood for another reason than the traffic. */
const MOST_GAP_S = 60;
const MOST_S = 300;
const MOST_ACCURACY_M = 50;
/** Slower or faster than the classes say by more than this, it went another way or stood at a shop. */
const LEAST_RATIO = 0.25;
const MOST_RATIO = 8;

export class Stretches {
  readonly #dependencies: StretchDependencies;
  readonly #ways = new Map<string, Way>();

  constructor(dependencies: StretchDependencies) {
    this.#dependencies = dependencies;
  }

  observe({ unit, vehicle, status, fix, hour }: UnitFix): void {
    const way = this.#wayOf(unit);
    way.status = status ?? way.status;
    if (!UNDER_WAY.has(way.status ?? '')) {
      way.start = undefined;
      return;
    }
    if ((fix.accuracyM ?? 0) > MOST_ACCURACY_M) return;
    const gapS = secondsBetween(way.last, fix);
    if (gapS <= 0) return;
    way.last = fix;
    if (!way.start || gapS > MOST_GAP_S || secondsBetween(way.start, fix) > MOST_S) {
      way.start = fix;
      return;
    }
    if (distanceM(way.start, fix) < LEAST_M) return;
    this.#dependencies.count(this.#judge(way.start, fix, vehicle, hour));
    way.start = fix;
  }

  /** Units that are no longer there. */
  forget(isThere: (unit: string) => boolean): void {
    for (const unit of this.#ways.keys()) if (!isThere(unit)) this.#ways.delete(unit);
  }

  #judge(start: Fix, end: Fix, vehicle: Vehicle, hour: number): StretchOutcome {
    const { usualS: usual, learn } = this.#dependencies;
    const usualS = usual(start, end, vehicle);
    if (usualS === undefined) return 'no-road';
    const takenS = secondsBetween(start, end);
    const ratio = takenS / usualS;
    if (!(ratio >= LEAST_RATIO && ratio <= MOST_RATIO)) return 'unlikely';
    const cell = latLngToCell((start.lat + end.lat) / 2, (start.lng + end.lng) / 2, PACE_CELL_RESOLUTION);
    return learn({ vehicle, cell, hour, usualS, takenS }) ? 'learned' : 'full';
  }

  #wayOf(unit: string): Way {
    const known = this.#ways.get(unit) ?? { status: undefined, start: undefined, last: undefined };
    this.#ways.set(unit, known);
    return known;
  }
}

/** Infinity where there is none before. */
function secondsBetween(before: Fix | undefined, after: Fix): number {
  return before ? (after.measuredAt - before.measuredAt) / 1000 : Number.POSITIVE_INFINITY;
}
