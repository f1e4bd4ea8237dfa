/**
 * How fast each vehicle drives a way in each direction, 0 where it may not: class, access, direction, limits, ferries.
 *
 * A class opens a road to a vehicle or closes it; what the tags say for the vehicle overrides that, but steps and what
 * is not built are never a road. Invariant: a limit only ever slows, since the speeds by class are effective ones
 * already.
 */

import { type Notes, onceEach } from '../../../openstreetmap/import-report.ts';
import type { Tags } from '../../../openstreetmap/osm-content.ts';
import { type RoadClass, speedKmh, VEHICLES, type Vehicle } from '../road-classes.ts';
import { type Access, type Direction, type ExplicitAccess, findAccess, isTooLarge } from './access-values.ts';
import { parseMaxSpeedKmh } from './max-speed.ts';
import { isDriven } from './oneway.ts';

export interface WaySpeeds {
  readonly roadClass: RoadClass;
  readonly forward: Readonly<Record<Vehicle, number>>;
  readonly backward: Readonly<Record<Vehicle, number>>;
}

/** A kind of road: its class, and the vehicles that need no tag of their own to use it. */
interface Highway {
  readonly roadClass: RoadClass;
  readonly open: readonly Vehicle[];
}

const ALL = VEHICLES;
/** A gang is ridden by every motorcycle; a footway is more often a pavement. */
const RIDDEN = ['motorcycle'] as const;
const link = (roadClass: RoadClass): Highway => ({ roadClass, open: ALL });
/**
 * OSM's words. A link is as fast as what it leads to; what is not here is no road. No motorcycle is let onto a toll
 * road.
 */
const HIGHWAYS: Readonly<Record<string, Highway>> = {
  motorway: { roadClass: 'motorway', open: ['transport'] },
  motorway_link: { roadClass: 'motorway', open: ['transport'] },
  trunk: link('trunk'),
  trunk_link: link('trunk'),
  primary: link('primary'),
  primary_link: link('primary'),
  secondary: link('secondary'),
  secondary_link: link('secondary'),
  tertiary: link('tertiary'),
  tertiary_link: link('tertiary'),
  unclassified: link('residential'),
  residential: link('residential'),
  road: link('residential'),
  service: link('living_street'),
  services: link('living_street'),
  living_street: link('living_street'),
  busway: { roadClass: 'tertiary', open: [] },
  path: { roadClass: 'path', open: RIDDEN },
  track: { roadClass: 'path', open: RIDDEN },
  footway: { roadClass: 'path', open: [] },
  pedestrian: { roadClass: 'path', open: [] },
  cycleway: { roadClass: 'path', open: [] },
  bridleway: { roadClass: 'path', open: [] },
};
/** Roads of these classes with `toll` are toll roads; a footbridge with a fee is not. */
const TOLL_CLASSES = new Set<RoadClass>(['motorway', 'trunk', 'primary']);
/** Rarely wide enough for a car. */
const NARROW = new Set(['path', 'footway', 'cycleway', 'bridleway']);
/** Through a yard, past a guard. */
const PRIVATE_KMH = 10;

/** Undefined where no vehicle may use the way in any direction: the reason is in the report. */
export function readWaySpeeds(tags: Tags, report: Notes): WaySpeeds | undefined {
  const notes = onceEach(report);
  const highway = tags['highway'];
  const kind = highway === undefined ? undefined : HIGHWAYS[highway];
  if (!kind) {
    notes.note('left out', highway === undefined ? 'no highway tag' : `highway=${highway}`);
    return undefined;
  }
  const roadClass = isTollRoad(tags, kind.roadClass) ? 'motorway' : kind.roadClass;
  const reasons = new Map<string, Set<Vehicle>>();
  const inDirection = (direction: Direction): Record<Vehicle, number> => {
    const of = (vehicle: Vehicle) => {
      if (!isDriven(tags, vehicle, direction, notes)) return 0;
      const verdict = judge(tags, vehicle, direction, { ...kind, roadClass }, notes);
      if (typeof verdict === 'number') return verdict;
      reasons.set(verdict, (reasons.get(verdict) ?? new Set()).add(vehicle));
      return 0;
    };
    return { motorcycle: of('motorcycle'), transport: of('transport') };
  };
  const speeds = { roadClass, forward: inDirection('forward'), backward: inDirection('backward') };
  for (const [reason, closedTo] of reasons) {
    const whom = closedTo.size === VEHICLES.length ? '' : ` for ${[...closedTo].join()}`;
    notes.note('left out', `${reason}${whom}`);
  }
  const isRoad = VEHICLES.some((vehicle) => speeds.forward[vehicle] > 0 || speeds.backward[vehicle] > 0);
  return isRoad ? speeds : undefined;
}

/** km/h, or why not. */
function judge(
  tags: Tags,
  vehicle: Vehicle,
  direction: Direction,
  { roadClass, open }: Highway,
  notes: Notes,
): number | string {
  const explicit = findAccess(tags, vehicle, direction, notes);
  if (explicit?.access === 'closed') return explicit.words;
  const isOpened = explicit !== undefined && opens(explicit, tags, vehicle, roadClass);
  if (!isOpened && !isOpenByKind(tags, vehicle, { roadClass, open })) return `highway=${tags['highway']}`;
  if (isTooLarge(tags, vehicle)) return 'too low, narrow or weak';
  if (tags['smoothness'] === 'impassable' || tags['indoor'] === 'yes') return 'impassable';
  if (vehicle === 'transport' && !isOpened && tags['smoothness'] === 'very_horrible') return 'impassable';
  return slow(speedKmh(vehicle, roadClass, isOpened), tags, explicit?.access, vehicle, direction, notes);
}

/**
 * Whether what is said opens a kind of road that is closed to the vehicle. `access=yes` on a footway lets the public in
 * and not its motorcycles, `motor_vehicle=yes` on a toll road means cars, and on a gang motorcycles.
 */
function opens({ key }: ExplicitAccess, tags: Tags, vehicle: Vehicle, roadClass: RoadClass): boolean {
  const isForMotorcycles = key === 'motorcycle' || key === 'emergency';
  if (vehicle === 'motorcycle' && isClosedToMotorcycles(tags, roadClass)) return isForMotorcycles;
  const isForCars = key === 'motorcar' || key === 'double_tracked_motor_vehicle' || key === 'emergency';
  if (vehicle === 'transport' && NARROW.has(tags['highway'] ?? '')) return isForCars;
  return key !== 'access';
}

function isClosedToMotorcycles(tags: Tags, roadClass: RoadClass): boolean {
  return roadClass === 'motorway' || tags['motorroad'] === 'yes';
}

function isOpenByKind(tags: Tags, vehicle: Vehicle, { roadClass, open }: Highway): boolean {
  if (vehicle === 'motorcycle') {
    const isForOthers = ['foot', 'bicycle', 'horse'].some((each) => tags[each] === 'designated');
    const isWild = tags['sac_scale'] !== undefined || tags['tracktype'] === 'grade5';
    return (
      open.includes(vehicle) &&
      !isClosedToMotorcycles(tags, roadClass) &&
      !(roadClass === 'path' && (isForOthers || isWild))
    );
  }
  return open.includes(vehicle);
}

function slow(
  kmh: number,
  tags: Tags,
  access: Access | undefined,
  vehicle: Vehicle,
  direction: Direction,
  notes: Notes,
): number {
  const limit = parseMaxSpeedKmh(tags, vehicle, direction, notes);
  if (access === 'private') notes.note('read', `private road, open to an ambulance at ${PRIVATE_KMH} km/h`);
  return Math.min(kmh, limit ?? kmh, access === 'private' ? PRIVATE_KMH : kmh);
}

function isTollRoad(tags: Tags, roadClass: RoadClass): boolean {
  return tags['toll'] === 'yes' && TOLL_CLASSES.has(roadClass);
}
