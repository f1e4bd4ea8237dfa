/**
 * Port of the journal: the durable, ordered log of what devices sent, in entries of four kinds: readings, `status`,
 * `ack`, and what was rejected.
 *
 * Stands between quality and the PUBACK: `append` resolves when its batch is on disk. Everything after the
 * PUBACK (fleet, alerts, history, dispatch) follows it by id. Readings, messages (status and ack) and rejections
 * have ids of their own. Invariants: ids ascend without end and are never used twice; a reading (device, measuredAt,
 * values) is in it once, however often it is appended; whatever `append` has resolved for survives kill -9 and a power
 * cut.
 */
import type { Reading } from '../devices/reading.ts';
import type { KeptRejection, RejectedMessage } from '../devices/rejection.ts';
import type { DeviceMessage, MessageEntry } from './device-messages.ts';
import type { ThinOrder } from './thin-track.ts';
import type { Outcome, Waiter } from './waiter.ts';

export interface JournalEntry {
  readonly id: number;
  readonly reading: Reading;
}

export type AppendOutcome = Pick<Outcome, 'stored' | 'repeated'>;

export interface RejectionQuery {
  readonly device?: string;
  readonly reason?: string;
  /** Newest first; entries with a smaller id than this. */
  readonly before?: number;
  readonly limit: number;
}

/** One of the journal's logs, as a consumer follows it. */
export interface FollowedLog<Entry> {
  /** The newest id on disk; 0 when empty. */
  readonly lastId: number;
  /**
   * Up to `limit` entries with an id above `afterId`, ascending. Recent ones come from memory. Rejects after the end.
   */
  readAfter(afterId: number, limit: number): Promise<readonly Entry[]>;
  /** Resolves when an entry above `afterId` exists, or when `signal` aborts. Rejects after the journal's end. */
  waitForEntry(afterId: number, signal: AbortSignal): Promise<void>;
}

/** Followed as it stands: the readings. */
export interface Journal extends FollowedLog<JournalEntry>, AsyncDisposable {
  /** Resolves after the fsync of the commit that holds them all. Rejects with JournalError (disk full …). */
  append(
    readings: readonly Reading[],
    rejections: readonly RejectedMessage[],
    messages?: readonly DeviceMessage[],
  ): Promise<AppendOutcome>;
  /** The same, of which `waiter` is told: what the broker uses for each publish. Never throws. */
  appendFor(
    waiter: Waiter,
    readings: readonly Reading[],
    rejections: readonly RejectedMessage[],
    messages?: readonly DeviceMessage[],
  ): void;
  /** `status` and `ack`, to be followed. */
  readonly messages: FollowedLog<MessageEntry>;
  /** Payload bytes handed to `append` and not yet on disk. The broker stops reading above its bound. */
  readonly waitingBytes: number;
  /** Undefined when all is well, else a sentence: "the disk is full since 10:02". */
  readonly problem: string | undefined;
  /** The latest reading by measuredAt of every device (failed quality and `late` excluded), to restore the fleet. */
  latest(): Promise<readonly JournalEntry[]>;
  /** The newest `status` of every device, however old it is. */
  latestStatuses(): Promise<readonly MessageEntry[]>;
  rejections(query: RejectionQuery): Promise<readonly KeptRejection[]>;
  markReplayed(rejectionId: number, replayedAt: number): Promise<void>;
  /** What is stored takes more than its bytes: `trim` has something to do, unless a consumer is behind. */
  readonly isOverBound: boolean;
  /**
   * Deletes what retention allows, in small steps; never a reading above `keepAfterId`, nor a message above
   * `keepMessagesAfterId`. Returns how many readings and messages went.
   */
  trim(keepAfterId: number, now: number, keepMessagesAfterId?: number): Promise<number>;
  /**
   * Thins tracks that are older than `beforeMs`, as thin-track.ts says, in small steps. Returns how many readings went;
   * what is left after many steps goes with the next call.
   */
  thinTracks(order: ThinOrder): Promise<number>;
  /** Sets a file aside that somebody found damaged, and goes on with what is readable of it. */
  salvage(cause: string): Promise<void>;
  /** Writes a consistent copy to a new file while running. */
  backup(file: string): Promise<void>;
}

/** An operational failure of the journal: the readings are not on disk and must not be acknowledged. */
export class JournalError extends Error {
  readonly code: 'JOURNAL_FULL' | 'JOURNAL_IO' | 'JOURNAL_CLOSED' | 'JOURNAL_TOO_NEW';
  constructor(code: JournalError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
