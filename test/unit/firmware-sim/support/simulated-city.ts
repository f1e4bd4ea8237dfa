/** The small city as the simulator needs it: a river of three gauges, a brook, the sea, a grid of roads, two units. */
import { isRiverGauge, type RiverGauge } from '../../../../devices/kinds/river-gauge.ts';

import { accessPoint, ambulance, buildSmallCity, gauge, hospital } from '../../../support/small-city.ts';

/** Junctions of a square grid, 1.1 km apart: j-0-0 in the south-west. */
function buildGrid(size: number) {
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

const label = { id: 'Siaga', en: 'Alert' };
const thresholds = [
  { severity: 'moderate', label, levelM: 1.5 },
  { severity: 'severe', label, levelM: 2.2 },
  { severity: 'extreme', label, levelM: 3 },
];
/** Thresholds far above a low bed: a flood of the simulator passes each of them on its way. */
const bedGauge = (id: string, more: object) =>
  gauge(id, { name: id, river: 'kali', normalLevelM: 0.5, thresholds, ...more });

export const simulatedCity = buildSmallCity(
  [
    bedGauge('upper', {}),
    bedGauge('middle', { sensorHeightM: 7, upstream: [{ gauge: 'upper', lagMin: 40 }] }),
    bedGauge('lower', { upstream: [{ gauge: 'middle', lagMin: 30 }] }),
    bedGauge('brook', { river: 'brook' }),
    bedGauge('tide', { river: 'laut-jawa', tidal: true, normalLevelM: 1 }),
    ...['ap-a', 'ap-b', 'ap-c'].map((id) => accessPoint(id)),
    ambulance('unit-motorcycle'),
    ambulance('unit-transport', { vehicle: 'transport' }),
  ],
  {
    rivers: [
      { id: 'kali', name: 'Kali' },
      { id: 'brook', name: 'Brook' },
      { id: 'laut-jawa', name: 'Laut Jawa', tidal: true },
    ],
    hospitals: [hospital('hospital')],
    roads: buildGrid(4),
  },
);

export const simulatedGauges: readonly RiverGauge[] = simulatedCity.devices.filter(isRiverGauge);
