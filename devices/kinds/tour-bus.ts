/**
 * Free tour buses that anybody may board, wheelchairs too: where each is, and whether there is room.
 *
 * A reading has a fix, or the room on board, or the driver's word (`service`). What a report leaves out is not known,
 * and not 0: a bus whose door counter fails still shows where it is.
 */
import { z } from 'zod';
import { defineDeviceKind } from '../device-kind.ts';
import { QualityFlag } from '../reading.ts';
import { place } from '../site.ts';

const site = z.strictObject({
  ...place,
  kind: z.literal('tour-bus'),
  /** The tour that it drives, in the words on its sign; its position in the folder is where that begins. */
  route: z.string().min(1),
  seats: z.int().positive(),
  wheelchairPlaces: z.int().min(0),
});

/** More than a double-decker has. */
const MAX_SEATS = 120;

export const tourBus = defineDeviceKind({
  name: 'tour-bus',
  site,
  label: { en: 'tour bus', id: 'bus wisata' },
  description: 'Position and free places of one free tour bus; wheelchair places are counted for themselves.',
  quantities: {
    lat: { type: 'gauge', unit: '°', min: -90, max: 90, description: 'Latitude, WGS 84.' },
    lng: { type: 'gauge', unit: '°', min: -180, max: 180, description: 'Longitude, WGS 84.' },
    accuracyM: { type: 'gauge', unit: 'm', min: 0, max: 100_000, description: 'Radius of the fix, 68 %.' },
    speedMps: {
      type: 'gauge',
      unit: 'm/s',
      min: 0,
      max: 100,
      description: 'Speed over ground.',
      label: { en: 'speed', id: 'kecepatan' },
    },
    seatsFree: {
      type: 'gauge',
      unit: '1',
      min: 0,
      max: MAX_SEATS,
      whole: true,
      leastMatters: true,
      description: 'Seats that nobody sits on.',
      label: { en: 'seats free', id: 'kursi kosong' },
    },
    wheelchairPlacesFree: {
      type: 'gauge',
      unit: '1',
      min: 0,
      max: MAX_SEATS,
      whole: true,
      leastMatters: true,
      description: 'Wheelchair places that nobody uses.',
      label: { en: 'wheelchair places free', id: 'tempat kursi roda kosong' },
    },
    service: {
      type: 'state',
      states: ['in-service', 'out-of-service'],
      description: 'Set by the driver; a bus out of service may be silent.',
    },
  },
  oneOf: [['lat', 'seatsFree', 'wheelchairPlacesFree', 'service']],
  together: [['lat', 'lng']],
  reportIntervalS: 15,
  silentAfterS: 120,
  audience: 'public',
  tags: ['route'],
  groupedBy: 'route',
  digest: { name: 'buses', per: 'city' },
  silence: {
    rule: 'tour-bus-silent',
    rank: 1,
    label: { en: 'tour bus silent', id: 'bus wisata tanpa kabar' },
    excuse: { quantity: 'service', word: 'out-of-service' },
  },
  simulated: {
    // Offsets from where its tour begins: some 450 m to each side, at the pace of a bus in a street.
    lat: { from: -0.004, to: 0.004 },
    lng: { from: -0.004, to: 0.004 },
    accuracyM: { from: 4, to: 12 },
    speedMps: { from: 0, to: 9 },
    seatsFree: { from: 0, to: 24 },
    wheelchairPlacesFree: { from: 0, to: 2 },
    service: { words: ['in-service'] },
  },
  shows: ['seatsFree', 'wheelchairPlacesFree', 'speedMps'],
  example: {
    measuredAt: '2026-01-15T02:30:00Z',
    seq: 31,
    lat: -6.9812,
    lng: 110.4187,
    accuracyM: 5,
    speedMps: 6.2,
    seatsFree: 11,
    wheelchairPlacesFree: 1,
    service: 'in-service',
  },
  assess(values, { seats, wheelchairPlaces }) {
    const isMoreThan = (name: string, most: unknown) =>
      typeof most === 'number' && ((values[name] as number | undefined) ?? 0) > most;
    return isMoreThan('seatsFree', seats) || isMoreThan('wheelchairPlacesFree', wheelchairPlaces)
      ? QualityFlag.outsideExpectedRange
      : 0;
  },
});
