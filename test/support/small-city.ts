/**
 * The small city of the tests, small enough to see whole: one river with a gauge above another, the sea, a square of
 * access points on one uplink, one motorcycle. And the parts it is made of, for a test that needs other devices.
 */
import { type City, parseCity } from '../../cities/city.ts';

const label = (id: string, en: string) => ({ id, en });
const PLACE = { lat: -7, lng: 110.4 };

export function gauge(id: string, more: object = {}) {
  return {
    ...{ id, name: `Gauge ${id}`, kind: 'river-gauge', ...PLACE, river: 'bkb' },
    ...{ sensorRangeM: [0, 6], normalLevelM: 1 },
    thresholds: [
      { severity: 'minor', label: label('siap', 'ready'), levelM: 1.5 },
      { severity: 'moderate', label: label('siaga', 'on alert'), levelM: 2 },
      { severity: 'extreme', label: label('awas', 'danger'), levelM: 3 },
    ],
    ...more,
  };
}

export function accessPoint(id: string, more: object = {}) {
  return {
    ...{ id, name: id, kind: 'wifi-access-point', lat: -6.99, lng: 110.42 },
    ...{ place: 'Simpang Lima', uplink: 'fibre-1', capacityClients: 50 },
    ...more,
  };
}

export function ambulance(id: string, more: object = {}) {
  return {
    ...{ id, name: id, kind: 'ambulance', ...PLACE, vehicle: 'motorcycle', base: 'psc', callSign: id },
    ...more,
  };
}

export function hospital(id: string, more: object = {}) {
  const beds = { emergency: 20, intensive: 10, ward: 200 };
  return { id, name: id, lat: -6.98, lng: 110.42, class: 'B', beds, ...more };
}

/** The city's frame with these devices; `more` goes over it. */
export function buildSmallCity(devices: readonly object[], more: object = {}): City {
  return parseCity('semarang', {
    ...{ id: 'semarang', name: 'Semarang', timeZone: 'Asia/Jakarta' },
    disclaimer: { id: 'Posisi kira-kira.', en: 'Positions are approximate.' },
    bounds: { south: -7.2, west: 110.2, north: -6.9, east: 110.6 },
    rivers: [
      { id: 'bkb', name: 'Banjir Kanal Barat' },
      { id: 'laut-jawa', name: 'Laut Jawa', tidal: true },
    ],
    uplinks: [{ id: 'fibre-1', name: 'Fibre 1' }],
    bases: [{ id: 'psc', name: 'PSC 119', ...PLACE }],
    devices,
    ...more,
  });
}

export const smallDevices: readonly object[] = [
  gauge('bendung', { upstream: [{ gauge: 'hulu', lagMin: 60 }] }),
  gauge('hulu'),
  gauge('tide', { river: 'laut-jawa', tidal: true }),
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => accessPoint(`ap-${n}`, { name: `Access point ${n}` })),
  ambulance('motor-1', { name: 'Motor 1', callSign: 'M1' }),
];

export const smallCity: City = buildSmallCity(smallDevices);
