/**
 * JournalPressure: the one bound that all connections share, in payload bytes that await the disk.
 *
 * Above `maxBytes` no PUBLISH of anybody is read; at half of it everybody is woken. Invariant: whoever was
 * held for the journal is woken once when it is free again, so that nobody waits for ever.
 */
export class JournalPressure {
  readonly #waitingBytes: () => number;
  readonly #maxBytes: number;
  readonly #onRelief: () => void;
  #busy = false;

  constructor(waitingBytes: () => number, maxBytes: number, onRelief: () => void) {
    this.#waitingBytes = waitingBytes;
    this.#maxBytes = maxBytes;
    this.#onRelief = onRelief;
  }

  get isBusy(): boolean {
    return this.#busy;
  }

  /** Called after each publish handed to the journal and after each one it settled. */
  look(): void {
    const bytes = this.#waitingBytes();
    if (!this.#busy) this.#busy = bytes > this.#maxBytes;
    else if (bytes <= this.#maxBytes / 2) {
      this.#busy = false;
      this.#onRelief();
    }
  }
}
