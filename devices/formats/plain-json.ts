/**
 * readPlainJson: JSON of some maker whose keys say what they are, as `mapped` reads it where no mapping is given.
 *
 * Seen so: Zigbee2MQTT, OpenMQTTGateway, ThingsBoard's `{ts, values}`, flespi's dotted names, loggers with a modem.
 * Envelopes are opened by their names, two deep. Invariants: takes time in proportion to its keys, all of which are
 * looked at; a key that says nothing by itself (`speed`, a `level` inside of `fuel`) stays unread.
 */
import { isJsonObject, type JsonObject } from '../parse-json.ts';

/** What stands around measurements, and says nothing of them. */
const ENVELOPES: ReadonlySet<string> = new Set([
  ...['values', 'data', 'params', 'payload', 'readings', 'telemetry', 'measurements', 'object'],
  ...['position', 'location', 'gps', 'coords'],
]);
const TIME_KEYS = ['measuredAt', 'timestamp', 'ts', 'time', 'tst'] as const;
const MAX_DEPTH = 2;

/** The same with its envelopes opened, and its time as `measuredAt`; an outer key counts before an inner one. */
export function openEnvelopes(message: JsonObject): JsonObject {
  const opened: Record<string, unknown> = Object.create(null);
  collect(message, opened, 0);
  const time = TIME_KEYS.map((key) => opened[key]).find((each) => isTime(each));
  const { measuredAt: _, ...keys } = opened;
  return time === undefined ? keys : { ...keys, measuredAt: time };
}

function collect(object: JsonObject, opened: Record<string, unknown>, depth: number): void {
  const inner: JsonObject[] = [];
  for (const [key, value] of Object.entries(object)) {
    if (ENVELOPES.has(key) && isJsonObject(value) && depth < MAX_DEPTH) inner.push(value);
    else if (key !== '__proto__') opened[nameOf(key)] ??= value;
  }
  for (const each of inner) collect(each, opened, depth + 1);
}

/** `position.latitude` of flespi is a latitude. */
function nameOf(key: string): string {
  const dot = key.lastIndexOf('.');
  return dot > 0 && ENVELOPES.has(key.slice(0, dot)) ? key.slice(dot + 1) : key;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');
}
