/**
 * The newest entries in memory, so that consumers in the steady state never read the disk.
 *
 * Kept as the numbers that went to the disk, in a ring of fixed size, and decoded for who asks: objects would
 * live just long enough to be copied by the garbage collector, twice, and thrown away. What was decoded last is
 * kept for the other consumers, which ask for the same a moment later. The oldest go when a new one needs their
 * place. Invariant: the ids in it have no gap, which makes the place of an id its remainder.
 */
import type { JournalEntry } from '../../journal.ts';
import type { ReadingCodec } from '../file/reading-codec.ts';
import { RECORD_DEVICE, RECORD_MEASURED_AT, RECORD_STORED } from '../file/record-layout.ts';

export interface RecentEntriesOptions {
  readonly codec: ReadingCodec;
  readonly maxEntries: number;
  /** Of the ring, which is there from the start; the system gives it memory as it fills. */
  readonly maxBytes: number;
}

export class RecentEntries {
  readonly #codec: ReadingCodec;
  /** Records in the layout of record-layout.ts, none of them cut at the ring's end. */
  readonly #ring: Float64Array;
  /** By id modulo its length: where the record starts in the ring. */
  readonly #starts: Uint32Array;
  #firstId = 1;
  #lastId = 0;
  /** Where the next record goes. */
  #end = 0;
  /** What `after` gave last. More of them would outlive the young generation and cost more than they save. */
  #decoded: readonly JournalEntry[] = [];

  constructor({ codec, maxEntries, maxBytes }: RecentEntriesOptions) {
    this.#codec = codec;
    this.#ring = new Float64Array(Math.floor(maxBytes / 8));
    this.#starts = new Uint32Array(maxEntries);
  }

  get count(): number {
    return this.#lastId - this.#firstId + 1;
  }

  /** Copies the record of `length` numbers that starts at `start` in `records`. */
  push(id: number, records: Float64Array, start: number, length: number): void {
    if (id !== this.#lastId + 1) this.#startAt(id);
    if (this.count === this.#starts.length) this.#firstId++;
    if (this.#end + length > this.#ring.length) {
      // What lies between here and the ring's end is older than what lies at its begin.
      while (this.count > 0 && this.#startOf(this.#firstId) >= this.#end) this.#firstId++;
      this.#end = 0;
    }
    while (this.count > 0 && this.#overlaps(this.#firstId, length)) this.#firstId++;
    for (let i = 0; i < length; i++) this.#ring[this.#end + i] = records[start + i] as number;
    this.#starts[id % this.#starts.length] = this.#end;
    this.#end += length;
    this.#lastId = id;
  }

  /** Entries after `afterId`, fewer where others were given fewer; undefined when some are only on disk. */
  after(afterId: number, limit: number): readonly JournalEntry[] | undefined {
    if (this.count === 0 || afterId + 1 < this.#firstId) return undefined;
    if (this.#decoded[0]?.id === afterId + 1 && this.#decoded.length <= limit) return this.#decoded;
    const last = Math.min(this.#lastId, afterId + limit);
    const entries: JournalEntry[] = [];
    for (let id = afterId + 1; id <= last; id++) entries.push({ id, reading: this.#decode(id) });
    this.#decoded = entries;
    return entries;
  }

  dropThrough(id: number): void {
    this.#firstId = Math.max(this.#firstId, Math.min(id, this.#lastId) + 1);
  }

  #decode(id: number): JournalEntry['reading'] {
    const start = this.#startOf(id);
    const device = this.#ring[start + RECORD_DEVICE] as number;
    const measuredAt = this.#ring[start + RECORD_MEASURED_AT] as number;
    return this.#codec.decode(device, measuredAt, this.#ring, start + RECORD_STORED);
  }

  #startOf(id: number): number {
    return this.#starts[id % this.#starts.length] as number;
  }

  /** Whether the record of `id` starts within the next `length` numbers. */
  #overlaps(id: number, length: number): boolean {
    const start = this.#startOf(id);
    return start >= this.#end && start < this.#end + length;
  }

  #startAt(id: number): void {
    this.#decoded = [];
    this.#firstId = id;
    this.#lastId = id - 1;
  }
}
