/**
 * QuickParse: the quantities of a payload that is as its kind says, at once.
 *
 * Derived from the kind's definition beside judge-quantities.ts, which finds what is wrong and is asked only
 * where this says undefined; nearly every reading is sound. Invariant: where it gives values they are those of
 * the judgement, which then has no problem to tell (kept by a property test).
 */
import { type Demands, isSound, type Quantity } from './quantity.ts';
import type { Values } from './reading.ts';

export type QuickParse = (item: Readonly<Record<string, unknown>>) => Values | undefined;

export function createQuickParse({ quantities, oneOf = [], together = [] }: Demands): QuickParse {
  const names = Object.keys(quantities);
  const all = Object.values(quantities);
  return (item) => {
    const values: Record<string, number | string> = {};
    let isAny = false;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const quantity = all[i] as Quantity;
      const value = item[name];
      if (value === undefined || value === null) {
        if (quantity.required) return undefined;
        continue;
      }
      if (!isSound(quantity, value)) return undefined;
      values[name] = value as number | string;
      isAny = true;
    }
    for (const group of oneOf) if (countOf(values, group) === 0) return undefined;
    for (const group of together) if (countOf(values, group) % group.length !== 0) return undefined;
    return isAny ? values : undefined;
  };
}

function countOf(values: Values, group: readonly string[]): number {
  let count = 0;
  for (const name of group) if (values[name] !== undefined) count++;
  return count;
}
