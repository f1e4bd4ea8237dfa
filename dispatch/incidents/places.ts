/**
 * Places by name, and the kecamatan of a position: what an intake needs to put a call on the map.
 *
 * Knows what the city's folder knows: hospitals, bases, public places, junctions, kecamatan. Invariant: a name
 * is matched whole, in any case, and the most exact kind of place wins; what lies outside has no kecamatan.
 */

import type { City } from '../../cities/city.ts';
import { distanceM, type Position } from '../../cities/great-circle.ts';
import { isAccessPoint } from '../../devices/kinds/wifi-access-point.ts';
import { MAX_RADIUS_M } from '../recommendation/recommendation.ts';

interface NamedPlace extends Position {
  readonly id: string;
  readonly name: string;
}

export function findPlace(city: City, name: string): Position | undefined {
  const wanted = name.trim().toLocaleLowerCase('id');
  for (const place of placesOf(city)) {
    if (place.name.toLocaleLowerCase('id') === wanted) return { lat: place.lat, lng: place.lng };
  }
  return undefined;
}

function* placesOf(city: City): Generator<{ name: string } & Position> {
  yield* city.hospitals;
  yield* city.bases;
  for (const device of city.devices) {
    if (isAccessPoint(device)) yield { name: device.place, lat: device.lat, lng: device.lng };
  }
  for (const { name, lat, lng } of city.roads?.junctions ?? []) if (name) yield { name, lat, lng };
  yield* city.kecamatan;
}

/** Why nobody can be sent there, with what may be wrong with the position; undefined where somebody can. */
export function explainOutside({ name, bounds }: Pick<City, 'name' | 'bounds'>, at: Position) {
  const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
  const border = {
    lat: clamp(at.lat, bounds.south, bounds.north),
    lng: clamp(at.lng, bounds.west, bounds.east),
  };
  const awayM = distanceM(at, border);
  if (awayM <= MAX_RADIUS_M) return undefined;
  const { lat, lng } = at;
  const guess = isInside(bounds, { lat: lng, lng: lat })
    ? 'are lat and lng swapped?'
    : isInside(bounds, { lat: -lat, lng })
      ? 'is the minus sign of lat missing?'
      : 'check lat and lng';
  return `${lat}, ${lng} lies ${Math.round(awayM / 1000)} km from ${name}, where nobody can be sent: ${guess}`;
}

function isInside({ south, north, west, east }: City['bounds'], { lat, lng }: Position): boolean {
  return lat >= south && lat <= north && lng >= west && lng <= east;
}

/** By the nearest centre, which is approximate at the borders; undefined outside, or where the city names none. */
export function nearestKecamatan(city: City, at: Position): NamedPlace | undefined {
  if (!isInside(city.bounds, at)) return undefined;
  let nearest: NamedPlace | undefined;
  for (const each of city.kecamatan) {
    if (!nearest || distanceM(at, each) < distanceM(at, nearest)) nearest = each;
  }
  return nearest;
}
