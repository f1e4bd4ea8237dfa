/**
 * Port of the log outside this machine, to which each group commit goes before the journal's own file.
 *
 * The log gives the ids; the journal stores what it wrote under the same ones. So an id means the same in every journal
 * that follows one log, and a cursor counts in all of them. Invariant: what the journal holds, the log has; what the
 * log has and the journal lacks lies behind the journal's last id, or is noted as lost; it is copied at the next start.
 */
import type { Reading } from '../devices/reading.ts';
import type { RejectedMessage } from '../devices/rejection.ts';
import type { DeviceMessage } from './device-messages.ts';
import type { Journal } from './journal.ts';

/** What one group commit holds, each kind in the order in which it came. */
export interface LogBatch {
  readonly readings: readonly Reading[];
  readonly messages: readonly DeviceMessage[];
  readonly rejections: readonly RejectedMessage[];
}

/**
 * One id for each entry of a batch, in its order. Ids of new entries ascend; a reading that the log had already bears
 * the id that it was given then.
 */
export interface GivenIds {
  readonly readings: readonly number[];
  readonly messages: readonly number[];
  readonly rejections: readonly number[];
}

/** First and last of ids that follow each other. */
export type IdSpan = readonly [number, number];
/** Ids under which a journal may have lost what it had. */
export type LostIds = Readonly<Record<keyof GivenIds, readonly IdSpan[]>>;

export interface JournalLog {
  /**
   * Resolves when the log has the batch for good, however often it has to try. Rejects with JournalError where it will
   * not try again: after `end`, or where another server owns the city. One batch at a time.
   */
  append(batch: LogBatch): Promise<GivenIds>;
  /** Undefined when all is well, else a sentence. */
  readonly problem: string | undefined;
  /** From now on what fails is not tried again. */
  end(): void;
}

/** A journal that also takes what a log has given ids to. */
export interface CopyingJournal extends Journal {
  /** Stores entries under ids of the log, above those that it has; resolves when they are on disk. */
  copy(batch: LogBatch, ids: GivenIds): Promise<void>;
  /** The same of ids below those that it has; what it has it keeps as it is. */
  refill(batch: LogBatch, ids: GivenIds): Promise<void>;
  /** What a loss may have taken, until `forgetLostIds`. */
  lostIds(): Promise<LostIds>;
  /** The log was asked for all of them, and had some: who has built on the ids or the numbers of names builds anew. */
  forgetLostIds(hadSome: boolean): Promise<void>;
}
