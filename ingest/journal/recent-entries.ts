/**
 * The newest entries in memory, so that consumers in the steady state never read the disk.
 *
 * A ring by id, bounded by count and by bytes; the oldest go. Invariant: the ids in it have no gap, which
 * makes the place of an id its remainder.
 */
import type { JournalEntry } from './journal.ts';

export class RecentEntries {
  readonly #ring: (JournalEntry | undefined)[];
  readonly #bytes: Float64Array;
  readonly #maxBytes: number;
  #firstId = 1;
  #lastId = 0;
  #heldBytes = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#ring = new Array<JournalEntry | undefined>(maxEntries).fill(undefined);
    this.#bytes = new Float64Array(maxEntries);
    this.#maxBytes = maxBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  push(entry: JournalEntry, bytes: number): void {
    if (entry.id !== this.#lastId + 1) this.#startAt(entry.id);
    const place = entry.id % this.#ring.length;
    if (this.#lastId - this.#firstId + 1 === this.#ring.length) this.#dropFirst();
    this.#ring[place] = entry;
    this.#bytes[place] = bytes;
    this.#heldBytes += bytes;
    this.#lastId = entry.id;
    while (this.#heldBytes > this.#maxBytes && this.#firstId < this.#lastId) this.#dropFirst();
  }

  /** Entries after `afterId`; undefined when some of them are only on disk. */
  after(afterId: number, limit: number): readonly JournalEntry[] | undefined {
    if (this.#lastId < this.#firstId || afterId + 1 < this.#firstId) return undefined;
    const last = Math.min(this.#lastId, afterId + limit);
    const entries: JournalEntry[] = [];
    for (let id = afterId + 1; id <= last; id++)
      entries.push(this.#ring[id % this.#ring.length] as JournalEntry);
    return entries;
  }

  dropThrough(id: number): void {
    while (this.#firstId <= Math.min(id, this.#lastId)) this.#dropFirst();
  }

  #startAt(id: number): void {
    while (this.#firstId <= this.#lastId) this.#dropFirst();
    this.#firstId = id;
    this.#lastId = id - 1;
  }

  #dropFirst(): void {
    const place = this.#firstId % this.#ring.length;
    this.#heldBytes -= this.#bytes[place] as number;
    this.#ring[place] = undefined;
    this.#firstId++;
  }
}
