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
import { type Dimension, readMeasured } from './measured.ts';
import { BARE_BATTERY, isSensorKey, type KnownKey, meaningOf } from './sensor-keys.ts';
import { findDoubtfulUnit, isDoubtful, isUnitBeside, withUnitBeside } from './unit-beside.ts';

export interface SensorReading {
  /** In our names and units. */
  readonly item: Record<string, unknown>;
  /** What was sent and is none: `distance: the sensor says "Invalid Reading"`. */
  readonly faults: readonly string[];
  /** Of the keys that are not known the first ones, with their values. */
  readonly unread: JsonObject;
}

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

/** A bare `battery` of 3.6 is the voltage of a cell, V: percent are whole there. More than this is no supply, V. */
const CELL_V = [1.5, 4.5] as const;
const SUPPLY_MAX_V = 60;

/**
 * `battery: "3.4 V"` and `Bat: 78 %`: the unit says which of the two it is; of a bare number its size does, where only
 * one of them can be.
 */
function isOtherBattery(meant: KnownKey, value: unknown): boolean {
  const { name, dimension, unit } = meant;
  if (!name.startsWith('battery')) return false;
  if (typeof value === 'number') {
    if (dimension !== 'share') return unit === 'V' && value > SUPPLY_MAX_V && value <= 100;
    return meant === BARE_BATTERY && !Number.isInteger(value) && value > CELL_V[0] && value < CELL_V[1];
  }
  const text = isJsonObject(value) ? value['unit'] : value;
  if (typeof text !== 'string') return false;
  return dimension === 'share' ? /v$/i.test(text.trim()) : /%$/.test(text.trim());
}

function dimensionOf(meant: KnownKey, value: unknown): [Dimension, string] {
  // 0.85 is a share of 1: percent are whole.
  const isRatio = meant.name === 'batteryPct' && typeof value === 'number' && value > 0 && value < 1;
  if (isRatio) return ['share', 'ratio'];
  if (!isOtherBattery(meant, value)) return [meant.dimension, meant.unit];
  return meant.dimension === 'share' ? ['voltage', 'V'] : ['share', '%'];
}

function nameOf(meant: KnownKey, value: unknown): string {
  if (!isOtherBattery(meant, value)) return meant.name;
  return meant.dimension === 'share' ? 'batteryV' : 'batteryPct';
}
