/**
 * judgeQuantities: the sound quantities of a payload, and what is wrong with the others.
 *
 * Asked by ingest where a payload is not as its kind says (quick-parse.ts). A quantity that is absurd is left out
 * and the rest is kept, so that a broken battery sensor does not hide a flood. Invariant: every quantity that was
 * given is in the values or in the problems; `values` is absent where what remains means nothing.
 */
import type { DeviceKind } from './device-kind.ts';
import { describeKeys } from './did-you-mean.ts';
import type { JsonObject } from './parse-json.ts';
import { isSound, type Quantity } from './quantity.ts';
import type { Values } from './reading.ts';
import { type Rejection, type RejectionReason, reject } from './rejection.ts';
import { hintUnit } from './unit-hints.ts';

export interface JudgedQuantities {
  readonly values?: Values;
  /** All that is wrong, in one: the reason is that of the first. */
  readonly rejection?: Rejection;
}

/** Longest piece of a value that is repeated in a sentence. */
const SHOWN_CHARACTERS = 40;

export function judgeQuantities(item: JsonObject, kind: DeviceKind): JudgedQuantities {
  const values: Record<string, number | string> = {};
  const problems: Rejection[] = [];
  for (const [name, quantity] of Object.entries(kind.sentQuantities)) {
    const value = item[name];
    if (value === undefined || value === null) continue;
    if (isSound(quantity, value)) values[name] = value as number | string;
    else problems.push(explain(name, quantity, value));
  }
  for (const group of kind.together ?? []) leaveOutParts(values, group, problems);
  const missing = findMissing(values, kind);
  if (missing === undefined) return join(problems, values);
  const detail = `${missing}; ${describeKeys(item, kind)}`;
  return join([...problems, reject('missing-quantity', detail)]);
}

function join(problems: readonly Rejection[], values?: Values): JudgedQuantities {
  const [first] = problems;
  const rejection = first && reject(first.reason, problems.map(({ detail }) => detail).join('; '));
  return { ...(values ? { values } : {}), ...(rejection ? { rejection } : {}) };
}

/** Half of a position is none. */
function leaveOutParts(
  values: Record<string, unknown>,
  group: readonly string[],
  problems: Rejection[],
): void {
  const present = group.filter((name) => values[name] !== undefined);
  if (present.length === 0 || present.length === group.length) return;
  const absent = group.filter((name) => values[name] === undefined);
  for (const name of present) delete values[name];
  const detail = `${present.join(', ')} is left out without a good ${absent.join(', ')}`;
  problems.push(reject('missing-quantity', detail));
}

/** What must be there and is not, as the begin of a sentence. */
function findMissing(values: Values, kind: DeviceKind): string | undefined {
  const required = Object.entries(kind.sentQuantities).filter(([, quantity]) => quantity.required);
  const absent = required.map(([name]) => name).filter((name) => values[name] === undefined);
  if (absent.length > 0) return `${absent.join(', ')} is required`;
  for (const group of kind.oneOf ?? []) {
    if (group.every((name) => values[name] === undefined)) return `one of ${group.join(', ')} is required`;
  }
  if (Object.keys(values).length > 0) return undefined;
  return `none of ${Object.keys(kind.sentQuantities).join(', ')} is good`;
}

function explain(name: string, quantity: Quantity, value: unknown): Rejection {
  // 1e400 is Infinity, which JSON would write as null.
  const found = typeof value === 'number' ? String(value) : JSON.stringify(value)?.slice(0, SHOWN_CHARACTERS);
  const say = (reason: RejectionReason, expected: string) =>
    reject(reason, `${name} is ${found}; ${expected}`);
  if (quantity.type === 'state') return say('out-of-range', `expected one of ${quantity.states.join(', ')}`);
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    const how =
      typeof value === 'string' && /^\s*[+-]?\d/.test(value)
        ? ', as in 3.1: a point, no unit, no quotes'
        : '';
    return say('wrong-type', `expected a number, in ${quantity.unit}${how}`);
  }
  const { min, max } = quantity.type === 'gauge' ? quantity : { min: 0, max: Number.MAX_SAFE_INTEGER };
  const unit = hintUnit(value, quantity.unit, min, max);
  const hint = unit === undefined ? '' : `; ${unit}`;
  if (value < min) return say('out-of-range', `the least possible is ${min}${hint}`);
  if (value > max) return say('out-of-range', `the most possible is ${max}${hint}`);
  return say('wrong-type', 'expected a whole number');
}
