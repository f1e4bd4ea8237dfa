/**
 * Type-ahead over the places of the city: what a caller says, as far as it is typed.
 *
 * Used by the desk's form. Invariant: the place whose name begins so comes before one that has a word that begins
 * so, and that before one that only holds it; what is near ("dekat", "depan") is no part of the name.
 */
import type { CityState } from '../city-state.ts';
import { listPlaces, type Named, type Position, parseCoordinates } from './call-place.ts';

export interface Suggestion extends Position {
  /** The name of the place alone. */
  readonly name: string;
  /** What the field holds once it is taken: with the word that was before the name. */
  readonly text: string;
}

/** All that a caller may name: the city's places, and what its fixed devices stand at. */
export function readGazetteer({ city, devices }: Pick<CityState, 'city' | 'devices'>): Named[] {
  const fixed = [...devices.values()].flatMap(({ name, lat, lng }) =>
    lat === undefined || lng === undefined ? [] : [{ name, lat, lng }],
  );
  return [...listPlaces(city), ...fixed];
}

const NEAR =
  /^(?:(?:dekat|deket|depan|di depan|belakang|seberang|samping|sebelah|near|opposite|behind)\s+)+/i;
const MAX_SUGGESTIONS = 6;

/** The best first; none for less than two letters, as they would be of any place. */
export function suggestPlaces(gazetteer: readonly Named[], typed: string): Suggestion[] {
  const near = NEAR.exec(typed.trimStart())?.[0] ?? '';
  const wanted = fold(typed.trimStart().slice(near.length));
  if (wanted.length < 2) return [];
  const taken = new Set<string>();
  const ranked = gazetteer.flatMap(({ name, foundBy, lat, lng }) => {
    const rank = taken.has(fold(name)) ? undefined : rankOf(fold(foundBy ?? name), wanted);
    taken.add(fold(name));
    return rank === undefined ? [] : [{ rank, name, text: `${near}${name}`, lat, lng }];
  });
  return ranked
    .sort((a, b) => a.rank - b.rank || a.name.length - b.name.length || a.name.localeCompare(b.name))
    .slice(0, MAX_SUGGESTIONS)
    .map(({ rank: _, ...suggestion }) => suggestion);
}

/** The place that the field names: coordinates, or a whole name, also behind "dekat". */
export function locate(gazetteer: readonly Named[], text: string): Position | undefined {
  const pasted = parseCoordinates(text);
  if (pasted) return pasted;
  const wanted = fold(text.trimStart().replace(NEAR, ''));
  const found = gazetteer.find(({ name }) => fold(name) === wanted);
  return found && { lat: found.lat, lng: found.lng };
}

function rankOf(name: string, wanted: string): number | undefined {
  if (name.startsWith(wanted)) return 0;
  if (name.includes(` ${wanted}`)) return 1;
  if (wanted.split(' ').every((word) => ` ${name}`.includes(` ${word}`))) return 2;
  return name.includes(wanted) ? 3 : undefined;
}

/** As people write one name in several ways: case, accents, points, blanks; `Rumah Sakit` is `RS`. */
function fold(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mark}/gu, '')
    .toLocaleLowerCase('id')
    .replace(/[.,'’/()-]+/g, ' ')
    .replace(/\brumah sakit\b/g, 'rs')
    .replace(/\s+/g, ' ')
    .trim();
}
