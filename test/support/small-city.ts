/** A city of four devices, one a kind and a second gauge: enough for the API, small enough to see whole. */
import { type City, parseCity } from '../../cities/city.ts';

export const smallCity: City = parseCity('semarang', {
  id: 'semarang',
  name: 'Semarang',
  timeZone: 'Asia/Jakarta',
  disclaimer: { id: 'Posisi kira-kira.', en: 'Positions are approximate.' },
  bounds: { south: -7.2, west: 110.2, north: -6.9, east: 110.6 },
  rivers: [{ id: 'bkb', name: 'Banjir Kanal Barat' }],
  uplinks: [{ id: 'fibre-1', name: 'Fibre 1' }],
  bases: [{ id: 'psc', name: 'PSC 119', lat: -7, lng: 110.4 }],
  devices: [gauge('bendung', 'Bendung Simongan'), gauge('hulu', 'Hulu'), accessPoint(), motorcycle()],
});

function gauge(id: string, name: string) {
  return {
    id,
    name,
    kind: 'river-gauge',
    lat: -7,
    lng: 110.4,
    river: 'bkb',
    sensorHeightM: 5,
    sensorRangeM: [0, 5],
    normalLevelM: 1,
    thresholds: [{ severity: 'minor', label: { id: 'siap', en: 'ready' }, levelM: 1.5 }],
  };
}

function accessPoint() {
  return {
    id: 'ap-simpang-lima',
    name: 'Simpang Lima',
    kind: 'wifi-access-point',
    lat: -6.99,
    lng: 110.42,
    place: 'Simpang Lima',
    uplink: 'fibre-1',
    capacityClients: 60,
  };
}

function motorcycle() {
  return {
    id: 'motor-1',
    name: 'Motor 1',
    kind: 'ambulance',
    lat: -7,
    lng: 110.4,
    vehicle: 'motorcycle',
    base: 'psc',
    callSign: 'M1',
  };
}
