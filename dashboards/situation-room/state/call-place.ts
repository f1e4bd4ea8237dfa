/**
 * Where a call comes from: coordinates as people write and paste them, or a name that the city knows.
 *
 * Used by the form of a new call. Invariant: what is not understood is undefined and never a guess; whether a
 * position lies in the city is the API's to judge.
 */
import type { City } from './api-shapes.ts';

export interface Position {
  readonly lat: number;
  readonly lng: number;
}

const POINTED = /^(-?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)$/;
/** With decimal commas the two need more than a comma between them. */
const WITH_COMMAS = /^(-?\d{1,3},\d+)(?:\s*;\s*|,?\s+)(-?\d{1,3},\d+)$/;
const IN_LINK = /[@=/](-?\d{1,3}\.\d+)(?:,|%2C)\s*(-?\d{1,3}\.\d+)/i;

/** `-6.99, 110.42`, `-6,99; 110,42`, or a map's link that holds them. */
export function parseCoordinates(text: string): Position | undefined {
  const plain = text
    .trim()
    .replaceAll('−', '-')
    .replace(/^\((.*)\)$/, '$1');
  const match = /^https?:/i.test(plain)
    ? IN_LINK.exec(plain)
    : (POINTED.exec(plain) ?? WITH_COMMAS.exec(plain));
  if (!match) return undefined;
  const [lat, lng] = [match[1], match[2]].map((each) => Number(each?.replace(',', '.')));
  if (lat === undefined || lng === undefined || Math.abs(lat) > 90 || Math.abs(lng) > 180) return undefined;
  return { lat, lng };
}

type Named = Position & { readonly name: string };
type Places = Pick<City, 'places' | 'hospitals' | 'gauges'>;

/** Each name once, the most exact kind of place first. */
export function listPlaces({ hospitals, gauges, places }: Places): Named[] {
  const named = new Map<string, Named>();
  for (const { name, lat, lng } of [...hospitals, ...gauges, ...places]) {
    if (!named.has(fold(name))) named.set(fold(name), { name, lat, lng });
  }
  return [...named.values()];
}

/** By its whole name, in any case. */
export function findCityPlace(city: Places, name: string): Named | undefined {
  const wanted = fold(name);
  return listPlaces(city).find((each) => fold(each.name) === wanted);
}

function fold(name: string): string {
  return name.trim().replace(/\s+/g, ' ').toLocaleLowerCase('id');
}
