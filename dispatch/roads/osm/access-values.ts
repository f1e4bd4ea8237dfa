/**
 * OpenStreetMap's keys of access, from the general to the special: access < vehicle < motor_vehicle < … < motorcar or
 * motorcycle < emergency. The most special key that says something decides (wiki: Key:access, Transport mode
 * hierarchy).
 *
 * An ambulance on a call has the right of way (UU 22/2009, Article 134): what is closed to through traffic is open to
 * it, and what is private is open and slow. What is closed to all is closed, unless `emergency` opens it. Conditions
 * cannot be asked when the network is made: what may close a road closes it, what may open it does not.
 */

import type { Notes } from '../../../openstreetmap/import-report.ts';
import type { Tags } from '../../../openstreetmap/osm-content.ts';
import type { Vehicle } from '../road-classes.ts';

export type Access = 'open' | 'private' | 'closed';
export type Direction = 'forward' | 'backward';

export interface ExplicitAccess {
  readonly access: Access;
  /** The key that decided: `access` speaks of everybody, `motorcar` of cars. */
  readonly key: string;
  /** `motorcar=no`: as it is tagged. */
  readonly words: string;
}

/** A Toyota HiAce with a high roof, as most transport ambulances are, and room beside it. */
const TRANSPORT_HEIGHT_M = 2.6;
const TRANSPORT_WIDTH_M = 2;
const TRANSPORT_WEIGHT_T = 3.5;

const KEYS: Readonly<Record<Vehicle, readonly string[]>> = {
  motorcycle: [
    'access',
    'vehicle',
    'motor_vehicle',
    'single_tracked_motor_vehicle',
    'motorcycle',
    'emergency',
  ],
  transport: ['access', 'vehicle', 'motor_vehicle', 'double_tracked_motor_vehicle', 'motorcar', 'emergency'],
};
const ACCESS_OF: Readonly<Record<string, Access>> = {
  yes: 'open',
  designated: 'open',
  permissive: 'open',
  official: 'open',
  destination: 'open',
  customers: 'open',
  delivery: 'open',
  residents: 'open',
  discouraged: 'open',
  emergency: 'open',
  private: 'private',
  permit: 'private',
  no: 'closed',
  agricultural: 'closed',
  forestry: 'closed',
  military: 'closed',
  use_sidepath: 'closed',
};

/** What the tags of a way or a node say to a vehicle; undefined where they say nothing. */
export function findAccess(
  tags: Tags,
  vehicle: Vehicle,
  direction: Direction | undefined,
  notes: Notes,
): ExplicitAccess | undefined {
  for (const key of KEYS[vehicle].toReversed()) {
    const directed = direction === undefined ? undefined : tags[`${key}:${direction}`];
    const access = parseAccess(directed ?? tags[key]);
    const conditions = [tags[`${key}:conditional`], tags[`${key}:${direction}:conditional`]];
    if (conditions.some((each) => mayClose(each, notes))) {
      return { access: 'closed', key, words: `${key}:conditional` };
    }
    if (access) return { access, key, words: `${key}=${directed ?? tags[key]}` };
    // `emergency=fire_hydrant` is a thing and no access.
    if (tags[key] !== undefined && key !== 'emergency') notes.note('unknown', `${key}=${tags[key]}`);
  }
  return undefined;
}

/** Of several values the one that closes most; `unknown` and what is no value of access says nothing. */
function parseAccess(value: string | undefined): Access | undefined {
  const said = (value ?? '').split(';').map((each) => ACCESS_OF[each.trim()]);
  return (['closed', 'private', 'open'] as const).find((access) => said.includes(access));
}

/** `no @ (Mo-Fr 06:00-09:00); yes @ (…)`: each value with its condition. */
export function parseConditional(text: string): { value: string; condition: string }[] {
  const clauses = text.matchAll(/([^@;]+)@\s*(\([^)]*\)|[^;]*)/g);
  return [...clauses].map(([, value = '', condition = '']) => ({
    value: value.trim(),
    condition: condition.replace(/^\(|\)$/g, '').trim(),
  }));
}

/**
 * Whether a condition could close the road to an ambulance: by the hour, by the water, but not by a weight that it
 * lacks.
 */
function mayClose(text: string | undefined, notes: Notes): boolean {
  if (text === undefined) return false;
  const closes = parseConditional(text).some(
    ({ value, condition }) => parseAccess(value) === 'closed' && mayHold(condition),
  );
  notes.note('judged', closes ? 'closed at times: taken as closed' : 'a condition that does not close it');
  return closes;
}

/** False for a limit of size or weight that neither of our vehicles passes. */
function mayHold(condition: string): boolean {
  const limits: Record<string, number> = {
    height: TRANSPORT_HEIGHT_M,
    width: TRANSPORT_WIDTH_M,
    weight: TRANSPORT_WEIGHT_T,
    weightrating: TRANSPORT_WEIGHT_T,
    length: 6,
    axles: 2,
  };
  return condition.split(/\bAND\b/i).every((part) => {
    const [, what = '', least = ''] = /^\s*(\w+)\s*>=?\s*([\d.]+)/.exec(part) ?? [];
    const ours = limits[what.toLowerCase()];
    return ours === undefined || ours > Number(least);
  });
}

/** Whether the vehicle is too high, wide or heavy for what the tags allow. A motorcycle never is. */
export function isTooLarge(tags: Tags, vehicle: Vehicle): boolean {
  if (vehicle === 'motorcycle') return false;
  const isUnder = (least: number, ...keys: string[]) =>
    keys.some((key) => {
      const metres = parseMeasure(tags[key]);
      return metres !== undefined && metres < least;
    });
  return (
    isUnder(TRANSPORT_HEIGHT_M, 'maxheight', 'maxheight:physical') ||
    isUnder(TRANSPORT_WIDTH_M, 'maxwidth', 'maxwidth:physical', 'width') ||
    isUnder(TRANSPORT_WEIGHT_T, 'maxweight', 'maxweightrating')
  );
}

/**
 * Metres or tonnes: `2.1`, `2,1 m`, `7'6"`, `3.5 t`; undefined for `default`, `below_default` and what is no number.
 */
function parseMeasure(value: string | undefined): number | undefined {
  const feet = /^(\d+)'(?:\s*(\d+)")?$/.exec(value?.trim() ?? '');
  if (feet) return Number(feet[1]) * 0.3048 + Number(feet[2] ?? 0) * 0.0254;
  const metric = /^(\d+(?:[.,]\d+)?)\s*(?:m|t)?$/.exec(value?.trim() ?? '');
  return metric?.[1] === undefined ? undefined : Number(metric[1].replace(',', '.'));
}
