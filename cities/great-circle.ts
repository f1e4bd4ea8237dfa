/**
 * Distances on the globe, for everything that asks how far: the position filter, the nearest unit, roads, the
 * simulator.
 *
 * A sphere with the Earth's mean radius: off by at most 0.56 % against the ellipsoid, and exact about which
 * of two points is nearer on that sphere. Invariant: coordinates are degrees (lat, lng), distances metres.
 */

/** IUGG mean radius R1, m. */
const EARTH_RADIUS_M = 6_371_008.8;
const RADIANS = Math.PI / 180;
/** One degree of latitude, m. */
export const METRES_PER_DEGREE = EARTH_RADIUS_M * RADIANS;

export interface Position {
  readonly lat: number;
  readonly lng: number;
}

/** Great-circle distance, m. Haversine, which keeps its digits at a few metres. */
export function distanceM(a: Position, b: Position): number {
  const sinHalfLat = Math.sin(((b.lat - a.lat) * RADIANS) / 2);
  const sinHalfLng = Math.sin(((b.lng - a.lng) * RADIANS) / 2);
  const h = sinHalfLat ** 2 + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * sinHalfLng ** 2;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The point on the unit sphere, written into `into` at `offset`: x to (0, 0), y to (0, 90°), z north. */
export function writeUnitVector(lat: number, lng: number, into: Float64Array, offset: number): void {
  const cosLat = Math.cos(lat * RADIANS);
  into[offset] = cosLat * Math.cos(lng * RADIANS);
  into[offset + 1] = cosLat * Math.sin(lng * RADIANS);
  into[offset + 2] = Math.sin(lat * RADIANS);
}

/** Great-circle metres of a chord on the unit sphere: angle = 2·asin(chord / 2). */
export function chordToM(chord: number): number {
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, chord / 2));
}
