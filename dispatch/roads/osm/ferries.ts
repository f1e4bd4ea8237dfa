/**
 * Ferries: how long the whole crossing takes, spread over its line. Open to a vehicle only where the map says so, since
 * most of the boats on Indonesia's rivers carry people on foot.
 */

import type { Notes } from '../../../openstreetmap/import-report.ts';
import type { Tags } from '../../../openstreetmap/osm-content.ts';
import { VEHICLES, type Vehicle } from '../road-classes.ts';
import { findAccess } from './access-values.ts';

/** Where nothing is said: how fast a boat crosses, and how long one waits for it. */
const BOAT_KMH = 8;
const WAIT_S = 10 * 60;
/** No ferry is faster, whatever is tagged: it must not beat a road's top speed. */
const MAX_FERRY_KMH = 40;

/** km/h of each vehicle over a line of this length, waiting included; undefined where it carries none. */
export function readFerryKmh(tags: Tags, lengthM: number, notes: Notes): Record<Vehicle, number> | undefined {
  const carries = VEHICLES.filter((vehicle) => {
    const explicit = findAccess(tags, vehicle, undefined, notes);
    return explicit !== undefined && explicit.key !== 'access' && explicit.access !== 'closed';
  });
  if (carries.length === 0) {
    notes.note('left out', 'a ferry that is not said to carry vehicles');
    return undefined;
  }
  const saidS = parseDurationS(tags['duration']);
  if (saidS === undefined) notes.note('judged', `a ferry without its duration: taken as ${BOAT_KMH} km/h`);
  const crossingS = saidS ?? (lengthM * 3.6) / BOAT_KMH;
  const intervalS = parseDurationS(tags['interval']);
  const wholeS = crossingS + (intervalS === undefined ? WAIT_S : intervalS / 2);
  const kmh = Math.min(MAX_FERRY_KMH, (lengthM * 3.6) / wholeS);
  notes.note('read', 'a ferry that carries vehicles');
  return {
    motorcycle: carries.includes('motorcycle') ? kmh : 0,
    transport: carries.includes('transport') ? kmh : 0,
  };
}

/** `00:20`, `01:05:00`, `PT1H20M`, or minutes; undefined for anything else and for nothing. */
export function parseDurationS(text: string | undefined): number | undefined {
  const value = text?.trim() ?? '';
  const clock = /^(\d+):([0-5]\d)(?::([0-5]\d))?$/.exec(value);
  if (clock) return positive(Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0));
  const iso = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/i.exec(value);
  if (iso) return positive(Number(iso[1] ?? 0) * 3600 + Number(iso[2] ?? 0) * 60 + Number(iso[3] ?? 0));
  const minutes = /^(\d+(?:\.\d+)?)(?:\s*min(?:utes)?)?$/i.exec(value);
  return minutes ? positive(Number(minutes[1]) * 60) : undefined;
}

function positive(seconds: number): number | undefined {
  return seconds > 0 ? seconds : undefined;
}
