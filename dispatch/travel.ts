/**
 * Travel times of the nearest units to an incident, from the best source that answers.
 *
 *   outside engine (where configured) → the city's roads → straight line at 28 km/h
 *
 * Invariant: every time says where it came from, and a fallback says why; one unit's missing road never
 * hides that unit.
 */
import type { Logger } from 'pino';
import type { Counter } from 'prom-client';
import { distanceM, type Position } from '../fleet/positions/great-circle.ts';
import { MAX_OUTSIDE_UNITS, type OutsideEngine } from './roads/outside-engine.ts';
import { STRAIGHT_MPS, type Vehicle } from './roads/road-classes.ts';
import type { RoadNetwork, UnitPlace } from './roads/road-network.ts';

export type EtaSource = 'road' | 'straight';

export interface TravelTime {
  readonly seconds: number;
  readonly source: EtaSource;
}

export interface TravelAnswer {
  /** One a unit in their order; undefined for units slower than the `wanted` fastest. */
  readonly times: readonly (TravelTime | undefined)[];
  /** What answered, in words. */
  readonly source: string;
  /** Why it was not the configured source; absent when it was. */
  readonly fallback?: string;
}

export interface Travel {
  /** `units` nearest first. */
  toIncident(incident: Position, units: readonly UnitPlace[], wanted: number): Promise<TravelAnswer>;
}

export interface TravelDependencies {
  readonly outside: OutsideEngine | undefined;
  readonly roads: RoadNetwork | undefined;
  readonly fallbacks: Counter<'source'>;
  readonly log: Logger;
}

export function createTravel({ outside, roads, fallbacks, log }: TravelDependencies): Travel {
  let outsideFailing = false;

  function inside(incident: Position, units: readonly UnitPlace[], wanted: number): TravelAnswer {
    const onRoad = roads?.travelTimes(incident, units, wanted) ?? [];
    // With enough of a vehicle found the others are slower; with too few they have no road: a guess is better.
    const foundOf = new Map<Vehicle, number>();
    for (const [index, { vehicle }] of units.entries()) {
      const before = foundOf.get(vehicle) ?? 0;
      foundOf.set(vehicle, before + (onRoad[index] === undefined ? 0 : 1));
    }
    const times = units.map((unit, index): TravelTime | undefined => {
      const seconds = onRoad[index];
      if (seconds !== undefined) return { seconds, source: 'road' };
      return (foundOf.get(unit.vehicle) ?? 0) < wanted ? straight(incident, unit) : undefined;
    });
    const found = times.some((time) => time?.source === 'road');
    return { times, source: found && roads ? roads.source : 'straight line at 28 km/h' };
  }

  return {
    async toIncident(incident, units, wanted) {
      if (!outside || units.length === 0) return inside(incident, units, wanted);
      try {
        const asked = units.slice(0, MAX_OUTSIDE_UNITS);
        const seconds = await outside.travelTimes(incident, asked);
        if (outsideFailing) log.info({ engine: outside.name }, 'the routing engine answers again');
        outsideFailing = false;
        const times = asked.map((unit, index): TravelTime => {
          const each = seconds[index];
          return each === undefined ? straight(incident, unit) : { seconds: each, source: 'road' };
        });
        return { times, source: outside.name };
      } catch (error) {
        fallbacks.inc({ source: outside.name });
        if (!outsideFailing) log.warn({ err: error }, 'the routing engine failed; falling back');
        outsideFailing = true;
        return { ...inside(incident, units, wanted), fallback: (error as Error).message };
      }
    },
  };
}

function straight(incident: Position, unit: UnitPlace): TravelTime {
  return { seconds: distanceM(incident, unit) / STRAIGHT_MPS, source: 'straight' };
}
