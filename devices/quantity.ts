/**
 * Quantity: what one field of a reading may hold: a measured number, a counter, or one word out of few.
 *
 * Said by each kind (kinds/) of its own readings; schema, history and documents are derived from it. Invariant: a
 * quantity says its unit and its bounds, so that nobody has to ask what a number means.
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
