/**
 * Ladder state: the steps of a ladder, and what it keeps of the values that went over them.
 *
 * Moved by ladder.ts, saved with the memory of the rule that has it. Invariant: its fields are replaced, never changed.
 */
import type { Rank } from '../alert.ts';
import type { Doubt, Spikes } from './doubt.ts';

export interface LadderStep {
  readonly rank: Rank;
  readonly level: number;
  readonly comparator: '>=' | '>';
  /** The value must meet the step for this long. The top step of a river's is always 0. */
  readonly pendingMs: number;
  /** … or for so many report intervals of the device itself, where that is less. */
  readonly pendingIntervals?: number;
}

export interface LadderParameters {
  /** Ascending. */
  readonly steps: readonly LadderStep[];
  /** A step is left at `level − hysteresis` or below. */
  readonly hysteresis: number;
  /** Readings in a row below, before a step is left: at least 2, so that one dip clears nothing. */
  readonly clearReadings: number;
  /** The hold in report intervals of the device itself, within bounds. */
  readonly holdIntervals: number;
  readonly holdMinMs: number;
  readonly holdMaxMs: number;
  /** A rise between two readings beyond this is doubted. Infinity never doubts. */
  readonly jump: number;
  /** The value of an ordinary day: what the very first reading is held against. */
  readonly ordinary?: number;
}

export interface Run {
  readonly since: number;
  readonly count: number;
}

export interface LadderState {
  rank: Rank;
  previous: number | undefined;
  /** The one before: a single drop must not make the return from it look like a jump. */
  before: number | undefined;
  /** By step: since when the value meets it without a break, while it pends. */
  metSince: readonly (number | null)[] | undefined;
  /** By step: the run of readings that have left it, while it is still held. */
  below: readonly (Run | null)[] | undefined;
  doubt: Doubt | undefined;
  /** When a jump was last taken back. */
  spikedAt: number | undefined;
  spikes: Spikes | undefined;
  /**
   * By step: how far the values of a noisy subject have been beyond it since they were last below, in sums of its
   * noise.
   */
  beyond: readonly number[] | undefined;
}

export const LADDER_START: Readonly<LadderState> = Object.freeze({
  rank: 0,
  previous: undefined,
  before: undefined,
  metSince: undefined,
  below: undefined,
  doubt: undefined,
  spikedAt: undefined,
  spikes: undefined,
  beyond: undefined,
});

/** What is known of the subject besides its ladder. */
export interface LadderBounds {
  /** A jump beyond this is more than was ever done. */
  readonly far?: number;
  /** The way up to here is no rise to continue. */
  readonly low?: number;
  /** Without it the lowest rank stays, however long the value is below. */
  readonly mayEnd?: boolean;
  /** The standard deviation of its values; 0 where they can be taken as they are. */
  readonly noise?: number;
  /** In place of the parameters' own, for noise. */
  readonly hysteresis?: number;
}
