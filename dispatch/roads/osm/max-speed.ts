/**
 * `maxspeed` in km/h: numbers, mph, knots, words, and what Indonesia's words stand for.
 *
 * Without a tag the speeds by class hold, which lie below Indonesia's limits (PP 79/2013, Article 23: 30 km/h in
 * housing, 50 in towns, 80 between them, 100 on toll roads).
 */

import type { Notes } from '../../../openstreetmap/import-report.ts';
import type { Tags } from '../../../openstreetmap/osm-content.ts';
import type { Vehicle } from '../road-classes.ts';
import type { Direction } from './access-values.ts';

const OWN_KEY: Readonly<Record<Vehicle, string>> = {
  motorcycle: 'maxspeed:motorcycle',
  transport: 'maxspeed:motorcar',
};
const UNITS_KMH: Readonly<Record<string, number>> = { '': 1, 'km/h': 1, kmh: 1, mph: 1.609344, knots: 1.852 };
const WORDS_KMH: Readonly<Record<string, number>> = {
  walk: 6,
  'ID:living_street': 10,
  'ID:residential': 30,
  'ID:urban': 50,
  'ID:rural': 80,
  'ID:motorway': 100,
  none: Number.POSITIVE_INFINITY,
};

/** The limit for this vehicle in this direction; undefined where there is none or it is not understood. */
export function parseMaxSpeedKmh(
  tags: Tags,
  vehicle: Vehicle,
  direction: Direction,
  notes: Notes,
): number | undefined {
  const keys = [OWN_KEY[vehicle], 'maxspeed'].flatMap((key) => [`${key}:${direction}`, key]);
  const key = keys.find((each) => tags[each] !== undefined);
  if (key === undefined) return undefined;
  const limits = (tags[key] as string).split(';').map((each) => parseKmh(each.trim()));
  const known = limits.filter((each) => each !== undefined);
  if (known.length === 0) {
    notes.note('unknown', `${key}=${tags[key]}`);
    return undefined;
  }
  return Math.min(...known);
}

function parseKmh(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z/]*)$/i.exec(text) ?? [];
  if (number === undefined) return WORDS_KMH[text];
  const factor = UNITS_KMH[unit.toLowerCase()];
  // A limit of 0 is a mistake: what is closed says so by its access.
  return factor === undefined || Number(number) === 0 ? undefined : Number(number) * factor;
}
