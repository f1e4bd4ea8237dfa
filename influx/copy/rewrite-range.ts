/**
 * A range of the journal that is written to InfluxDB again: by order, or since a comparison found less there.
 *
 * Goes through the journal by id, batch by batch, in the turns that copy-journal.ts gives it, up to where the copy
 * itself has come: so of two readings of one instant the later still arrives last. Invariants: it begins before the
 * first reading of the range, and takes those too that came late; what it writes is what the copy would write.
 */
import type { Reading } from '../../devices/reading.ts';
import type { Journal, JournalEntry } from '../../journal/journal.ts';

export interface RewriteRange {
  /** [fromMs, toMs) of measuredAt. */
  readonly fromMs: number;
  readonly toMs: number;
  /** All kinds when absent. */
  readonly kind?: string;
  /** The id up to which it is done, of a rewrite that was begun before. */
  readonly position?: number;
  /** Told after each batch. */
  readonly onProgress?: (position: number) => Promise<void>;
}

/** A device's clock may be ahead of ours, and ours may have been set: no reading is received so long before. */
const RECEIVED_BEFORE_MS = 3_600_000;
/** A batch of the journal may hold little of the range: it is read, not written. */
const READ_ENTRIES = 5_000;

export class Rewrite {
  readonly #journal: Pick<Journal, 'readAfter' | 'lastId'>;
  readonly #range: RewriteRange;
  readonly #done = Promise.withResolvers<number>();
  #position: number | undefined;
  #written = 0;

  constructor(journal: Pick<Journal, 'readAfter' | 'lastId'>, range: RewriteRange) {
    this.#journal = journal;
    this.#range = range;
    this.#position = range.position;
    // Who asked may have gone when it is given up.
    this.#done.promise.catch(() => undefined);
  }

  /** How many readings were written, once it is done. */
  get done(): Promise<number> {
    return this.#done.promise;
  }

  get position(): number {
    return this.#position ?? 0;
  }

  giveUp(reason: Error): void {
    this.#done.reject(reason);
  }

  /** Writes the next batch, at most up to `throughId`; false once it is done. */
  async step(throughId: number, write: (readings: readonly Reading[]) => Promise<void>): Promise<boolean> {
    this.#position ??= await this.#firstPosition();
    const entries = await this.#journal.readAfter(this.#position, READ_ENTRIES);
    const known = entries.filter(({ id }) => id <= throughId);
    const last = known.at(-1);
    if (!last) {
      this.#done.resolve(this.#written);
      return false;
    }
    const readings = known.filter((entry) => this.#isWanted(entry)).map(({ reading }) => reading);
    if (readings.length > 0) await write(readings);
    this.#written += readings.length;
    this.#position = last.id;
    await this.#range.onProgress?.(last.id);
    return true;
  }

  #isWanted({ reading: { measuredAt, kind } }: JournalEntry): boolean {
    const { fromMs, toMs, kind: wanted } = this.#range;
    return measuredAt >= fromMs && measuredAt < toMs && (wanted === undefined || wanted === kind);
  }

  /** An id before the first reading that can be of the range: readings stand in the order of their receipt. */
  async #firstPosition(): Promise<number> {
    const receivedMs = this.#range.fromMs - RECEIVED_BEFORE_MS;
    let low = 0;
    let high = this.#journal.lastId;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [entry] = await this.#journal.readAfter(middle, 1);
      if (entry && entry.reading.receivedAt < receivedMs) low = entry.id;
      else high = middle;
    }
    return low;
  }
}
