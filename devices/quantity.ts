/**
 * Quantity: what one field of a reading may hold: a measured number, a counter, or one word out of few.
 *
 * Said by each kind (kinds/) of its own readings, asked by quick-parse.ts and judge-quantities.ts; history and
 * documents are derived from it. Invariant: a quantity says its unit and its bounds, so that nobody has to ask what a
 * number means; a value that is not sound is never stored.
 */
import type { Bilingual } from './site.ts';

interface Described {
  /** One sentence for docs/devices.md, in English. */
  readonly description: string;
  /** As pages name it to people; its own name where absent. */
  readonly label?: Bilingual;
  /** True where a reading without it means nothing. */
  readonly required?: boolean;
}

/** A measured number. Outside [min, max] it is physically absurd and the reading is rejected. */
export interface GaugeQuantity extends Described {
  readonly type: 'gauge';
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** True for what is counted: a fraction is refused. */
  readonly whole?: boolean;
  /** True where the least of a while is what matters: free beds, a battery. Else it is the most: a level, a load. */
  readonly leastMatters?: boolean;
  /** True where each report brings what came since the one before it: of a while the sum is shown. */
  readonly adds?: boolean;
}

/** A number that only grows, and starts again from 0 when the device restarts. */
export interface CounterQuantity extends Described {
  readonly type: 'counter';
  readonly unit: string;
}

/** One word out of few. */
export interface StateQuantity extends Described {
  readonly type: 'state';
  readonly states: readonly [string, ...string[]];
}

export type Quantity = GaugeQuantity | CounterQuantity | StateQuantity;

/** What a payload is held against. */
export interface Demands {
  readonly quantities: Readonly<Record<string, Quantity>>;
  /** Each list names quantities of which at least one must be present. */
  readonly oneOf?: readonly (readonly string[])[];
  /** Each list names quantities that mean something only together: half of a position is none. */
  readonly together?: readonly (readonly string[])[];
}

/** Whether `value` may be stored as `quantity`. A counter is as large as a JSON number carries exactly, 2^53 − 1. */
export function isSound(quantity: Quantity, value: unknown): boolean {
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
