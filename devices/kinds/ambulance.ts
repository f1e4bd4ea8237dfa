/**
 * GPS-tracked ambulances, motorcycles and transport units alike (which one it is stands in the registry). A reading
 * has a fix, or the crew's word (`status`), or both; whether a unit may be sent is decided in dispatch, not here.
 */
import { z } from 'zod';
import { defineDeviceKind } from '../device-kind.ts';
import { id, isOfKind, place } from '../site.ts';

const site = z.strictObject({
  ...place,
  kind: z.literal('ambulance'),
  /** `motorcycle` gives first aid where a car cannot go and never transports a patient. */
  vehicle: z.enum(['motorcycle', 'transport']),
  base: id,
  callSign: z.string().min(1),
});
export type AmbulanceUnit = z.infer<typeof site>;
export const isAmbulance = isOfKind<AmbulanceUnit>('ambulance');

export const AMBULANCE_STATUSES = [
  'available',
  'en-route',
  'on-scene',
  'transporting',
  'at-hospital',
  'off-duty',
] as const;
export type AmbulanceStatus = (typeof AMBULANCE_STATUSES)[number];

export const ambulance = defineDeviceKind({
  name: 'ambulance',
  site,
  label: { en: 'ambulance', id: 'ambulans' },
  description: 'Position, movement and duty status of one ambulance.',
  quantities: {
    lat: { type: 'gauge', unit: '°', min: -90, max: 90, description: 'Latitude, WGS 84.' },
    lng: { type: 'gauge', unit: '°', min: -180, max: 180, description: 'Longitude, WGS 84.' },
    accuracyM: { type: 'gauge', unit: 'm', min: 0, max: 100_000, description: 'Radius of the fix, 68 %.' },
    speedMps: { type: 'gauge', unit: 'm/s', min: 0, max: 100, description: 'Speed over ground.' },
    headingDeg: {
      type: 'gauge',
      unit: '°',
      min: 0,
      max: 360,
      description: 'Course over ground, from north.',
    },
    batteryPct: {
      type: 'gauge',
      unit: '%',
      min: 0,
      max: 100,
      leastMatters: true,
      description: 'Charge of the tracker.',
    },
    status: { type: 'state', states: AMBULANCE_STATUSES, description: 'The duty status, set by the crew.' },
  },
  // A crew that goes off duty says so without a fix, and a phone knows its fix and no duty.
  oneOf: [['lat', 'status']],
  together: [['lat', 'lng']],
  reportIntervalS: 5,
  silentAfterS: 60,
  audience: 'staff',
  tags: ['vehicle'],
  groupedBy: 'base',
  references: { base: 'bases' },
  silence: {
    rule: 'ambulance-silent',
    rank: 2,
    label: { en: 'ambulance silent on duty', id: 'ambulans tanpa kabar saat bertugas' },
    excuse: { quantity: 'status', word: 'off-duty' },
  },
  panel: 'units',
  shows: ['status', 'speedMps', 'batteryPct', 'accuracyM'],
  example: {
    measuredAt: '2026-01-15T02:30:00Z',
    seq: 12,
    lat: -6.9903,
    lng: 110.4229,
    accuracyM: 6,
    speedMps: 8.1,
    headingDeg: 92,
    batteryPct: 88,
    status: 'available',
  },
});
