/**
 * The k closest seen so far, in order: where the scan and the rings of the unit index put what they find.
 *
 * Invariant: sorted by (squared chord, id), so that two units at the same distance come in the same order
 * whichever way they were found; `worst` is what the next one must beat, Infinity until there are k.
 */
export class Closest {
  readonly #k: number;
  readonly #slots: number[] = [];
  readonly #squaredChords: number[] = [];
  readonly #ids: readonly string[];

  constructor(k: number, ids: readonly string[]) {
    this.#k = k;
    this.#ids = ids;
  }

  /** Squared chord of the k-th, or Infinity while there are fewer. */
  get worst(): number {
    return this.#slots.length < this.#k ? Number.POSITIVE_INFINITY : (this.#squaredChords.at(-1) as number);
  }

  offer(slot: number, squaredChord: number): void {
    const full = this.#slots.length === this.#k;
    if (full && squaredChord > this.worst) return;
    let at = this.#slots.length;
    while (at > 0 && this.#comesBefore(slot, squaredChord, at - 1)) at--;
    if (at === this.#k) return;
    // k is small (a dispatcher looks at five): an insertion beats a heap.
    this.#slots.splice(at, 0, slot);
    this.#squaredChords.splice(at, 0, squaredChord);
    if (full) {
      this.#slots.pop();
      this.#squaredChords.pop();
    }
  }

  *entries(): Generator<{ slot: number; squaredChord: number }> {
    for (const [index, slot] of this.#slots.entries()) {
      yield { slot, squaredChord: this.#squaredChords[index] as number };
    }
  }

  #comesBefore(slot: number, squaredChord: number, index: number): boolean {
    const other = this.#squaredChords[index] as number;
    if (squaredChord !== other) return squaredChord < other;
    return (this.#ids[slot] as string) < (this.#ids[this.#slots[index] as number] as string);
  }
}
