/**
 * ReadingBlock: some consecutive readings of one device, and the fold before the first of them.
 *
 * The timeline is a list of these; from the fold everything after it can be worked out again. Readings are kept
 * as numbers and not as the objects they came in, which would be three times as large. Invariant: every block but
 * the newest is full.
 */
import { copyFold, type Fold } from './fold.ts';
import type { Observation } from './observation.ts';

/** A copy of the fold for so many readings: fewer take more memory, more are stepped again for a late one. */
export const BLOCK_READINGS = 16;
/** Numbers kept of a reading: measuredAt, receivedAt, and its marks. */
const STRIDE = 3;

export class ReadingBlock {
  readonly #before: Fold;
  readonly #numbers: number[] = [];
  readonly #values: Observation['values'][] = [];
  #count = 0;

  constructor(before: Fold) {
    this.#before = before;
  }

  /** The fold before the first reading. */
  before(): Fold {
    return copyFold(this.#before);
  }

  get isFull(): boolean {
    return this.#count === BLOCK_READINGS;
  }

  push({ measuredAt, receivedAt, quality, simulated, values }: Observation): void {
    const index = this.#count++;
    const from = index * STRIDE;
    this.#numbers[from] = measuredAt;
    this.#numbers[from + 1] = receivedAt;
    // The quality's flags, and in the lowest bit whether it is a drill.
    this.#numbers[from + 2] = quality * 2 + (simulated ? 1 : 0);
    this.#values[index] = values;
  }

  measuredAt(index: number): number {
    return this.#numbers[index * STRIDE] as number;
  }

  /** Order of the one at `index` and another of the device: by time, then by content; 0 only for the same reading. */
  compare(index: number, { measuredAt, values }: Observation): number {
    const own = this.measuredAt(index);
    return own === measuredAt
      ? compareValues(this.#values[index] as Observation['values'], values)
      : own - measuredAt;
  }

  reading(index: number): Observation {
    const from = index * STRIDE;
    const marks = this.#numbers[from + 2] as number;
    return {
      measuredAt: this.#numbers[from] as number,
      receivedAt: this.#numbers[from + 1] as number,
      quality: Math.floor(marks / 2),
      simulated: marks % 2 === 1,
      values: this.#values[index] as Observation['values'],
    };
  }
}

/** By the first name, in their order, of which they do not say the same: a number, nothing, a word. */
function compareValues(a: Observation['values'], b: Observation['values']): number {
  let first: string | undefined;
  for (const name in a) if (a[name] !== b[name] && !(first && first < name)) first = name;
  for (const name in b) if (a[name] !== b[name] && !(first && first < name)) first = name;
  if (first === undefined) return 0;
  const [left, right] = [a[first] ?? '', b[first] ?? ''];
  if (typeof left !== typeof right) return typeof left < typeof right ? -1 : 1;
  return left < right ? -1 : 1;
}
