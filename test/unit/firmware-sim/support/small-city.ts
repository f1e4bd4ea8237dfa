/** A city small enough to reason about: one river of three gauges, a brook, a grid of roads, two units. */
import { type City, parseCity } from '../../../../cities/city.ts';
import { isRiverGauge, type RiverGauge } from '../../../../devices/kinds/river-gauge.ts';

const label = { id: 'Siaga', en: 'Alert' };
const thresholds = [
  { severity: 'moderate', label, levelM: 1.5 },
  { severity: 'severe', label, levelM: 2.2 },
  { severity: 'extreme', label, levelM: 3 },
];

function gauge(id: string, river: string, upstream: { gauge: string; lagMin: number }[], more: object = {}) {
  const place = { id, name: id, lat: -6.99, lng: 110.4 };
  return {
    kind: 'river-gauge',
    ...place,
    river,
    sensorRangeM: [0, 6],
    normalLevelM: 0.5,
    thresholds,
    upstream,
    ...more,
  };
}

/** Junctions of a square grid, 1.1 km apart: j-0-0 in the south-west. */
function grid(size: number) {
  const cells = Array.from({ length: size }, (_, index) => index);
  const junctions = cells.flatMap((row) =>
    cells.map((column) => ({ id: `j-${row}-${column}`, lat: -7 + row * 0.01, lng: 110.4 + column * 0.01 })),
  );
  const roads = cells.flatMap((row) =>
    cells.flatMap((column) => [
      ...(column + 1 < size
        ? [
            {
              from: `j-${row}-${column}`,
              to: `j-${row}-${column + 1}`,
              class: row === 0 ? 'trunk' : 'residential',
            },
          ]
        : []),
      ...(row + 1 < size
        ? [
            {
              from: `j-${row}-${column}`,
              to: `j-${row + 1}-${column}`,
              class: column === 0 ? 'trunk' : 'tertiary',
            },
          ]
        : []),
    ]),
  );
  return { junctions, roads };
}

export const smallCity: City = parseCity('small', {
  id: 'small',
  name: 'Small',
  timeZone: 'Asia/Jakarta',
  disclaimer: { id: 'uji', en: 'test' },
  bounds: { south: -7.1, west: 110.3, north: -6.9, east: 110.5 },
  rivers: [
    { id: 'kali', name: 'Kali' },
    { id: 'brook', name: 'Brook' },
    { id: 'sea', name: 'Sea', tidal: true },
  ],
  devices: [
    gauge('upper', 'kali', []),
    gauge('middle', 'kali', [{ gauge: 'upper', lagMin: 40 }], { sensorHeightM: 7 }),
    gauge('lower', 'kali', [{ gauge: 'middle', lagMin: 30 }]),
    gauge('brook', 'brook', []),
    gauge('tide', 'sea', [], { tidal: true, normalLevelM: 1 }),
    ...['a', 'b', 'c'].map((letter) => ({
      kind: 'wifi-access-point',
      id: `ap-${letter}`,
      name: letter,
      lat: -6.99,
      lng: 110.41,
      place: 'Square',
      uplink: 'fibre',
      capacityClients: 80,
    })),
    ...(['motorcycle', 'transport'] as const).map((vehicle) => ({
      kind: 'ambulance',
      id: `unit-${vehicle}`,
      name: vehicle,
      lat: -7,
      lng: 110.4,
      vehicle,
      base: 'base',
      callSign: vehicle,
    })),
  ],
  uplinks: [{ id: 'fibre', name: 'Fibre' }],
  bases: [{ id: 'base', name: 'Base', lat: -7, lng: 110.4 }],
  hospitals: [
    {
      id: 'hospital',
      name: 'Hospital',
      lat: -6.98,
      lng: 110.42,
      class: 'B',
      beds: { emergency: 10, intensive: 5, ward: 100 },
    },
  ],
  roads: grid(4),
});

export const smallGauges: readonly RiverGauge[] = smallCity.devices.filter(isRiverGauge);
