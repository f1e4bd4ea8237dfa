/**
 * Positions on the ground and the way between them, as simple as a city allows: equirectangular.
 *
 * Within a city the error against the great circle is far below that of any GPS; the server has its own,
 * exact arithmetic. Invariant: all angles in degrees, all lengths in metres.
 */
export interface Position {
  readonly lat: number;
  readonly lng: number;
}

/** Mean radius of the Earth (IUGG) times π/180: one degree of latitude, m. */
export const METRES_PER_DEGREE = (6_371_008.8 * Math.PI) / 180;

/** `to` seen from `from`, m. */
export function offsetM(from: Position, to: Position): { northM: number; eastM: number } {
  const meanLat = ((from.lat + to.lat) / 2) * (Math.PI / 180);
  return {
    northM: (to.lat - from.lat) * METRES_PER_DEGREE,
    eastM: (to.lng - from.lng) * METRES_PER_DEGREE * Math.cos(meanLat),
  };
}

export function distanceM(from: Position, to: Position): number {
  const { northM, eastM } = offsetM(from, to);
  return Math.hypot(northM, eastM);
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
