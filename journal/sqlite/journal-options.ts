/**
 * What openJournal is given: where the file is, its bounds, and to whom it reports.
 * The bounds come from the configuration, which says why each has its value. Invariant: no default here hides
 * a bound that an operator may want to set.
 */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { JournalLog } from '../journal-log.ts';

export interface JournalOptions {
  readonly file: string;
  /** Readings in one commit. */
  readonly maxBatch: number;
  readonly maxWaitingBytes: number;
  readonly maxRejections: number;
  readonly retentionMs: number;
  readonly maxBytes: number;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly now: () => number;
  /** Told of the device of each reading that the journal had already, for data health. */
  readonly onRepeat?: (device: string) => void;
  /** Told once when a thread of the journal has died: from then on nothing is stored, and only a restart helps. */
  readonly onDeath?: (error: Error) => void;
  /** Where each group commit goes before the file; it gives the ids. */
  readonly outside?: JournalLog;
  /**
   * Its ids are those of a log, also where it does not write there itself: a standby's. Where there is `outside`, they
   * are.
   */
  readonly followsLog?: boolean;
  /** Newest entries kept in memory. */
  readonly recentEntries?: number;
}
