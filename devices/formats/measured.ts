/**
 * Measured values as makers write them (`1234 mm`, `{"value": 1234, "unit": "mm"}`, a bare number) → SI.
 *
 * Asked by every format. Invariant: a unit that is not known makes no number; a text that is no number ("Invalid
 * Reading", "No Sensor") is told as what the sensor said.
 */
import { isJsonObject } from '../parse-json.ts';

export type Dimension =
  | 'length'
  | 'rain'
  | 'voltage'
  | 'speed'
  | 'share'
  | 'signal'
  | 'angle'
  | 'duration'
  | 'count';

/** Unit → factor to the one that our quantities use: m, mm, V, m/s, %, dBm, °, s, 1. Exact where the unit is. */
const FACTORS: Readonly<Record<Dimension, Readonly<Record<string, number>>>> = {
  length: { m: 1, cm: 0.01, mm: 0.001, km: 1000, dm: 0.1, ft: 0.3048, in: 0.0254 },
  rain: { mm: 1, cm: 10, m: 1000, in: 25.4, 'l/m2': 1 },
  voltage: { v: 1, mv: 0.001, volt: 1, volts: 1 },
  speed: {
    'm/s': 1,
    mps: 1,
    'km/h': 1 / 3.6,
    kmh: 1 / 3.6,
    kph: 1 / 3.6,
    kn: 1852 / 3600,
    knots: 1852 / 3600,
    mph: 0.44704,
  },
  share: { '%': 1, pct: 1, percent: 1, '%el': 1, '/': 100, ratio: 100 },
  signal: { dbm: 1, db: 1 },
  angle: { '°': 1, deg: 1, degrees: 1, lat: 1, lon: 1, rad: 180 / Math.PI },
  duration: { s: 1, ms: 0.001, min: 60, h: 3600, d: 86_400 },
  count: { '': 1, '1': 1, b: 1, bytes: 1, count: 1 },
};

/** Words for them, as people, Telegraf and UN/CEFACT (`MTR`, as FIWARE sends it) write them. */
const SPELLINGS: Readonly<Record<string, string>> = {
  ...{ meter: 'm', meters: 'm', metre: 'm', metres: 'm', mtr: 'm' },
  ...{
    centimeter: 'cm',
    centimeters: 'cm',
    centimetre: 'cm',
    centimetres: 'cm',
    sentimeter: 'cm',
    cmt: 'cm',
  },
  ...{ millimeter: 'mm', millimeters: 'mm', millimetre: 'mm', millimetres: 'mm', milimeter: 'mm', mmt: 'mm' },
  ...{ feet: 'ft', foot: 'ft', inch: 'in', inches: 'in', kilometer: 'km', kilometers: 'km' },
  ...{ kt: 'kn', kts: 'kn', knot: 'kn', kmph: 'km/h', degree: 'deg', millivolt: 'mv', millivolts: 'mv' },
  ...{ sec: 's', seconds: 's', minutes: 'min', hours: 'h' },
};

function unitOf(text: string): string {
  const name = text.trim().toLowerCase();
  return Object.hasOwn(SPELLINGS, name) ? (SPELLINGS[name] as string) : name;
}

/** Whether it is a unit that we know, of whatever it measures. */
export function isUnit(text: string): boolean {
  const name = unitOf(text);
  return name !== '' && Object.values(FACTORS).some((known) => Object.hasOwn(known, name));
}

export function isSameUnit(one: string, other: string): boolean {
  return unitOf(one) === unitOf(other);
}

export function isUnitOf(text: string, dimension: Dimension): boolean {
  return Object.hasOwn(FACTORS[dimension], unitOf(text));
}

/** A number, or a text that is one: `"5"`, `"12,5"`. Undefined for all else. */
export function readNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' ? readMeasured(value, 'count', '') : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** The same as a quantity, where only numbers from 0 mean something: −1 stands for "not known". */
export function asFrom0(name: string, value: unknown, factor = 1): Readonly<Record<string, number>> {
  const number = readNumber(value);
  if (number === undefined || number < 0) return {};
  return { [name]: factor === 1 ? number : rounded(number * factor) };
}

const NUMBER_WITH_UNIT = /^([+-]?\d{1,15}(?:[.,]\d{1,15})?(?:e[+-]?\d{1,3})?)\s*([^\d\s.,].{0,15})?$/i;
/**
 * Digits in groups of three, where it leaves no doubt: with the other separator before the decimals (`1.234,5`,
 * `1,234.5`), with the same one twice, or with an apostrophe or a blank that keeps a line together. `1,234` alone is a
 * decimal comma, and `1 234` with a plain blank may be two numbers. No group begins with 0.
 */
const GROUPED =
  /^[+-]?[1-9]\d{0,2}(?:(?:\.\d{3})+,\d+|(?:,\d{3})+\.\d+|(?:\.\d{3}){2,}|(?:,\d{3}){2,}|(?: \d{3})+[.,]\d+|(?: \d{3}){2,}|(?:['\u2019\u00a0\u202f]\d{3})+(?:[.,]\d+)?)(?=\s*(?:[^\d\s.,]|$))/;
/** Longer ones are no number that a sensor sends. */
const MAX_NUMBER_CHARACTERS = 40;

/** What makers and FIWARE call the unit beside a value. */
export const UNIT_KEYS = ['unit', 'units', 'uom', 'unitCode', 'unit_of_measurement'] as const;

/** A number in our unit, or one sentence that says why it is none. Undefined where nothing was sent. */
export function readMeasured(
  value: unknown,
  dimension: Dimension,
  unitByDefault: string,
): number | string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return toSi(value, unitByDefault, dimension);
  if (typeof value === 'string') {
    const match = NUMBER_WITH_UNIT.exec(withoutGroups(value.trim().replace(/^\u2212/, '-')));
    if (!match) return `the sensor says ${JSON.stringify(value.slice(0, 40))}`;
    return toSi(Number(match[1]?.replace(',', '.')), match[2] ?? unitByDefault, dimension);
  }
  if (isJsonObject(value)) {
    const { value: number } = value;
    const unit = UNIT_KEYS.map((key) => value[key]).find((each) => typeof each === 'string');
    if (typeof number === 'object' && number !== null) return 'expected a number with its unit';
    return readMeasured(number, dimension, (unit as string | undefined) ?? unitByDefault);
  }
  return `${JSON.stringify(value)?.slice(0, 40)} is no number`;
}

/** `1.234,5 mm` → `1234.5 mm`, as it stands where there are no groups. */
function withoutGroups(text: string): string {
  const grouped = text.length <= MAX_NUMBER_CHARACTERS ? GROUPED.exec(text)?.[0] : undefined;
  if (grouped === undefined) return text;
  const decimals = /[.,](\d+)$/.exec(grouped);
  const mark = decimals?.[0][0] as string;
  const hasDecimals = decimals !== null && grouped.indexOf(mark) === grouped.lastIndexOf(mark);
  const whole = (hasDecimals ? grouped.slice(0, decimals.index) : grouped).replace(/[^\d+-]/g, '');
  return `${whole}${hasDecimals ? `.${decimals[1]}` : ''}${text.slice(grouped.length)}`;
}

function toSi(value: number, unit: string, dimension: Dimension): number | string {
  if (!Number.isFinite(value)) return 'it is no finite number';
  const known = FACTORS[dimension];
  const name = unitOf(unit);
  if (!Object.hasOwn(known, name))
    return `no unit ${JSON.stringify(unit)}; known are ${Object.keys(known).join(', ')}`;
  return rounded(value * (known[name] as number));
}

/** Twelve digits: 1234 mm are 1.234 m and not 1.2340000000000002 m. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
