/**
 * QuickParse: the quantities of a payload that is as its kind says, without the schema's machinery.
 *
 * Derived from the kind's definition beside its zod schema, which explains what is wrong and is asked only
 * where this says undefined; nearly every reading is sound, and the schema allocates a kilobyte for each.
 * Invariant: where it gives values they are those of the schema (kept by a property test).
 */
import type { Quantity } from './quantity.ts';
import type { Values } from './reading.ts';

export type QuickParse = (item: Readonly<Record<string, unknown>>) => Values | undefined;

/** What of a kind's definition it is derived from. */
interface Definition {
  readonly quantities: Readonly<Record<string, Quantity>>;
  readonly oneOf?: readonly (readonly string[])[];
}

export function createQuickParse({ quantities, oneOf = [] }: Definition): QuickParse {
  const names = Object.keys(quantities);
  const all = Object.values(quantities);
  return (item) => {
    const values: Record<string, number | string> = {};
    let isAny = false;
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const quantity = all[i] as Quantity;
      const value = item[name];
      if (value === undefined) {
        if (quantity.required) return undefined;
        continue;
      }
      if (!isSound(quantity, value)) return undefined;
      values[name] = value as number | string;
      isAny = true;
    }
    for (const group of oneOf) if (!hasOneOf(values, group)) return undefined;
    return isAny ? values : undefined;
  };
}

function hasOneOf(values: Values, group: readonly string[]): boolean {
  for (const name of group) if (values[name] !== undefined) return true;
  return false;
}

function isSound(quantity: Quantity, value: unknown): boolean {
  switch (quantity.type) {
    case 'gauge':
      if (typeof value !== 'number' || !(value >= quantity.min && value <= quantity.max)) return false;
      return !quantity.whole || Number.isSafeInteger(value);
    case 'counter':
      return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
    case 'state':
      return quantity.states.some((state) => state === value);
  }
}
