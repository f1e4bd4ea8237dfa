/**
 * What each class of road means to each vehicle: how fast, or not at all, where the map says nothing else.
 *
 * Speeds are effective ones through a working day, junctions and traffic included, not limits: chosen so
 * that the straight-line speed they give on a real Javanese city (Kediri) has p10/50/90 near the 21, 28 and
 * 34 km/h of the reference (see docs/dispatch.md for what was measured). Invariant: a class has the same
 * number in memory and in the road file, so the list is only ever appended to.
 */
import type { City } from '../../cities/city.ts';

export type Vehicle = 'motorcycle' | 'transport';
export const VEHICLES = ['motorcycle', 'transport'] as const satisfies readonly Vehicle[];

/**
 * Order is the number in the road file. `motorway` stands for every toll road, `path` for a gang. A city's folder has
 * no ferry.
 */
export const CLASS_NUMBERS = [
  'trunk',
  'primary',
  'secondary',
  'tertiary',
  'residential',
  'living_street',
  'path',
  'motorway',
  'ferry',
] as const satisfies readonly (NonNullable<City['roads']>['roads'][number]['class'] | 'ferry')[];
export type RoadClass = (typeof CLASS_NUMBERS)[number];

/** km/h; 0 where the vehicle may not or cannot go. */
const SPEEDS_KMH: Readonly<Record<Vehicle, Readonly<Record<RoadClass, number>>>> = {
  motorcycle: {
    trunk: 46,
    primary: 44,
    secondary: 42,
    tertiary: 38,
    residential: 28,
    living_street: 20,
    path: 12,
    motorway: 0,
    ferry: 0,
  },
  transport: {
    trunk: 46,
    primary: 44,
    secondary: 40,
    tertiary: 36,
    residential: 26,
    living_street: 14,
    path: 0,
    motorway: 70,
    ferry: 0,
  },
};

/**
 * km/h on a road that its class closes to the vehicle and its tags open: a toll bridge with a lane, a gang for cars.
 */
const OPENED_KMH: Readonly<Record<Vehicle, Readonly<Partial<Record<RoadClass, number>>>>> = {
  motorcycle: { motorway: 46 },
  transport: { path: 8 },
};

/** Between the road and the place itself: through a yard, or carrying the bag. */
export const OFF_ROAD_MPS = 5 / 3.6;
/** Straight-line speed where there are no roads, and its p10 and p90 as shares of the time at the median. */
export const STRAIGHT_MPS = 28 / 3.6;
export const FASTEST_SHARE = 28 / 34;
export const SLOWEST_SHARE = 28 / 21;

/** km/h of a vehicle that may use the road; 0 where its class closes it and nothing opens it. */
export function speedKmh(vehicle: Vehicle, roadClass: RoadClass, isOpened = false): number {
  const usual = SPEEDS_KMH[vehicle][roadClass];
  return usual === 0 && isOpened ? (OPENED_KMH[vehicle][roadClass] ?? 0) : usual;
}

export function speedMps(vehicle: Vehicle, roadClass: RoadClass): number {
  return SPEEDS_KMH[vehicle][roadClass] / 3.6;
}

/** The fastest that a vehicle is on any road, whatever the map says of it: bounds every travel time from below. */
export function topSpeedMps(vehicle: Vehicle): number {
  return Math.max(...Object.values(SPEEDS_KMH[vehicle])) / 3.6;
}
