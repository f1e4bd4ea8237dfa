/**
 * Timeline: the readings of one device in order of measuredAt, folded by its rules.
 *
 * In order, a reading costs one step of the head. Out of order but within the watermark it is put in its place
 * and the fold is done again from the copy before it, so that the outcome is that of the ordered run.
 * Invariants: the head depends on the set of readings taken and not on the order of their arrival; a repeated
 * reading changes nothing; a reading older than the watermark is history and never moves the present.
 */
import type { Reading } from '../../devices/reading.ts';
import { copyFold, createFold, type Fold, stepFold } from './fold.ts';
import type { Observation } from './observation.ts';
import { BLOCK_READINGS, ReadingBlock } from './reading-block.ts';
import type { BoundRule } from './rule.ts';
import { WATERMARK_MS } from './watermark.ts';

/** Where a reading belongs that the timeline was given. */
export type Placement = 'newest' | 'reordered' | 'repeated' | 'late';

/** Readings that can be reordered; a device that reports faster than one in 4 s has a shorter watermark. */
export const MAX_ENTRIES = 32;

export class Timeline {
  readonly #rules: readonly BoundRule[];
  #head: Fold;
  /** Oldest first; the oldest begins with readings that are settled, kept for the sake of those after them. */
  #blocks: ReadingBlock[] = [];
  #settled = 0;
  /** Of the newest settled reading: nothing is put before it. */
  #settledAt: number;
  /** Readings after those, which a late one may still reorder. */
  #open = 0;

  /** Goes on from a fold, which becomes the timeline's own. */
  constructor(rules: readonly BoundRule[], base: Fold, readings: Iterable<Observation> = []) {
    this.#rules = rules;
    this.#head = base;
    this.#settledAt = base.measuredAt;
    for (const reading of readings) this.#append(reading);
  }

  /** Everything taken, folded. Moves with the next reading. */
  get head(): Readonly<Fold> {
    return this.#head;
  }

  get isSettled(): boolean {
    return this.#open === 0;
  }

  /** Takes a reading into its place. The head has moved unless the placement is `repeated` or `late`. */
  insert(reading: Reading): Placement {
    const at = reading.measuredAt;
    const headAt = this.#head.measuredAt;
    if (at > headAt) {
      this.#append(reading);
      this.#settle(at - WATERMARK_MS);
      return 'newest';
    }
    if (at <= this.#settledAt || at <= headAt - WATERMARK_MS) return 'late';
    return this.#reorder(reading);
  }

  /** Whether it is among those that are not settled. */
  has(reading: Observation): boolean {
    for (let index = this.#settled + this.#open; index > this.#settled; index--) {
      const order = this.#compare(index - 1, reading);
      if (order <= 0) return order === 0;
    }
    return false;
  }

  #append(reading: Observation): void {
    let block = this.#blocks.at(-1);
    if (!block || block.isFull) {
      block = new ReadingBlock(copyFold(this.#head));
      this.#blocks.push(block);
    }
    block.push(reading);
    this.#open++;
    stepFold(this.#head, this.#rules, reading);
  }

  #reorder(reading: Reading): Placement {
    const count = this.#settled + this.#open;
    let index = count;
    for (; index > this.#settled; index--) {
      const order = this.#compare(index - 1, reading);
      if (order === 0) return 'repeated';
      if (order < 0) break;
    }
    if (index === count) this.#append(reading);
    else this.#foldAgain(index, reading);
    this.#settle(this.#head.measuredAt - WATERMARK_MS);
    return index === count ? 'newest' : 'reordered';
  }

  /** Puts a reading before the one that is `index`-th now, and folds from the block in which that is. */
  #foldAgain(index: number, reading: Reading): void {
    const from = Math.floor(index / BLOCK_READINGS);
    const first = from * BLOCK_READINGS;
    const count = this.#settled + this.#open;
    const again: Observation[] = [];
    for (let each = first; each < count; each++) again.push(this.#readingAt(each));
    again.splice(index - first, 0, reading);
    this.#head = (this.#blocks[from] as ReadingBlock).before();
    this.#blocks.length = from;
    this.#open = first - this.#settled;
    for (const each of again) this.#append(each);
  }

  /** Moves the border before which nothing is reordered any more; the newest reading stays behind it. */
  #settle(beforeMs: number): void {
    while (this.#open > 1) {
      const at = (this.#blocks[0] as ReadingBlock).measuredAt(this.#settled);
      if (at > beforeMs && this.#open <= MAX_ENTRIES) return;
      this.#settledAt = at;
      this.#settled++;
      this.#open--;
      if (this.#settled < BLOCK_READINGS) continue;
      this.#blocks.shift();
      this.#settled = 0;
    }
  }

  #readingAt(index: number): Observation {
    return this.#blockOf(index).reading(index % BLOCK_READINGS);
  }

  #compare(index: number, reading: Observation): number {
    return this.#blockOf(index).compare(index % BLOCK_READINGS, reading);
  }

  #blockOf(index: number): ReadingBlock {
    return this.#blocks[Math.floor(index / BLOCK_READINGS)] as ReadingBlock;
  }

  /** The fold of everything that is settled: a copy. */
  base(): Fold {
    const [oldest] = this.#blocks;
    if (!oldest) return copyFold(this.#head);
    const fold = oldest.before();
    for (let index = 0; index < this.#settled; index++) stepFold(fold, this.#rules, oldest.reading(index));
    return fold;
  }

  /** The newest readings that are not settled, oldest first. */
  newest(count = this.#open): Observation[] {
    const end = this.#settled + this.#open;
    const readings: Observation[] = [];
    for (let index = end - Math.min(count, this.#open); index < end; index++) {
      readings.push(this.#readingAt(index));
    }
    return readings;
  }
}

export function createTimeline(rules: readonly BoundRule[], intervalMs: number): Timeline {
  return new Timeline(rules, createFold(rules, intervalMs));
}
