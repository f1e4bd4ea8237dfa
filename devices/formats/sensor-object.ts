/**
 * readSensorObject: the decoded object of a sensor, as codecs of many makers write it → our quantities.
 *
 * Used by the formats that carry such objects: ChirpStack, The Things Stack, Tasmota, SenML, Sparkplug B. It knows
 * keys, units and the words of a failed sensor (Dragino, Decentlab, Milesight), and passes our own names through.
 * Invariants: it looks no deeper than one level, and at each key once; a list of readings is bounded; a key that is
 * known and has no good value is told in `faults`, one that is not known is left alone.
 */
import { isJsonObject, type JsonObject } from '../parse-json.ts';
import type { Rejection } from '../rejection.ts';
import { takeMost } from './format.ts';
import { type Dimension, isSameUnit, isUnitOf, readMeasured } from './measured.ts';

export interface SensorReading {
  /** In our names and units. */
  readonly item: Record<string, unknown>;
  /** What was sent and is none: `distance: the sensor says "Invalid Reading"`. */
  readonly faults: readonly string[];
  /** Of the keys that are not known the first ones, with their values. */
  readonly unread: JsonObject;
}

interface KnownKey {
  readonly name: string;
  readonly dimension: Dimension;
  /** Of a bare number. */
  readonly unit: string;
}

const known = (name: string, dimension: Dimension, unit: string): KnownKey => ({ name, dimension, unit });

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
  battery: known('batteryPct', 'share', '%'),
  batterypct: known('batteryPct', 'share', '%'),
  batterypercent: known('batteryPct', 'share', '%'),
  batterypercentage: known('batteryPct', 'share', '%'),
  batt: known('batteryPct', 'share', '%'),
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
const UNITLESS_KEYS: ReadonlySet<string> = new Set([
  ...['distance', 'depth', 'level', 'waterlevel', 'waterdepth', 'liquiddepth', 'rainfalltotal'],
]);
/** Words, which have no unit. */
const PASSED_KEYS: ReadonlySet<string> = new Set(['status', 'simulated', 'measuredAt', 'seq']);

/** What more a maker's object holds is of no use to who reads a sentence. */
const MAX_UNREAD = 20;

export function readSensorObject(object: JsonObject): SensorReading {
  const item: Record<string, unknown> = {};
  const faults: string[] = [];
  const unread: Record<string, unknown> = {};
  let unreadCount = 0;
  const shared = findDoubtfulUnit(object);
  for (const key in object) {
    const value = object[key];
    if (PASSED_KEYS.has(key)) {
      item[key] = key === 'simulated' ? asFlag(value) : value;
      continue;
    }
    const meant = meaningOf(key);
    if (!meant) {
      if (isUnitBeside(object, key)) continue;
      if (unreadCount++ < MAX_UNREAD && key !== '__proto__') unread[key] = value;
      continue;
    }
    const said = withUnitBeside(object, key, meant);
    if (shared !== undefined && isDoubtful(object, key, shared, said)) {
      faults.push(
        `${key.slice(0, 40)}: is it in ${meant.unit}, or in the ${shared} that stands beside it? Say ${key.slice(0, 40)}_unit`,
      );
      continue;
    }
    const measured = readMeasured(said, ...dimensionOf(meant, said));
    if (typeof measured === 'number') item[nameOf(meant, said)] ??= measured;
    else if (measured !== undefined) faults.push(`${key.slice(0, 40)}: ${measured}`);
  }
  return { item, faults, unread };
}

/** What a unit that stands beside its value is called: `{"level": 142, "unit": "cm"}`, `level_unit`. */
const UNIT_KEYS = ['unit', 'units', 'uom', 'unit_of_measurement', 'unitCode'] as const;
const MAX_UNIT_KEY_CHARACTERS = 40;
const UNIT_ENDING = /[_\- .]?(?:unit|units|uom)$/i;

/** A bare number whose key says no unit, with the one that stands beside it and measures the same. */
function withUnitBeside(object: JsonObject, key: string, { dimension }: KnownKey): unknown {
  const value = object[key];
  if (typeof value !== 'number' && typeof value !== 'string') return value;
  if (!UNITLESS_KEYS.has(wordOf(key))) return value;
  const own = [`${key}_unit`, `${key}Unit`, `${key}_units`, `${key}Units`, `${key}_uom`, `${key}.unit`];
  const unit = [...own, ...UNIT_KEYS].map((name) => object[name]).find((each) => typeof each === 'string');
  return unit !== undefined && isUnitOf(unit as string, dimension) && isBare(value) ? { value, unit } : value;
}

/**
 * A unit beside several values that is the usual one of the one, and not of the other: of `{"level": 1.42,
 * "rainfallTotal": 30, "unit": "mm"}` the level is in metres or in millimetres.
 */
function findDoubtfulUnit(object: JsonObject): string | undefined {
  const unit = UNIT_KEYS.map((name) => object[name]).find((each) => typeof each === 'string') as
    | string
    | undefined;
  if (unit === undefined) return undefined;
  const usual = Object.keys(object)
    .filter((key) => UNITLESS_KEYS.has(wordOf(key)))
    .flatMap((key) => meaningOf(key) ?? [])
    .filter(({ dimension }) => isUnitOf(unit, dimension));
  const same = usual.filter((meant) => isSameUnit(meant.unit, unit));
  return same.length > 0 && same.length < usual.length ? unit : undefined;
}

/** Where the doubtful unit is the one that was taken for this value, and is not its usual one. */
function isDoubtful(object: JsonObject, key: string, unit: string, said: unknown): boolean {
  const isTaken = said !== object[key] && isJsonObject(said) && said['unit'] === unit;
  return isTaken && !isSameUnit(meaningOf(key)?.unit ?? '', unit);
}

function isBare(value: number | string): boolean {
  return typeof value === 'number' || /[\d.,]\s*$/.test(value);
}

/** Whether the key is read as the unit of another one. */
function isUnitBeside(object: JsonObject, key: string): boolean {
  const unit = object[key];
  if (typeof unit !== 'string' || key.length > MAX_UNIT_KEY_CHARACTERS) return false;
  const isOfAll = UNIT_KEYS.some((name) => name === key);
  if (!isOfAll && !UNIT_ENDING.test(key)) return false;
  const names = isOfAll ? Object.keys(object).slice(0, MAX_UNREAD) : [key.replace(UNIT_ENDING, '')];
  return names.some((name) => {
    const meant = UNITLESS_KEYS.has(wordOf(name)) ? meaningOf(name) : undefined;
    return meant !== undefined && Object.hasOwn(object, name) && isUnitOf(unit, meant.dimension);
  });
}

const FLAGS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  ...([
    [1, true],
    ['1', true],
    ['true', true],
  ] as const),
  ...([
    [0, false],
    ['0', false],
    ['false', false],
  ] as const),
]);

/**
 * In a form, a line or a text metric even a flag is a text or a number, and what is simulated must not alarm. What is
 * none stays as it is, to be told.
 */
export function asFlag(value: unknown): unknown {
  return FLAGS.get(typeof value === 'string' ? value.trim().toLowerCase() : value) ?? value;
}

export interface SensorLists {
  readonly items: readonly Record<string, unknown>[];
  /** Without repeats. */
  readonly faults: readonly string[];
  /** What is beyond the bound. */
  readonly leftOut: readonly Rejection[];
}

/** Of one list: three and a half days of a report each minute. */
export const MAX_LISTED_READINGS = 5_000;

/**
 * Values that a node kept while it could not send: `history: [{timestamp, distance}]` (Milesight), or a list of another
 * name whose entries have quantities that we know.
 */
export function readSensorLists(object: JsonObject): SensorLists {
  const items: Record<string, unknown>[] = [];
  const faults = new Set<string>();
  const leftOut: Rejection[] = [];
  for (const [name, list] of Object.entries(object)) {
    if (!Array.isArray(list) || !isListOfReadings(name, list)) continue;
    const shown = name.slice(0, 40);
    const most = takeMost(list, MAX_LISTED_READINGS, `entries of ${shown}`);
    if (most.leftOut) leftOut.push(most.leftOut);
    for (const entry of most.taken) {
      const read = readEntry(entry);
      for (const fault of read.faults) faults.add(`${shown}, ${fault}`);
      if (read.item) items.push(read.item);
    }
  }
  return { items, faults: [...faults], leftOut };
}

function isListOfReadings(name: string, list: readonly unknown[]): boolean {
  return name === 'history' || list.some((entry) => isJsonObject(entry) && hasSensorKey(entry));
}

function hasSensorKey(entry: JsonObject): boolean {
  for (const key in entry) if (isSensorKey(key)) return true;
  return false;
}

function readEntry(entry: unknown): { item?: Record<string, unknown>; faults: readonly string[] } {
  if (!isJsonObject(entry)) return { faults: ['an entry is no object'] };
  const { item, faults } = readSensorObject(entry);
  const measuredAt = entry['measuredAt'] ?? entry['timestamp'] ?? entry['time'] ?? entry['ts'];
  const hasTime = measuredAt !== undefined && measuredAt !== null;
  if (!hasSensorKey(entry)) return { faults: [...faults, 'an entry has no quantity that we know'] };
  // Every value of it is absent, or is told already.
  if (!Object.keys(item).some((name) => !PASSED_KEYS.has(name) || name === 'status')) return { faults };
  // Without its time it would be taken for a measurement of now.
  if (!hasTime) return { faults: [...faults, 'an entry has no timestamp: the codec must give one'] };
  return { item: { ...item, measuredAt }, faults };
}

/** Whether `readSensorObject` makes a quantity of this key. */
export function isSensorKey(key: string): boolean {
  return meaningOf(key) !== undefined;
}

function meaningOf(key: string): KnownKey | undefined {
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

function wordOf(key: string): string {
  return key
    .slice(0, 40)
    .toLowerCase()
    .replace(/[_\- .]/g, '');
}

/** `battery: "3.4 V"` and `Bat: 78 %`: the unit says which of the two it is. */
function isOtherBattery({ name, dimension }: KnownKey, value: unknown): boolean {
  if (!name.startsWith('battery')) return false;
  const text = isJsonObject(value) ? value['unit'] : value;
  if (typeof text !== 'string') return false;
  return dimension === 'share' ? /v$/i.test(text.trim()) : /%$/.test(text.trim());
}

function dimensionOf(meant: KnownKey, value: unknown): [Dimension, string] {
  if (!isOtherBattery(meant, value)) return [meant.dimension, meant.unit];
  return meant.dimension === 'share' ? ['voltage', 'V'] : ['share', '%'];
}

function nameOf(meant: KnownKey, value: unknown): string {
  if (!isOtherBattery(meant, value)) return meant.name;
  return meant.dimension === 'share' ? 'batteryV' : 'batteryPct';
}
