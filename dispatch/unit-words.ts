/**
 * What the crews last said of themselves, by unit, and which of it is news.
 *
 * Filled by the board from readings, believed and not. Invariant: an older word never takes the place of a newer
 * one, by the device's clock.
 */
import type { Reading } from '../devices/reading.ts';
import type { SaidAt, UnitClocks } from './unit-clock.ts';

/** What a crew has said of itself. */
export interface Word {
  readonly status: string;
  readonly measuredAt: number;
  readonly receivedAt: number;
  readonly saidAt: SaidAt;
  /** What it had said before; undefined of the first word. */
  readonly before: string | undefined;
  /** Its tracker began to count anew: it may be the default of a tracker and no word of a crew. */
  readonly isRestart: boolean;
  /** It had no effect although it should have: the same word counts as new. */
  readonly isLost: boolean;
}

/** What one reading says of its unit. */
export interface Observation {
  /** When it was measured, by our clock. */
  readonly saidAt: SaidAt;
  /** The crew's word, new or repeated. */
  readonly status?: string;
  /** It, when it is another than before. */
  readonly changed?: Word;
}

export class UnitWords {
  readonly #clocks: UnitClocks;
  /** The last word of each unit, kept when a reading comes without one. */
  readonly #words = new Map<string, Word>();
  /** The last `seq` of each unit that counts its readings. */
  readonly #seqs = new Map<string, number>();

  constructor(clocks: UnitClocks) {
    this.#clocks = clocks;
  }

  of(unit: string): Word | undefined {
    return this.#words.get(unit);
  }

  /** What the crew said could not be worked off: when it says so again, that is a change. */
  lose(unit: string, status: string): void {
    const word = this.#words.get(unit);
    if (word?.status === status) this.#words.set(unit, { ...word, isLost: true });
  }

  /** `changed` is the crew's word when it is another than before. */
  observe(reading: Reading): Observation {
    const { device, measuredAt, receivedAt, seq } = reading;
    const { status } = reading.values;
    const saidAt = this.#clocks.observe(reading);
    const lastSeq = this.#seqs.get(device);
    if (seq !== undefined) this.#seqs.set(device, seq);
    const before = this.#words.get(device);
    if (typeof status !== 'string' || (before && before.measuredAt > measuredAt)) return { saidAt };
    const isRestart = seq !== undefined && lastSeq !== undefined && seq < lastSeq;
    const word: Word = {
      status,
      measuredAt,
      receivedAt,
      saidAt,
      before: before?.status,
      isRestart,
      isLost: false,
    };
    this.#words.set(device, word);
    // The first word after a start may be the hundredth of its tracker: that it is free frees nobody.
    if (!before && status === 'available') return { saidAt, status };
    return status === before?.status && !before.isLost
      ? { saidAt, status }
      : { saidAt, status, changed: word };
  }
}
