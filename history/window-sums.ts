/**
 * Down-sampling: points in order of time → one row a window, an aggregate a quantity.
 *
 * A pass over packed points without an object a point: 30 days of a gauge are 43,200 of them. Invariants:
 * points of failed quality do not count; a window without any value gives no row; `last` is the last of each
 * quantity, which need not be of the same instant.
 */
import { FAILED_QUALITY } from '../devices/reading.ts';
import type { Aggregate } from './history.ts';
import { POINT_MASK, POINT_QUALITY, POINT_VALUES } from './points.ts';
import { windowStart, type ZoneOffset } from './zone-offset.ts';

/** Rows of [start, value of quantity 0, …], NaN where a quantity has none. */
export interface WindowRows {
  readonly width: number;
  readonly numbers: number[];
}

export interface WindowSumsOptions {
  readonly everyMs: number;
  readonly fn: Aggregate;
  readonly offset: ZoneOffset;
  /** For each bit of the mask the place of its quantity in a row, or −1 where it is not wanted. */
  readonly places: readonly number[];
  /** Quantities in a row. */
  readonly width: number;
  /** No more rows than this. */
  readonly maxRows: number;
  /** For `increase`: where each quantity stood before the first point, NaN where that is not known. */
  readonly before?: Float64Array;
}

export class WindowSums {
  readonly #options: WindowSumsOptions;
  readonly #rows: number[] = [];
  #startMs = Number.NaN;
  readonly #counts: Float64Array;
  readonly #folded: Float64Array;
  readonly #previous: Float64Array;

  constructor(options: WindowSumsOptions) {
    this.#options = options;
    this.#counts = new Float64Array(options.width);
    this.#folded = new Float64Array(options.width);
    this.#previous = options.before ?? new Float64Array(options.width).fill(Number.NaN);
  }

  get isFull(): boolean {
    return this.#rows.length >= this.#options.maxRows * (this.#options.width + 1);
  }

  /** Takes points that are not earlier than those before. */
  add(points: Float64Array): void {
    const { everyMs, offset, places } = this.#options;
    for (let at = 0; at < points.length && !this.isFull; ) {
      const mask = points[at + POINT_MASK] as number;
      const isFailed = ((points[at + POINT_QUALITY] as number) & FAILED_QUALITY) !== 0;
      const startMs = windowStart(points[at] as number, everyMs, offset);
      if (!isFailed && startMs !== this.#startMs) this.#begin(startMs);
      at += POINT_VALUES;
      for (let bit = 0; bit < places.length; bit++) {
        if (!(mask & (1 << bit))) continue;
        const place = places[bit] as number;
        if (place >= 0 && !isFailed) this.#fold(place, points[at] as number);
        at++;
      }
    }
  }

  finish(): WindowRows {
    this.#begin(Number.NaN);
    return { width: this.#options.width, numbers: this.#rows };
  }

  #fold(place: number, value: number): void {
    const count = this.#counts[place] as number;
    const folded = this.#folded[place] as number;
    this.#counts[place] = count + 1;
    switch (this.#options.fn) {
      case 'mean':
        this.#folded[place] = folded + value;
        return;
      case 'min':
        if (count === 0 || value < folded) this.#folded[place] = value;
        return;
      case 'max':
        if (count === 0 || value > folded) this.#folded[place] = value;
        return;
      case 'increase':
        this.#folded[place] = folded + growth(this.#previous[place] as number, value);
        this.#previous[place] = value;
        return;
      case 'last':
      case 'count':
        this.#folded[place] = value;
    }
  }

  #begin(startMs: number): void {
    if (!this.isFull && this.#counts.some((count) => count > 0)) {
      this.#rows.push(this.#startMs);
      for (let place = 0; place < this.#counts.length; place++) this.#rows.push(this.#result(place));
    }
    this.#counts.fill(0);
    this.#folded.fill(0);
    this.#startMs = startMs;
  }

  #result(place: number): number {
    const count = this.#counts[place] as number;
    if (count === 0) return Number.NaN;
    if (this.#options.fn === 'count') return count;
    const folded = this.#folded[place] as number;
    return this.#options.fn === 'mean' ? folded / count : folded;
  }
}

/** Of a counter; 0 where it is heard for the first time, and the whole of it after it began again from 0. */
function growth(before: number, value: number): number {
  if (Number.isNaN(before)) return 0;
  return value >= before ? value - before : value;
}
