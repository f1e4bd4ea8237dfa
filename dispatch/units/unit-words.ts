/**
 * What the crews last said of themselves, by unit, and which of it is news.
 *
 * Filled by the board from readings, believed and not. Invariant: an older word never takes the place of a newer
 * one, by the device's clock.
 */
import type { DeviceClock } from '../../clock/device-clock.ts';
import { ownTimeOf, type Reading } from '../../devices/reading.ts';
import { type SaidAt, timeWord } from './unit-clock.ts';
import { compareWords } from './word-order.ts';

/** What a crew has said of itself. */
export interface Word {
  readonly status: string;
  /** By the device's clock; undefined where it gave no time. */
  readonly ownMs: number | undefined;
  readonly receivedAt: number;
  readonly saidAt: SaidAt;
  /** What it had said before; undefined of the first word. */
  readonly before: string | undefined;
  /** Its tracker began to count anew: it may be the default of a tracker and no word of a crew. */
  readonly isRestart: boolean;
  /** It may have been said before the one before, by a clock that was set between them. */
  readonly isOutOfOrder: boolean;
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
  readonly #clockOf: (unit: string) => DeviceClock | undefined;
  /** The last word of each unit, kept when a reading comes without one. */
  readonly #words = new Map<string, Word>();
  /** The last `seq` of each unit that counts its readings. */
  readonly #seqs = new Map<string, number>();

  /** `clockOf` says what is believed of a unit's clock, by its readings up to the one that is observed. */
  constructor(clockOf: (unit: string) => DeviceClock | undefined) {
    this.#clockOf = clockOf;
  }

  /** Our clock was set by `stepMs` and says `nowMs`: each word was said as long ago as before. */
  clockSet(nowMs: number, stepMs: number): void {
    const shifted = (atMs: number) => Math.min(nowMs, atMs + stepMs);
    for (const [unit, word] of this.#words) {
      const { earliestMs, latestMs } = word.saidAt;
      const saidAt = { earliestMs: shifted(earliestMs), latestMs: shifted(latestMs) };
      this.#words.set(unit, { ...word, receivedAt: shifted(word.receivedAt), saidAt });
    }
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
    const { device, receivedAt, seq } = reading;
    const { status } = reading.values;
    const saidAt = timeWord(this.#clockOf(device), reading);
    const lastSeq = this.#seqs.get(device);
    if (seq !== undefined) this.#seqs.set(device, seq);
    const before = this.#words.get(device);
    if (typeof status !== 'string') return { saidAt };
    const ownMs = ownTimeOf(reading);
    const order = before ? compareWords(before, { saidAt, ownMs, receivedAt }) : 'after';
    if (order === 'before') return { saidAt };
    const isRestart = seq !== undefined && lastSeq !== undefined && seq < lastSeq;
    const word: Word = {
      ...{ status, ownMs, receivedAt, saidAt, isRestart },
      before: before?.status,
      isOutOfOrder: order === 'unsure',
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
