/**
 * What the event loop (open-journal.ts) and the journal's threads say to each other.
 *
 * Appends go as packed numbers and come back as ids; the rest are calls (worker-calls.ts). Invariant: batches
 * are committed and answered in the order in which they were posted.
 */
import type { DeviceMessage, MessageEntry } from '../device-messages.ts';
import type { RejectionQuery } from '../journal.ts';
import type { GivenIds, LostIds } from '../journal-log.ts';
import type { ThinOrder } from '../thin-track.ts';
import type { Dictionary } from './file/dictionary.ts';
import type { LeftOpen } from './file/open-mark.ts';
import type { ThinOutcome } from './upkeep/thin-readings.ts';

/** What was not understood, packed: one text for all of it, and the payloads end to end. */
export interface PackedRejections {
  /** JSON of RejectionRow[]. */
  readonly json: string;
  readonly payloads: Uint8Array<ArrayBuffer>;
}

export interface RejectionRow {
  readonly device: string | null;
  readonly reason: string;
  readonly detail: string;
  readonly topic: string;
  readonly clientId: string;
  readonly receivedAt: number;
  readonly payloadBytes: number;
}

export interface BatchMessage {
  readonly append: true;
  /** Encoded readings end to end, see record-layout.ts. */
  readonly records: Float64Array<ArrayBuffer>;
  readonly count: number;
  readonly dictionary?: Dictionary;
  readonly rejections?: PackedRejections;
  /** Few: they go as they are. */
  readonly messages?: readonly DeviceMessage[];
  /** The ids that a log outside gave to its entries; without one the file gives them. */
  readonly given?: GivenIds;
  /** Its entries have ids below the last, and those that are there already stay as they are. */
  readonly isRefill?: boolean;
}

/** What the log of messages holds; its bounds are in message-log.ts. */
export interface MessagesHeld {
  readonly count: number;
  readonly bytes: number;
}

export interface BatchOutcome {
  /** Stored readings have this id and the following ones without a gap. */
  readonly firstId: number;
  /** Positions in the batch of the readings that the journal had. */
  readonly repeats: readonly number[];
  /** The same of its messages. */
  readonly firstMessageId: number;
  /** The batch's buffer, given back to be used again. */
  readonly records: Float64Array<ArrayBuffer>;
}

export type WriterEvent =
  | {
      readonly event: 'committed';
      readonly outcomes: readonly BatchOutcome[];
      readonly commitMs: number;
      readonly count: number;
      readonly rejections: number;
      readonly rejectionsDropped: number;
      /** Of them what went because its own device was beyond its share. */
      readonly rejectionsOfShare: number;
      /** Who that is, each once an hour. */
      readonly beyondShare: readonly string[];
      readonly messagesHeld: MessagesHeld;
      readonly fileBytes: number;
      /** Of it what is in use; the rest are free pages. */
      readonly usedBytes: number;
    }
  /** The commit of what waits does not succeed, and is tried again. */
  | { readonly event: 'problem'; readonly sentence: string; readonly cause: string }
  | { readonly event: 'well' }
  /** These many batches, the oldest ones, are not on disk and will not be. */
  | {
      readonly event: 'gave-up';
      readonly batches: number;
      readonly code: 'JOURNAL_IO' | 'JOURNAL_CLOSED';
      readonly cause: string;
    }
  | { readonly event: 'salvaged'; readonly report: SalvageReport };

export interface SalvageReport {
  readonly cause: string;
  /** Where the damaged file is now. */
  readonly setAside: string;
  readonly readings: number;
  readonly rejections: number;
  readonly messages: number;
  /** Ranges of ids that could not be read, first and last of each; only the first hundred. */
  readonly unreadable: readonly (readonly [number, number])[];
}

export interface WriterData {
  readonly file: string;
  readonly openedAt: number;
  readonly maxBatch: number;
  readonly maxRejections: number;
  readonly retentionMs: number;
  readonly maxBytes: number;
  /** A log outside gives the ids: none has to be left out where some may have been lost. */
  readonly followsLog: boolean;
}

export interface OpenedJournal {
  readonly dictionary: Dictionary;
  readonly lastId: number;
  readonly lastMessageId: number;
  readonly messagesHeld: MessagesHeld;
  readonly fileBytes: number;
  readonly usedBytes: number;
  readonly salvage?: SalvageReport;
  readonly lostLog?: LostLogReport;
  readonly leftOpen?: LeftOpenReport;
}

/** The last run did not close the journal, and its files are not as it left them: see open-mark.ts. */
export interface LeftOpenReport {
  readonly fault: NonNullable<LeftOpen>;
  /**
   * Where a log went and none outside gives the ids: those that may have been given to what was lost; they are not
   * given again.
   */
  readonly skippedIds?: readonly [number, number];
}

/** Acknowledged commits were in the write-ahead log and cannot be read. */
export interface LostLogReport {
  readonly commits: number;
  /** Where a copy of the log is. */
  readonly setAside: string;
  /** Where no log outside gives the ids: those that may have been given to what was lost; they are not given again. */
  readonly skippedIds?: readonly [number, number];
}

/** Rows packed as [id, record in the layout of record-layout.ts]. */
export type PackedEntries = Float64Array;

export interface TrimStep {
  readonly keepAfterId: number;
  readonly now: number;
}

/** A step of the messages' own retention, which runs beside that of the readings. */
export interface MessageTrimOutcome {
  readonly trimmed: number;
  /** The largest id that went; 0 when none did. */
  readonly throughId: number;
  readonly done: boolean;
  readonly held: MessagesHeld;
}

export interface TrimOutcome {
  readonly trimmed: number;
  /** The largest id that went; 0 when none did. */
  readonly throughId: number;
  /** True when another step would find nothing. */
  readonly done: boolean;
  readonly fileBytes: number;
  readonly usedBytes: number;
  /** Retention wants more to go than the slowest consumer allows. */
  readonly heldBack: boolean;
}

export interface WriterCalls extends Record<string, (argument: never) => unknown> {
  open(argument: undefined): OpenedJournal;
  latest(argument: undefined): PackedEntries;
  latestStatuses(argument: undefined): readonly MessageEntry[];
  markReplayed(argument: { readonly id: number; readonly replayedAt: number }): void;
  trim(step: TrimStep): TrimOutcome;
  trimMessages(step: TrimStep): MessageTrimOutcome;
  thin(order: ThinOrder): ThinOutcome;
  salvage(argument: { readonly cause: string }): void;
  lostIds(argument: undefined): LostIds;
  forgetLostIds(argument: { readonly hadSome: boolean }): void;
  close(argument: undefined): Promise<void>;
}

export interface RejectionAnswer extends Omit<RejectionRow, 'payloadBytes'> {
  readonly id: number;
  readonly replayedAt: number | null;
  readonly payload: Uint8Array;
}

export interface IdRange {
  readonly afterId: number;
  readonly throughId: number;
  readonly limit: number;
}

export interface ReaderCalls extends Record<string, (argument: never) => unknown> {
  readAfter(range: IdRange): PackedEntries;
  messagesAfter(range: IdRange): readonly MessageEntry[];
  rejections(query: RejectionQuery): readonly RejectionAnswer[];
  /** Another file has taken the place of the one that is open. */
  reopen(argument: undefined): void;
}
