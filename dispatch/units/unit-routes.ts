/**
 * Where units would drive to a place: along the roads where the ranking knows a way, else the straight line that its
 * time belongs to.
 *
 * Asked by the desk for the candidates that it shows. Invariants: the way by road is the one whose seconds the city's
 * own network says; a unit that has no place, or is not of this city, has no route and is left out.
 */
import type { Position } from '../../cities/great-circle.ts';
import type { RoadNetwork, UnitPlace } from '../roads/road-network.ts';
import type { Point } from '../roads/road-route.ts';
import type { UnitBoard } from './unit-board.ts';

export interface UnitRoute {
  readonly unit: string;
  readonly by: 'road' | 'straight';
  /** Of the way by road, by the city's own network; null for a straight line. */
  readonly seconds: number | null;
  readonly line: readonly Point[];
}

/** As many as a desk shows: five of each role. */
export const MAX_ROUTES = 10;

export function findRoutes(
  board: UnitBoard,
  roads: RoadNetwork | undefined,
  { at, units, nowMs }: { readonly at: Position; readonly units: readonly string[]; readonly nowMs: number },
): UnitRoute[] {
  const placed = [...new Set(units)].slice(0, MAX_ROUTES).flatMap((id): (UnitPlace & { unit: string })[] => {
    const unit = board.now(id, nowMs);
    return unit?.fix ? [{ unit: id, vehicle: unit.vehicle, lat: unit.fix.lat, lng: unit.fix.lng }] : [];
  });
  const ways = roads?.routes(at, placed) ?? [];
  return placed.map(({ unit, lat, lng }, index) => {
    const way = ways[index];
    if (way) return { unit, by: 'road', seconds: way.seconds, line: way.line };
    const straight: Point[] = [
      [lng, lat],
      [at.lng, at.lat],
    ];
    return { unit, by: 'straight', seconds: null, line: straight };
  });
}
