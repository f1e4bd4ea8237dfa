/**
 * A unit that stands beside its value: `{"level": 142, "unit": "cm"}`, `level_unit`.
 *
 * Asked by sensor-object.ts for each key. Invariant: a unit that may be of one value or of another is taken for none of
 * which it is not the usual one.
 */
import { isJsonObject, type JsonObject } from '../parse-json.ts';
import { isSameUnit, isUnitOf, UNIT_KEYS } from './measured.ts';
import { type KnownKey, meaningOf, UNITLESS_KEYS, wordOf } from './sensor-keys.ts';

/** Keys that are looked at for the one that a unit is of. */
const MAX_KEYS = 20;
const MAX_UNIT_KEY_CHARACTERS = 40;
const UNIT_ENDING = /[_\- .]?(?:unit|units|uom)$/i;

/**
 * A bare number whose key says no unit, with the one that stands beside it: one of its own whatever it is, so that what
 * we do not know is told; one of the message where it measures the same.
 */
export function withUnitBeside(object: JsonObject, key: string, { dimension }: KnownKey): unknown {
  const value = object[key];
  if (typeof value !== 'number' && typeof value !== 'string') return value;
  if (!UNITLESS_KEYS.has(wordOf(key))) return value;
  const own = [`${key}_unit`, `${key}Unit`, `${key}_units`, `${key}Units`, `${key}_uom`, `${key}.unit`];
  if (!isBare(value)) return value;
  const unit = own.map((name) => object[name]).find((each) => typeof each === 'string' && each.trim() !== '');
  if (unit !== undefined) return { value, unit };
  const shared = UNIT_KEYS.map((name) => object[name]).find((each) => typeof each === 'string');
  return shared !== undefined && isUnitOf(shared as string, dimension) ? { value, unit: shared } : value;
}

/**
 * A unit beside several values that is the usual one of the one, and not of the other: of `{"level": 1.42,
 * "rainfallTotal": 30, "unit": "mm"}` the level is in metres or in millimetres.
 */
export function findDoubtfulUnit(object: JsonObject): string | undefined {
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
export function isDoubtful(object: JsonObject, key: string, unit: string, said: unknown): boolean {
  const isTaken = said !== object[key] && isJsonObject(said) && said['unit'] === unit;
  return isTaken && !isSameUnit(meaningOf(key)?.unit ?? '', unit);
}

function isBare(value: number | string): boolean {
  return typeof value === 'number' || /[\d.,]\s*$/.test(value);
}

/** Whether the key is read as the unit of another one. */
export function isUnitBeside(object: JsonObject, key: string): boolean {
  const unit = object[key];
  if (typeof unit !== 'string' || key.length > MAX_UNIT_KEY_CHARACTERS) return false;
  const isOfAll = UNIT_KEYS.some((name) => name === key);
  if (!isOfAll && !UNIT_ENDING.test(key)) return false;
  const names = isOfAll ? Object.keys(object).slice(0, MAX_KEYS) : [key.replace(UNIT_ENDING, '')];
  return names.some((name) => {
    const meant = UNITLESS_KEYS.has(wordOf(name)) ? meaningOf(name) : undefined;
    return meant !== undefined && Object.hasOwn(object, name) && isUnitOf(unit, meant.dimension);
  });
}
