/**
 * Values for the fuzzer, from a seed: sound ones by the schema of the document, and hostile ones of any kind.
 *
 * Invariant: the same seed gives the same values, so that a fault can be looked at again.
 */
import { type Document, resolveSchema } from '../support/document-rules.ts';

type Json = { [key: string]: unknown };

export interface Dice {
  /** In [0, 1). */
  random(): number;
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  int(below: number): number;
}

/** mulberry32: 32 bits of state, enough to try an API with. */
export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number) => Math.floor(random() * below);
  return {
    random,
    int,
    chance: (share) => random() < share,
    pick: (from) => from[int(from.length)] as never,
  };
}

/** What breaks readers of text: nothing, NUL, half a pair, other digits, other directions, other numbers. */
const TEXTS = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udfff',
  '\ufeff',
  '\u202egnirts',
  '٣',
  '１２',
  '१.५',
  '0x10',
  '1e999',
  '1e-999',
  '-0',
  'NaN',
  'Infinity',
  '9007199254740993',
  '-1',
  '1.5',
  'null',
  'true',
  '__proto__',
  'constructor',
  'toString',
  '../../etc/passwd',
  '%00',
  "'; DROP TABLE incidents; --",
  '<script>alert(1)</script>',
  '#{7*7}',
  '2026-02-30T25:61:61Z',
  '-271821-04-20T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  '99999999999999',
  '/v1/devices?limit=1',
  '/v1/incidents?cursor=x',
  '🏍️'.repeat(40),
  'ﷺ'.repeat(200),
  'a'.repeat(199),
  'a'.repeat(5_000),
];

export function hostileText(dice: Dice): string {
  return dice.pick(TEXTS);
}

/** Any JSON value; never deeper than what a stack of ours could mind, but for the one that is there for it. */
export function hostileValue(dice: Dice): unknown {
  switch (dice.int(12)) {
    case 0:
      return null;
    case 1:
      return dice.chance(0.5);
    case 2:
      return dice.pick([0, -1, 1.5, -0, 1e308, -1e308, 5e-324, 2 ** 53, 2 ** 63, 4_294_967_296]);
    case 3:
      return [];
    case 4:
      return {};
    case 5:
      return Array.from({ length: dice.int(2_000) }, () => 7);
    case 6:
      return Object.fromEntries(Array.from({ length: dice.int(500) }, (_, index) => [`k${index}`, index]));
    case 7:
      return [hostileValue(dice), hostileText(dice)];
    case 8:
      return { [hostileText(dice)]: hostileValue(dice) };
    case 9:
      return nest(dice.pick([10, 1_000, 5_000]));
    default:
      return hostileText(dice);
  }
}

function nest(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** Texts that answers have held: ids of what is there. */
export interface Known {
  readonly words: readonly string[];
  readonly numbers: readonly number[];
}

const WORDS = [
  'cardiac',
  'Jalan Pemuda 1',
  'real',
  'siaga',
  '0812345678',
  'treated',
  'kariadi',
  'http/trial',
];

/** A value that the schema takes, as far as a schema says it. */
export function soundValue(document: Document, given: Json, dice: Dice, known: Known): unknown {
  const schema = resolveSchema(document, given);
  const options = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined;
  if (options) return soundValue(document, dice.pick(options), dice, known);
  if (Array.isArray(schema['enum'])) return dice.pick(schema['enum']);
  switch (schema['type']) {
    case 'boolean':
      return dice.chance(0.5);
    case 'integer':
      return soundInteger(schema, dice, known);
    case 'number':
      return between(schema, dice);
    case 'array':
      return Array.from({ length: Number(schema['minItems'] ?? 0) + dice.int(3) }, () =>
        soundValue(document, schema['items'] as Json, dice, known),
      );
    case 'object':
      return soundObject(document, schema, dice, known);
    default:
      return soundText(schema, dice, known);
  }
}

function soundObject(document: Document, schema: Json, dice: Dice, known: Known): Json {
  const required = (schema['required'] ?? []) as string[];
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>);
  return Object.fromEntries(
    properties
      .filter(([name]) => required.includes(name) || dice.chance(0.4))
      .map(([name, part]) => [name, soundValue(document, part, dice, known)]),
  );
}

function soundInteger(schema: Json, dice: Dice, { numbers }: Known): number {
  const low = Number(schema['minimum'] ?? 0);
  const high = Number(schema['maximum'] ?? low + 20);
  const fitting = numbers.filter((each) => each >= low && each <= high);
  if (fitting.length > 0 && dice.chance(0.7)) return dice.pick(fitting);
  return low + dice.int(Math.min(high - low, 100) + 1);
}

function between(schema: Json, dice: Dice): number {
  // Near Semarang where the bounds are those of the globe.
  if (schema['minimum'] === -90) return -6.98 - dice.random() / 20;
  if (schema['minimum'] === -180) return 110.4 + dice.random() / 20;
  const low = Number(schema['minimum'] ?? schema['exclusiveMinimum'] ?? 0);
  return low + dice.random() * (Number(schema['maximum'] ?? low + 10) - low);
}

function soundText(schema: Json, dice: Dice, { words }: Known): string {
  const longest = Number(schema['maxLength'] ?? 200);
  const shortest = Number(schema['minLength'] ?? 0);
  const pattern = typeof schema['pattern'] === 'string' ? new RegExp(schema['pattern'], 'u') : undefined;
  const moments = ['2026-01-15T09:30:00+07:00', new Date(Date.now() + 3_600_000).toISOString()];
  const fits = (each: string) =>
    each.length <= longest && each.length >= shortest && (pattern === undefined || pattern.test(each));
  const fitting = [...WORDS, ...moments, ...words].filter(fits);
  return fitting.length > 0 ? dice.pick(fitting) : 'a'.repeat(Math.max(shortest, 1));
}
