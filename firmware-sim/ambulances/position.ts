/**
 * Directions and points on the way between two positions, as simple as a city allows: equirectangular.
 *
 * Within a city the error against the great circle, by which distances are measured, is far below that of any GPS.
 * Invariant: all angles in degrees, all lengths in metres.
 */
import { METRES_PER_DEGREE, type Position } from '../../cities/great-circle.ts';

/** `to` seen from `from`, m. */
export function offsetM(from: Position, to: Position): { northM: number; eastM: number } {
  const meanLat = ((from.lat + to.lat) / 2) * (Math.PI / 180);
  return {
    northM: (to.lat - from.lat) * METRES_PER_DEGREE,
    eastM: (to.lng - from.lng) * METRES_PER_DEGREE * Math.cos(meanLat),
  };
}

/** Course from north, clockwise, in [0, 360). */
export function bearingDeg(from: Position, to: Position): number {
  const { northM, eastM } = offsetM(from, to);
  return ((Math.atan2(eastM, northM) * 180) / Math.PI + 360) % 360;
}

/** The point at `share` (0–1) of the straight way. */
export function pointBetween(from: Position, to: Position, share: number): Position {
  return { lat: from.lat + (to.lat - from.lat) * share, lng: from.lng + (to.lng - from.lng) * share };
}

export function moved(from: Position, northM: number, eastM: number): Position {
  return {
    lat: from.lat + northM / METRES_PER_DEGREE,
    lng: from.lng + eastM / (METRES_PER_DEGREE * Math.cos((from.lat * Math.PI) / 180)),
  };
}
