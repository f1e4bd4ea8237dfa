/**
 * Where a call comes from: coordinates as people write and paste them, or a name that the city knows.
 *
 * Used by the form of a new call. Invariant: what is not understood is undefined and never a guess; whether a
 * position lies in the city is the API's to judge.
 */
import type { City } from '../api/api-shapes.ts';

export interface Position {
  readonly lat: number;
  readonly lng: number;
}

const POINTED = /^(-?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)$/;
/** With decimal commas the two need more than a comma between them. */
const WITH_COMMAS = /^(-?\d{1,3},\d+)(?:\s*;\s*|,?\s+)(-?\d{1,3},\d+)$/;
const IN_LINK = /(?:[@=/]|!3d)(-?\d{1,3}\.\d+)(?:,|%2C|!4d)\s*(-?\d{1,3}\.\d+)/i;

const SIDE = '(N|S|E|W|LU|LS|BT|BB)';
/** Degrees, and minutes and seconds where there are some: `6°59'24"`, `6° 59.4'`, `6 59 24`, `6,99°`. */
const ANGLE = `(\\d{1,3}(?:[.,]\\d+)?)°?(?:\\s*(\\d{1,2}(?:[.,]\\d+)?)['′]?)?(?:\\s*(\\d{1,2}(?:[.,]\\d+)?)(?:["″]|'')?)?`;
/** The side of the equator and of Greenwich behind both angles, or before both. */
const SIDE_BEHIND = new RegExp(`^${ANGLE}\\s*${SIDE}\\s*[,;]?\\s*${ANGLE}\\s*${SIDE}$`, 'i');
const SIDE_BEFORE = new RegExp(`^${SIDE}\\s*${ANGLE}\\s*[,;]?\\s*${SIDE}\\s*${ANGLE}$`, 'i');
/** Degrees are negative on these sides; in Indonesian lintang selatan and bujur barat. */
const NEGATIVE = new Set(['S', 'W', 'LS', 'BB']);
const LATITUDES = new Set(['N', 'S', 'LU', 'LS']);

/** `-6.99, 110.42`, `-6,99; 110,42`, `6°59'24"S 110°25'12"E`, or a map's link that holds them. */
export function parseCoordinates(text: string): Position | undefined {
  const plain = text
    .trim()
    .replaceAll('−', '-')
    .replace(/^\((.*)\)$/, '$1');
  return parseDecimal(plain) ?? parseSided(plain);
}

function parseDecimal(plain: string): Position | undefined {
  const match = /^https?:/i.test(plain)
    ? IN_LINK.exec(plain)
    : (POINTED.exec(plain) ?? WITH_COMMAS.exec(plain));
  if (!match) return undefined;
  const [lat, lng] = [match[1], match[2]].map((each) => Number(each?.replace(',', '.')));
  if (lat === undefined || lng === undefined || Math.abs(lat) > 90 || Math.abs(lng) > 180) return undefined;
  return { lat, lng };
}

function parseSided(plain: string): Position | undefined {
  const behind = SIDE_BEHIND.exec(plain)?.slice(1);
  const before = SIDE_BEFORE.exec(plain)?.slice(1);
  const [one, other] = behind
    ? [readAngle(behind[3], behind.slice(0, 3)), readAngle(behind[7], behind.slice(4, 7))]
    : [readAngle(before?.[0], before?.slice(1, 4) ?? []), readAngle(before?.[4], before?.slice(5, 8) ?? [])];
  if (!one || !other || one.isLatitude === other.isLatitude) return undefined;
  const [lat, lng] = one.isLatitude ? [one.degrees, other.degrees] : [other.degrees, one.degrees];
  return Math.abs(lat) > 90 || Math.abs(lng) > 180 ? undefined : { lat, lng };
}

function readAngle(
  side: string | undefined,
  parts: readonly (string | undefined)[],
): { readonly degrees: number; readonly isLatitude: boolean } | undefined {
  if (side === undefined) return undefined;
  const [degrees = 0, minutes = 0, seconds = 0] = parts.map((each) =>
    Number((each ?? '0').replace(',', '.')),
  );
  if (minutes >= 60 || seconds >= 60) return undefined;
  const name = side.toUpperCase();
  const sign = NEGATIVE.has(name) ? -1 : 1;
  return { degrees: sign * (degrees + minutes / 60 + seconds / 3_600), isLatitude: LATITUDES.has(name) };
}

export interface Named extends Position {
  readonly name: string;
  /** What it is found by as it is typed, where that is not its name: of a crossing the street. */
  readonly foundBy?: string;
}
type Places = Pick<City, 'places' | 'hospitals' | 'gauges' | 'crossings'>;

/** Each name once, the most exact kind of place first; a crossing by its own name and by each of its streets. */
export function listPlaces({ hospitals, gauges, crossings, places }: Places): Named[] {
  const named = new Map<string, Named>();
  const onStreets = crossings.flatMap(({ name, streets, lat, lng }) =>
    // `Jl. Pandanaran, Mugassari` names its street itself.
    streets
      .filter((street) => !name.includes(street))
      .map((street) => ({ name: `${street}, ${name}`, foundBy: street, lat, lng })),
  );
  for (const { name, lat, lng } of [...hospitals, ...gauges, ...crossings, ...places]) {
    if (!named.has(fold(name))) named.set(fold(name), { name, lat, lng });
  }
  return [...named.values(), ...onStreets];
}

/** By its whole name, in any case. */
export function findCityPlace(city: Places, name: string): Named | undefined {
  const wanted = fold(name);
  return listPlaces(city).find((each) => fold(each.name) === wanted);
}

function fold(name: string): string {
  return name.trim().replace(/\s+/g, ' ').toLocaleLowerCase('id');
}
