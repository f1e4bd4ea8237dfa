/**
 * A city to begin with: one river, one gauge, one base, one ambulance and one hospital around a position.
 *
 * Written by `npm run city -- new`. Invariant: it passes `check` and starts as it is; whatever is made up in it says
 * so in the disclaimer, which is shown wherever positions are.
 */
import { METRES_PER_DEGREE, type Position } from './great-circle.ts';

export interface SkeletonOptions extends Position {
  readonly id: string;
  readonly name: string;
  readonly timeZone: string;
}

/** Half the side of the bounds, °: some 11 km, a city and its suburbs. */
const HALF_SIDE_DEG = 0.1;
/** Five decimals are a metre. */
const DECIMALS = 5;

/** File name → what is in it. */
export function buildSkeleton({ id, name, timeZone, ...centre }: SkeletonOptions): Map<string, unknown> {
  const at = (northM: number, eastM: number) => ({
    lat: round(centre.lat + northM / METRES_PER_DEGREE),
    lng: round(centre.lng + eastM / (METRES_PER_DEGREE * Math.cos((centre.lat * Math.PI) / 180))),
  });
  const base = at(0, 0);
  return new Map<string, unknown>([
    [
      'city.json',
      {
        ...{ id, name, timeZone },
        disclaimer: {
          id: 'Contoh untuk memulai: posisi dan ambang belum diperiksa dan harus diganti.',
          en: 'An example to begin with: positions and thresholds are made up and must be replaced.',
        },
        bounds: {
          south: round(Math.max(-90, centre.lat - HALF_SIDE_DEG)),
          west: round(Math.max(-180, centre.lng - HALF_SIDE_DEG)),
          north: round(Math.min(90, centre.lat + HALF_SIDE_DEG)),
          east: round(Math.min(180, centre.lng + HALF_SIDE_DEG)),
        },
        rivers: [{ id: 'river-1', name: 'Sungai 1' }],
      },
    ],
    ['devices.river-gauge.json', [buildGauge(at(500, 0))]],
    ['bases.json', [{ id: 'base-1', name: 'Pos 1', ...base }]],
    [
      'devices.ambulance.json',
      [
        {
          ...{ kind: 'ambulance', id: 'ambulance-1', name: 'Ambulans 1', callSign: 'A-1' },
          ...{ vehicle: 'transport', base: 'base-1' },
          ...base,
        },
      ],
    ],
    [
      'hospitals.json',
      [
        {
          ...{ id: 'hospital-1', name: 'Rumah Sakit 1', ...at(0, 1_000), class: 'C' },
          beds: { emergency: 10, intensive: 5, ward: 100 },
        },
      ],
    ],
  ]);
}

function buildGauge(place: Position) {
  const step = (severity: string, id: string, en: string, levelM: number) => ({
    ...{ severity, label: { id, en }, levelM },
  });
  return {
    ...{ kind: 'river-gauge', id: 'gauge-1', name: 'Pos duga air 1', ...place, river: 'river-1' },
    ...{ sensorRangeM: [0, 6], normalLevelM: 0.5 },
    thresholds: [
      step('moderate', 'Waspada', 'Watch', 1.5),
      step('severe', 'Siaga', 'Alert', 2.5),
      step('extreme', 'Awas', 'Danger', 3.5),
    ],
  };
}

function round(degrees: number): number {
  return Number(degrees.toFixed(DECIMALS));
}
