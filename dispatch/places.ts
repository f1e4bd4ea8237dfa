/**
 * Places by name, and the kecamatan of a position: what an intake needs to put a call on the map.
 *
 * Knows what the city's folder knows: hospitals, bases, public places, junctions, kecamatan. Invariant: a name
 * is matched whole, in any case, and the most exact kind of place wins.
 */
import type { City } from '../cities/city.ts';
import { distanceM, type Position } from '../ingest/fleet/positions/great-circle.ts';

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
    if (device.kind === 'wifi-access-point') yield { name: device.place, lat: device.lat, lng: device.lng };
  }
  for (const { name, lat, lng } of city.roads?.junctions ?? []) if (name) yield { name, lat, lng };
  yield* city.kecamatan;
}

/** By the nearest centre, which is approximate at the borders; undefined where the city names none. */
export function nearestKecamatan(city: City, at: Position): NamedPlace | undefined {
  let nearest: NamedPlace | undefined;
  for (const each of city.kecamatan) {
    if (!nearest || distanceM(at, each) < distanceM(at, nearest)) nearest = each;
  }
  return nearest;
}
