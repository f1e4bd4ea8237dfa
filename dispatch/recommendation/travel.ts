/**
 * Travel times of the nearest units to an incident, from the best source that answers.
 *
 *   outside engine (where configured) → the city's roads → straight line at 28 km/h
 *
 * Invariant: every time says where it came from, and a fallback says why; one unit's missing road never
 * hides that unit, and what the roads prove unreachable is said to be.
 */
import type { Logger } from 'pino';
import type { Counter } from 'prom-client';
import { distanceM, type Position } from '../../cities/great-circle.ts';
import { MAX_OUTSIDE_UNITS, type OutsideEngine } from '../roads/outside-engine.ts';
import { STRAIGHT_MPS, type Vehicle } from '../roads/road-classes.ts';
import type { RoadNetwork, UnitPlace } from '../roads/road-network.ts';

export type EtaSource = 'road' | 'straight';

export interface TravelTime {
  readonly seconds: number;
  readonly source: EtaSource;
  /** The roads prove that none leads from there: the time is a straight line's, and no promise. */
  readonly isUnreachable?: true;
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
    // With enough of a vehicle found the others are slower. With too few all ways were tried: who stands on the
    // network, as the incident does, has none; of who does not nothing is known, and a guess is better.
    const foundOf = new Map<Vehicle, number>();
    for (const [index, { vehicle }] of units.entries()) {
      const before = foundOf.get(vehicle) ?? 0;
      foundOf.set(vehicle, before + (onRoad[index] === undefined ? 0 : 1));
    }
    const times = units.map((unit, index): TravelTime | undefined => {
      const seconds = onRoad[index];
      if (seconds !== undefined) return { seconds, source: 'road' };
      if ((foundOf.get(unit.vehicle) ?? 0) >= wanted) return undefined;
      const guess = straight(incident, unit);
      return hasNoWay(incident, unit) ? { ...guess, isUnreachable: true } : guess;
    });
    const found = times.some((time) => time?.source === 'road');
    return { times, source: found && roads ? roads.source : 'straight line at 28 km/h' };
  }

  /** Counts what the engine did not give; the log has a line when that begins and when it ends. */
  function noteOutside(problem: string | undefined): void {
    const engine = outside?.name ?? '';
    if (problem !== undefined) fallbacks.inc({ source: engine });
    if (problem !== undefined && !outsideFailing)
      log.warn({ engine, problem }, 'the routing engine failed; falling back');
    if (problem === undefined && outsideFailing) log.info({ engine }, 'the routing engine answers again');
    outsideFailing = problem !== undefined;
  }

  function hasNoWay(incident: Position, unit: UnitPlace): boolean {
    if (!roads) return false;
    return roads.isOnRoads(incident, unit.vehicle) && roads.isOnRoads(unit, unit.vehicle);
  }

  return {
    async toIncident(incident, units, wanted) {
      if (!outside || units.length === 0) return inside(incident, units, wanted);
      try {
        const asked = units.slice(0, MAX_OUTSIDE_UNITS);
        const { seconds, problem } = await outside.travelTimes(incident, asked);
        noteOutside(problem);
        const unknown = asked.filter((_, index) => seconds[index] === undefined);
        // All of them: each is the only one of its rank that the engine left out.
        const own = inside(incident, unknown, Number.POSITIVE_INFINITY).times;
        let next = 0;
        const times = asked.map((unit, index): TravelTime => {
          const each = seconds[index];
          if (each !== undefined) return { seconds: each, source: 'road' };
          return own[next++] ?? straight(incident, unit);
        });
        return { times, source: outside.name, ...(problem === undefined ? {} : { fallback: problem }) };
      } catch (error) {
        const { message } = error as Error;
        noteOutside(message);
        return { ...inside(incident, units, wanted), fallback: message };
      }
    },
  };
}

function straight(incident: Position, unit: UnitPlace): TravelTime {
  return { seconds: distanceM(incident, unit) / STRAIGHT_MPS, source: 'straight' };
}
