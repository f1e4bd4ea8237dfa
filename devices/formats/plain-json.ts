/**
 * readPlainJson: JSON of some maker whose keys say what they are, as `mapped` reads it where no mapping is given.
 *
 * Seen so: Zigbee2MQTT, OpenMQTTGateway, ThingsBoard's `{ts, values}` and its gateway's `{name: [{ts, values}]}`,
 * flespi's dotted names, FIWARE's dates, GeoJSON's points, lists of `{name, value, unit}`, loggers with a modem, forms.
 * Envelopes are opened by their names, two deep. Invariants: takes time in proportion to its keys, all of which are
 * looked at; a key that says nothing by itself (`speed`, a `level` inside of `fuel`) stays unread.
 */
import { isJsonObject, JsonFailure, type JsonObject, parseJson } from '../parse-json.ts';
import { withoutEnd } from '../payload-text.ts';
import { type Rejection, reject } from '../rejection.ts';
import { UNIT_KEYS } from './measured.ts';
import { isSensorKey } from './sensor-keys.ts';
import { asFlag } from './sensor-object.ts';

/** What stands around measurements, and says nothing of them. */
const ENVELOPES: ReadonlySet<string> = new Set([
  ...['values', 'data', 'params', 'payload', 'readings', 'telemetry', 'measurements', 'object'],
  ...['position', 'location', 'gps', 'coords', 'properties', 'sensors', 'state', 'reported', 'd', 'body'],
]);
/** The surest first; of a server's times only those that are of the measurement. */
const TIME_KEYS = [
  ...['measuredAt', 'timestamp', 'ts', 'time', 'tst', 'unixtime', 'datetime', 'dateTime', 'date_time'],
  ...['dateObserved', 'observedAt', 'phenomenonTime', 'resultTime', 'published_at'],
] as const;
const MAX_DEPTH = 2;
/** What names a value, and what the value is called, in lists of `{name, value, unit}`. */
const NAME_KEYS = ['name', 'key', 'n', 'sensor', 'parameter', 'quantity', 'id'] as const;
const VALUE_KEYS = ['value', 'v', 'val'] as const;
/** What an entry says besides, which holds for those alone that say the same. */
const ENTRY_KEYS = [...TIME_KEYS, 'device', 'simulated'] as const;
const UNIT_NAMES = [...UNIT_KEYS, 'u'] as const;

/** Keys beside the lists of one message, once for each moment in them, for which they hold. */
export const MAX_COPIED_KEYS = 50_000;

/**
 * A message as a list of objects, each of one device and moment; what is no object stays as it is. Refused where a long
 * list stands beside so many keys that it would grow without measure.
 */
export function listReadings(items: readonly unknown[]): readonly unknown[] | Rejection {
  if (areNamedValues(items)) return foldNamed(items);
  const readings: unknown[] = [];
  let copiedKeys = 0;
  for (const item of items) {
    const list = isJsonObject(item) ? findNamedValues(item) : undefined;
    if (isJsonObject(item) && list) {
      const folded = foldNamed(list.entries);
      copiedKeys += folded.length * Object.keys(item).length;
      if (copiedKeys > MAX_COPIED_KEYS) return reject('too-many-readings', `${TOO_WIDE}; send smaller lists`);
      for (const each of folded) readings.push({ ...item, [list.key]: each });
    } else for (const each of listOfFeatures(item) ?? ofGateway(item) ?? [item]) readings.push(each);
  }
  return readings;
}

const TOO_WIDE = 'a long list of named values beside many other keys, which hold for each of them';

function findNamedValues(item: JsonObject): { key: string; entries: readonly JsonObject[] } | undefined {
  for (const [key, entries] of Object.entries(item)) {
    if (ENVELOPES.has(key) && areNamedValues(entries)) return { key, entries };
  }
  return undefined;
}

function listOfFeatures(item: unknown): readonly unknown[] | undefined {
  if (!isJsonObject(item) || item['type'] !== 'FeatureCollection') return undefined;
  const { features, simulated } = item;
  if (!Array.isArray(features) || asFlag(simulated) !== true)
    return Array.isArray(features) ? features : undefined;
  return features.map((each: unknown) => (isJsonObject(each) ? { ...each, simulated } : each));
}

/** ThingsBoard's `v1/gateway/telemetry`: what each device said, under its name. */
function ofGateway(message: unknown): readonly JsonObject[] | undefined {
  if (!isJsonObject(message)) return undefined;
  const lists = Object.entries(message);
  const isOne = ([, list]: readonly [string, unknown]): boolean =>
    Array.isArray(list) && list.length > 0 && list.every((each) => isJsonObject(each) && 'values' in each);
  if (lists.length === 0 || !lists.every(isOne)) return undefined;
  return lists.flatMap(([device, list]) => (list as JsonObject[]).map((each) => ({ ...each, device })));
}

/**
 * The same with its envelopes opened, and its time as `measuredAt`; an outer key counts before an inner one. More than
 * one where its values have times of their own.
 */
export function openEnvelopes(message: JsonObject): readonly JsonObject[] {
  const opened: Record<string, unknown> = Object.create(null);
  collect(message, opened, 0);
  const timeKey = TIME_KEYS.find((key) => isTime(timeIn(opened[key])));
  if (timeKey === undefined) {
    const { measuredAt: _, ...keys } = opened;
    return splitByOwnTimes(keys);
  }
  const { measuredAt: _, [timeKey]: time, ...keys } = opened;
  return [{ ...keys, measuredAt: timeIn(time) }];
}

function collect(object: JsonObject, opened: Record<string, unknown>, depth: number): void {
  const inner: JsonObject[] = [];
  for (const [key, value] of Object.entries(object)) {
    const inside = ENVELOPES.has(key) && depth < MAX_DEPTH ? insideOf(value) : undefined;
    if (inside) inner.push(inside);
    // An exercise is one whichever envelope says so.
    else if (key === 'simulated' && asFlag(value) === true) opened[key] = true;
    else if (key !== '__proto__') opened[nameOf(key)] ??= value;
  }
  if (depth === 0) for (const [key, value] of Object.entries(pointIn(object))) opened[key] ??= value;
  for (const each of inner) collect(each, opened, depth + 1);
}

/** An object, or JSON within a text. */
function insideOf(value: unknown): JsonObject | undefined {
  if (isJsonObject(value)) return value;
  if (typeof value !== 'string' || !value.startsWith('{')) return undefined;
  const json = parseJson(Buffer.from(value));
  return json instanceof JsonFailure || !isJsonObject(json) ? undefined : json;
}

/** `{"name": "levelM", "value": 1.42, "unit": "m"}` */
function isNamedValue(entry: unknown): entry is JsonObject {
  return (
    isJsonObject(entry) &&
    VALUE_KEYS.some((key) => entry[key] !== undefined && typeof entry[key] !== 'object') &&
    typeof firstOf(entry, NAME_KEYS) === 'string'
  );
}

function areNamedValues(list: unknown): list is readonly JsonObject[] {
  return Array.isArray(list) && list.length > 0 && list.every(isNamedValue);
}

/**
 * As one object for each moment and device, exercises apart; a name that comes again begins another one, so that no
 * value is lost.
 */
function foldNamed(entries: readonly JsonObject[]): readonly JsonObject[] {
  const folded: Record<string, unknown>[] = [];
  const openAt = new Map<string, Record<string, unknown>>();
  for (const entry of entries) {
    const name = firstOf(entry, NAME_KEYS) as string;
    const [value, unit] = [firstOf(entry, VALUE_KEYS), firstOf(entry, UNIT_NAMES)];
    const said = Object.fromEntries(ENTRY_KEYS.filter((key) => key in entry).map((key) => [key, entry[key]]));
    const moment = JSON.stringify(said);
    let object = openAt.get(moment);
    if (!object || Object.hasOwn(object, name)) {
      object = Object.assign(Object.create(null), said) as Record<string, unknown>;
      openAt.set(moment, object);
      folded.push(object);
    }
    object[name] = typeof unit === 'string' && unit !== '' ? { value, unit } : value;
  }
  return folded;
}

function firstOf(object: JsonObject, keys: readonly string[]): unknown {
  return keys.map((key) => object[key]).find((value) => value !== undefined);
}

/** Of a Feature of GeoJSON: longitude first [RFC 7946, 3.1.1]. */
function pointIn({ type, geometry }: JsonObject): JsonObject {
  const coordinates = type === 'Feature' && isJsonObject(geometry) ? geometry['coordinates'] : undefined;
  if (!Array.isArray(coordinates) || (geometry as JsonObject)['type'] !== 'Point') return {};
  return { lng: coordinates[0], lat: coordinates[1] };
}

/** `position.latitude` of flespi is a latitude. */
function nameOf(key: string): string {
  const dot = key.lastIndexOf('.');
  return dot > 0 && ENVELOPES.has(key.slice(0, dot)) ? key.slice(dot + 1) : key;
}

/** `{"type": "DateTime", "value": …}` of FIWARE is its value. */
function timeIn(value: unknown): unknown {
  return isJsonObject(value) ? (value['value'] ?? value['@value']) : value;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
}

/**
 * `{"level": {"value": 1.42, "timestamp": …}, "battery": {…}}`: where the message has no time, each quantity has its
 * own, and those of one moment are a reading. What stands beside them holds for all, a quantity without a time for the
 * last.
 */
function splitByOwnTimes(keys: JsonObject): readonly JsonObject[] {
  const dated = Object.keys(keys).filter((key) => timeOfValue(keys[key]) !== undefined);
  const quantities = dated.filter(isSensorKey);
  const names = quantities.length > 0 ? quantities : dated.slice(0, 1);
  const moments = [...Map.groupBy(names, (key) => timeOfValue(keys[key]))];
  const [first] = moments;
  const isTooWide = moments.length * Object.keys(keys).length > MAX_COPIED_KEYS;
  if (first === undefined) return [keys];
  if (moments.length === 1 || isTooWide) return [{ ...keys, measuredAt: first[0] }];
  const isDated = new Set(names);
  const others = Object.keys(keys).filter((key) => !isDated.has(key));
  const last = moments.length - 1;
  return moments.map(([measuredAt, own], index) => {
    const beside = others.filter((key) => index === last || !isSensorKey(key));
    return { ...Object.fromEntries([...beside, ...own].map((key) => [key, keys[key]])), measuredAt };
  });
}

function timeOfValue(value: unknown): unknown {
  if (!isJsonObject(value) || value['value'] === undefined) return undefined;
  return TIME_KEYS.map((key) => timeIn(value[key])).find(isTime);
}

/** A logger's form has some hundred characters; a name of each few would take longer than any JSON. */
const MAX_FORM_CHARACTERS = 8_192;

/** A form, `level=142&battery=88`, as its names and values; undefined where the text is none. */
export function readForm(text: string): JsonObject | undefined {
  const form = withoutEnd(text).replace(/^\?/, '');
  if (form.length > MAX_FORM_CHARACTERS) return undefined;
  if (!/^[\w.-]{1,40}=[^\s&=]+(?:&[\w.-]{1,40}=[^\s&=]*)*$/.test(form)) return undefined;
  const pairs = [...new URLSearchParams(form)].filter(([name]) => name !== '__proto__');
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''));
}
