/**
 * Places by name: gauges, rivers, districts, hospitals, squares with Wi-Fi. For a search that needs no JavaScript.
 *
 * Pure. Invariant: it knows what the city's folder and the pages show to everybody, and nothing else.
 */
import type { City } from '../cities/city.ts';
import type { CityNow } from './public-city.ts';

export interface Place {
  readonly name: string;
  readonly lat: number;
  readonly lng: number;
}

/** Longer than any name; what is longer is cut. */
export const MAX_QUERY_CHARACTERS = 80;

/** Those that hold every word of the query, the best first; each name once. */
export function findPlaces(query: string, city: City, now: CityNow): Place[] {
  const words = simplify(query).split(' ').filter(Boolean);
  if (words.length === 0) return [];
  const found = new Map<string, Place>();
  for (const place of collectPlaces(city, now)) {
    const name = simplify(place.name);
    if (!found.has(name) && words.every((word) => name.includes(word))) found.set(name, place);
  }
  const start = words.join(' ');
  const score = ([name]: [string, Place]) => (name === start ? 0 : name.startsWith(start) ? 1 : 2);
  return [...found]
    .sort((a, b) => score(a) - score(b) || a[0].length - b[0].length)
    .map(([, place]) => place);
}

function* collectPlaces(city: City, { gauges, wifi }: CityNow): Generator<Place> {
  for (const { name, lat, lng } of city.kecamatan) yield { name, lat, lng };
  for (const { device } of gauges) {
    const { name, lat, lng } = device;
    if (lat !== undefined && lng !== undefined) yield { name, lat, lng };
  }
  yield* wifi;
  for (const { name, lat, lng } of city.hospitals) yield { name, lat, lng };
  for (const { name, lat, lng } of city.roads?.junctions ?? []) if (name) yield { name, lat, lng };
}

/** `Jl. Pemuda` and `jl pemuda` are the same to who types them. */
function simplify(text: string): string {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return plain.replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim();
}
