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

/** Whether it is a unit that we know, of whatever it measures. */
export function isUnit(text: string): boolean {
  const name = text.trim().toLowerCase();
  return name !== '' && Object.values(FACTORS).some((known) => Object.hasOwn(known, name));
}

const NUMBER_WITH_UNIT = /^([+-]?\d{1,15}(?:[.,]\d{1,15})?(?:e[+-]?\d{1,3})?)\s*([^\d\s].{0,15})?$/i;

/** A number in our unit, or one sentence that says why it is none. Undefined where nothing was sent. */
export function readMeasured(
  value: unknown,
  dimension: Dimension,
  unitByDefault: string,
): number | string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return toSi(value, unitByDefault, dimension);
  if (typeof value === 'string') {
    const match = NUMBER_WITH_UNIT.exec(value.trim());
    if (!match) return `the sensor says ${JSON.stringify(value.slice(0, 40))}`;
    return toSi(Number(match[1]?.replace(',', '.')), match[2] ?? unitByDefault, dimension);
  }
  if (isJsonObject(value)) {
    const { value: number, unit } = value;
    if (typeof number === 'object' && number !== null) return 'expected a number with its unit';
    return readMeasured(number, dimension, typeof unit === 'string' ? unit : unitByDefault);
  }
  return `${JSON.stringify(value)?.slice(0, 40)} is no number`;
}

function toSi(value: number, unit: string, dimension: Dimension): number | string {
  if (!Number.isFinite(value)) return 'it is no finite number';
  const known = FACTORS[dimension];
  const name = unit.trim().toLowerCase();
  if (!Object.hasOwn(known, name))
    return `no unit ${JSON.stringify(unit)}; known are ${Object.keys(known).join(', ')}`;
  return rounded(value * (known[name] as number));
}

/** Twelve digits: 1234 mm are 1.234 m and not 1.2340000000000002 m. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}
