/**
 * Open incidents that a call may be about already: near, and of the last minutes.
 *
 * As dispatch judges it for an incident that is saved (dispatch/incidents/incidents.ts), so that a dispatcher sees it
 * while the caller is still on the line. Invariant: nothing is left out because a unit is under way for it.
 */
import type { Incident } from '../state/api/api-shapes.ts';
import type { Position } from '../state/dispatch/call-place.ts';

const RADIUS_M = 250;
const WITHIN_MS = 15 * 60_000;
const EARTH_M = 6_371_000;

/** The newest first. */
export function findSimilar(at: Position, incidents: readonly Incident[], nowMs: number): Incident[] {
  return incidents
    .filter(({ lat, lng, receivedAt }) => {
      if (lat === null || lng === null || nowMs - Date.parse(receivedAt) > WITHIN_MS) return false;
      return distanceM(at, { lat, lng }) <= RADIUS_M;
    })
    .sort((a, b) => b.id - a.id);
}

/** On the sphere, by the plane: right to a metre at this distance. */
function distanceM(a: Position, b: Position): number {
  const rad = Math.PI / 180;
  const x = (b.lng - a.lng) * rad * Math.cos(((a.lat + b.lat) / 2) * rad);
  return EARTH_M * Math.hypot(x, (b.lat - a.lat) * rad);
}
