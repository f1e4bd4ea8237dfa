/**
 * Keys of sensors, as codecs of many makers write them, and what they mean: our quantity and the unit of a bare number.
 *
 * Asked by sensor-object.ts for each key. Invariant: a key that says nothing by itself has no meaning.
 */
import { type Dimension, isUnitOf } from './measured.ts';

export interface KnownKey {
  readonly name: string;
  readonly dimension: Dimension;
  /** Of a bare number. */
  readonly unit: string;
}

const known = (name: string, dimension: Dimension, unit: string): KnownKey => ({ name, dimension, unit });

/** It says its quantity and not its unit. */
export const BARE_BATTERY = known('batteryPct', 'share', '%');

/** By the key in lower case without separators. A distance is in millimetres where nothing says otherwise. */
const KNOWN_KEYS: Readonly<Record<string, KnownKey>> = {
  distance: known('distanceM', 'length', 'mm'),
  distancemm: known('distanceM', 'length', 'mm'),
  distancecm: known('distanceM', 'length', 'cm'),
  distancem: known('distanceM', 'length', 'm'),
  // A pressure sensor's depth is the water above it, and it hangs at the datum.
  depth: known('levelM', 'length', 'cm'),
  depthmm: known('levelM', 'length', 'mm'),
  depthcm: known('levelM', 'length', 'cm'),
  depthm: known('levelM', 'length', 'm'),
  level: known('levelM', 'length', 'm'),
  levelm: known('levelM', 'length', 'm'),
  levelcm: known('levelM', 'length', 'cm'),
  levelmm: known('levelM', 'length', 'mm'),
  waterlevel: known('levelM', 'length', 'm'),
  waterlevelm: known('levelM', 'length', 'm'),
  waterlevelcm: known('levelM', 'length', 'cm'),
  waterlevelmm: known('levelM', 'length', 'mm'),
  waterdepth: known('levelM', 'length', 'm'),
  liquiddepth: known('levelM', 'length', 'm'),
  rainmm: known('rainMm', 'rain', 'mm'),
  raintotalmm: known('rainTotalMm', 'rain', 'mm'),
  rainfalltotal: known('rainTotalMm', 'rain', 'mm'),
  bat: known('batteryV', 'voltage', 'V'),
  batv: known('batteryV', 'voltage', 'V'),
  batteryv: known('batteryV', 'voltage', 'V'),
  batteryvoltage: known('batteryV', 'voltage', 'V'),
  batterymv: known('batteryV', 'voltage', 'mV'),
  battery: BARE_BATTERY,
  batterypct: known('batteryPct', 'share', '%'),
  batterypercent: known('batteryPct', 'share', '%'),
  batterypercentage: known('batteryPct', 'share', '%'),
  batt: BARE_BATTERY,
  batterylevel: known('batteryPct', 'share', '%'),
  lat: known('lat', 'angle', 'deg'),
  latitude: known('lat', 'angle', 'deg'),
  lng: known('lng', 'angle', 'deg'),
  lon: known('lng', 'angle', 'deg'),
  longitude: known('lng', 'angle', 'deg'),
  accuracym: known('accuracyM', 'length', 'm'),
  speedmps: known('speedMps', 'speed', 'm/s'),
  headingdeg: known('headingDeg', 'angle', 'deg'),
  rssidbm: known('rssiDbm', 'signal', 'dBm'),
  rssi: known('rssiDbm', 'signal', 'dBm'),
  wifisignal: known('rssiDbm', 'signal', 'dBm'),
  clients: known('clients', 'count', ''),
  rxbytes: known('rxBytes', 'count', ''),
  txbytes: known('txBytes', 'count', ''),
  uptimes: known('uptimeS', 'duration', 's'),
  emergencyfree: known('emergencyFree', 'count', ''),
  intensivefree: known('intensiveFree', 'count', ''),
  wardfree: known('wardFree', 'count', ''),
  queue: known('queue', 'count', ''),
};
/** Keys that say what, and in which unit only by habit. */
export const UNITLESS_KEYS: ReadonlySet<string> = new Set([
  ...['distance', 'depth', 'level', 'waterlevel', 'waterdepth', 'liquiddepth', 'rainfalltotal'],
]);
/** Whether `readSensorObject` makes a quantity of this key. */
export function isSensorKey(key: string): boolean {
  return meaningOf(key) !== undefined;
}

export function meaningOf(key: string): KnownKey | undefined {
  const word = wordOf(key);
  if (Object.hasOwn(KNOWN_KEYS, word)) return KNOWN_KEYS[word];
  // `level_ft`, `distance.inch`: a unit of its kind behind a key that says none.
  const ending = /^(.{1,30})[_\- .]([a-z]{2,6})$/i.exec(key.slice(0, 40));
  const stem = ending && wordOf(ending[1] as string);
  const meant = stem && UNITLESS_KEYS.has(stem) ? KNOWN_KEYS[stem] : undefined;
  const unit = ending?.[2] as string;
  // `level_in` may be the one before a gate as well.
  const isUnit = meant && unit !== 'in' && isUnitOf(unit, meant.dimension);
  return isUnit ? { ...meant, unit } : undefined;
}

export function wordOf(key: string): string {
  return key
    .slice(0, 40)
    .toLowerCase()
    .replace(/[_\- .]/g, '');
}
