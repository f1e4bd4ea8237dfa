/**
 * ReadingBlock: some consecutive readings of one device, and the fold before the first of them.
 *
 * The timeline is a list of these; from the fold everything after it can be worked out again. Readings are kept
 * as numbers and not as the objects they came in, which would be three times as large. Invariant: every block
 * but the newest is full.
 */
import { copyFold, type Fold, type Observation } from './fold.ts';

/** A copy of the fold for so many readings: fewer take more memory, more are stepped again for a late one. */
export const BLOCK_READINGS = 16;
/** Numbers kept of a reading: measuredAt, receivedAt, and its marks. */
const STRIDE = 3;

export class ReadingBlock {
  readonly #before: Fold;
  readonly #numbers: number[] = [];
  readonly #values: Observation['values'][] = [];

  constructor(before: Fold) {
    this.#before = before;
  }

  /** The fold before the first reading: a copy. */
  before(): Fold {
    return copyFold(this.#before);
  }

  get isFull(): boolean {
    return this.#values.length === BLOCK_READINGS;
  }

  push({ measuredAt, receivedAt, quality, simulated, values }: Observation): void {
    // The quality's flags, and in the lowest bit whether it is a drill.
    this.#numbers.push(measuredAt, receivedAt, quality * 2 + (simulated ? 1 : 0));
    this.#values.push(values);
  }

  measuredAt(index: number): number {
    return this.#numbers[index * STRIDE] as number;
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
