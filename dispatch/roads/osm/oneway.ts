/**
 * Which way a road is driven: `oneway` and what is said for single vehicles, `-1`, roundabouts, conditions.
 *
 * The most special key decides, as with access. A lane whose direction changes is closed both ways, since at any hour
 * one of them is wrong.
 */

import type { Notes } from '../../../openstreetmap/import-report.ts';
import type { Tags } from '../../../openstreetmap/osm-content.ts';
import type { Vehicle } from '../road-classes.ts';
import { type Direction, parseConditional } from './access-values.ts';

const KEYS: Readonly<Record<Vehicle, readonly string[]>> = {
  motorcycle: ['oneway:emergency', 'oneway:motorcycle', 'oneway:motor_vehicle', 'oneway:vehicle', 'oneway'],
  transport: ['oneway:emergency', 'oneway:motorcar', 'oneway:motor_vehicle', 'oneway:vehicle', 'oneway'],
};
const ROUNDABOUTS = new Set(['roundabout', 'circular']);
const BOTH: readonly Direction[] = ['forward', 'backward'];
const DIRECTIONS: Readonly<Record<string, readonly Direction[]>> = {
  yes: ['forward'],
  true: ['forward'],
  '1': ['forward'],
  '-1': ['backward'],
  reverse: ['backward'],
  no: BOTH,
  false: BOTH,
  '0': BOTH,
  // Traffic lights let one direction through at a time.
  alternating: BOTH,
  reversible: [],
};

export function isDriven(tags: Tags, vehicle: Vehicle, direction: Direction, notes: Notes): boolean {
  const isRound = ROUNDABOUTS.has(tags['junction'] ?? '');
  const implied: readonly Direction[] = isRound || tags['highway'] === 'motorway' ? ['forward'] : BOTH;
  const key = KEYS[vehicle].find((each) => DIRECTIONS[tags[each] ?? ''] !== undefined);
  const usual = key === undefined ? implied : (DIRECTIONS[tags[key] as string] as readonly Direction[]);
  if (tags['oneway'] === 'reversible') notes.note('judged', 'reversible road: taken as closed');
  const changing = KEYS[vehicle]
    .map((each) => tags[`${each}:conditional`])
    .find((each) => each !== undefined);
  if (changing === undefined) return usual.includes(direction);
  notes.note('judged', 'one-way at times: taken as one-way always');
  return [usual, ...parseConditional(changing).map(({ value }) => DIRECTIONS[value] ?? usual)].every(
    (directions) => directions.includes(direction),
  );
}
