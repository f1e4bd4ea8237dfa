/**
 * QuickParse: the quantities of a payload that is as its kind says, without the schema's machinery.
 *
 * Derived from the kind's definition beside its zod schema, which explains what is wrong and is asked only
 * where this says undefined; nearly every reading is sound, and the schema allocates a kilobyte for each.
 * Invariant: where it gives values they are those of the schema (kept by a property test).
 */
import type { DeviceKindDefinition, Quantity } from './device-kind.ts';
import type { Values } from './reading.ts';

export type QuickParse = (item: Readonly<Record<string, unknown>>) => Values | undefined;

export function createQuickParse({ quantities, oneOf = [] }: DeviceKindDefinition): QuickParse {
  const all = Object.entries(quantities);
  return (item) => {
    const values: Record<string, number | string> = {};
    let isAny = false;
    for (const [name, quantity] of all) {
      const value = item[name];
      if (value === undefined) {
        if (quantity.required) return undefined;
        continue;
      }
      if (!isSound(quantity, value)) return undefined;
      values[name] = value as number | string;
      isAny = true;
    }
    const isComplete = oneOf.every((group) => group.some((name) => values[name] !== undefined));
    return isAny && isComplete ? values : undefined;
  };
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
