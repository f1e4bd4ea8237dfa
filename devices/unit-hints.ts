/**
 * Unit hints: which unit a number was probably sent in, where ours makes no sense of it: "in cm? 142 would be 1.42 m".
 *
 * Asked where a value is refused, where a key names another unit, and where a level is outside what its sensor can see.
 * Invariant: it suggests and never converts: what is stored is what was sent, in our unit.
 */

interface OtherUnit {
  /** As people say it: `in feet`. */
  readonly name: string;
  /** As keys end with it, lower case without separators. */
  readonly suffixes: readonly string[];
  readonly factor: number;
}

const other = (name: string, factor: number, ...suffixes: string[]): OtherUnit => ({
  name,
  factor,
  suffixes,
});

/** By our unit; the first that fits is named first. */
const OTHERS: Readonly<Record<string, readonly OtherUnit[]>> = {
  m: [
    other('in feet', 0.3048, 'ft', 'feet', 'foot'),
    other('in cm', 0.01, 'cm', 'centimeter', 'centimeters'),
    other('in mm', 0.001, 'mm', 'millimeter', 'millimeters'),
    other('in inches', 0.0254, 'in', 'inch', 'inches'),
    other('in km', 1_000, 'km'),
  ],
  mm: [other('in cm', 10, 'cm'), other('in inches', 25.4, 'in', 'inch', 'inches'), other('in m', 1_000, 'm')],
  'm/s': [
    other('in km/h', 1 / 3.6, 'kmh', 'kph', 'kmph', 'kmperh'),
    other('in knots', 1852 / 3600, 'kn', 'kt', 'kts', 'knot', 'knots'),
    other('in mph', 0.44704, 'mph'),
  ],
  V: [other('in mV', 0.001, 'mv', 'millivolt', 'millivolts')],
  s: [
    other('in ms', 0.001, 'ms', 'millis'),
    other('in min', 60, 'min', 'minutes'),
    other('in h', 3_600, 'h', 'hours'),
  ],
  '%': [other('as a share of 1', 100, 'ratio', 'share')],
  dBm: [other('without its sign', -1)],
  '°': [other('in radians', 180 / Math.PI, 'rad', 'radians')],
};
/** Units that one sentence names. */
const MAX_NAMED = 2;

/** `in feet? 4.2 would be 1.28 m`, of units that bring the value within the bounds; undefined where none does. */
export function hintUnit(value: unknown, unit: string, min: number, max: number): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value === 0) return undefined;
  const fitting = (OTHERS[unit] ?? [])
    .map(({ name, factor }) => ({ name, meant: value * factor }))
    .filter(({ meant }) => meant >= min && meant <= max)
    .slice(0, MAX_NAMED);
  if (fitting.length === 0) return undefined;
  const said = fitting.map(({ name, meant }, index) =>
    index === 0 ? `${name}? ${value} would be ${shown(meant)} ${unit}` : `${name}? ${shown(meant)} ${unit}`,
  );
  return said.join('; ');
}

/** The same of a key that ends with another unit: `levelCm` of 142. */
export function hintKeyUnit(ending: string, value: unknown, unit: string): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  const named = OTHERS[unit]?.find(({ suffixes }) => suffixes.includes(ending));
  return named && `${named.name}, ${value} would be ${shown(value * named.factor)} ${unit}`;
}

/** Three digits: it is a hint. */
function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}
