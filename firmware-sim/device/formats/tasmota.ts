/**
 * Tasmota on an ESP32 with an ultrasonic sensor, in centimetres; bucket and battery come from a driver of its owner's.
 *
 * Its `Time` has no offset and tells nothing; it has no count, and keeps nothing while it is away.
 */
import type { Encoder } from './encoder.ts';

export const tasmota: Encoder = {
  name: 'tasmota',
  kinds: new Set(['river-gauge']),
  quantities: new Set(['distanceM', 'rainMm', 'batteryV']),
  hasTime: false,
  fits: (site) => 'sensorHeightM' in site && site.sensorHeightM !== undefined,
  encode: ({ id }, { measured: { distanceM, rainMm, batteryV }, measuredAtMs }) => ({
    topic: `tele/${id}/SENSOR`,
    payload: JSON.stringify({
      Time: new Date(measuredAtMs).toISOString().slice(0, 19),
      ...(distanceM === undefined
        ? {}
        : { SR04: { Distance: Number((Number(distanceM) * 100).toFixed(1)) } }),
      ...(rainMm === undefined ? {} : { BUCKET: { RainMm: rainMm } }),
      ...(batteryV === undefined ? {} : { SUPPLY: { BatteryV: batteryV } }),
    }),
  }),
  formatPresence: ({ id }, presence) => ({
    topic: `tele/${id}/LWT`,
    payload: presence === 'offline' ? 'Offline' : 'Online',
  }),
};
