/**
 * What the event loop (open-sqlite-history.ts) and the thread of the embedded history say to each other.
 * Pages travel as numbers, so that the event loop builds 10,000 points in some milliseconds.
 * Invariant: a row of a page is [atMs, quality or NaN, one number a name, NaN where there is none].
 */
import type { RawQuery, WindowQuery } from './history.ts';

export interface TracksToThin {
  readonly kinds: readonly string[];
  readonly beforeMs: number;
}

export interface HistoryData {
  readonly file: string;
  readonly journalFile: string;
  readonly openedAt: number;
}

export interface RawQuestion extends RawQuery {
  readonly city: string;
}

export interface WindowsQuestion extends WindowQuery {
  readonly city: string;
  /** The numeric quantities of the kind that the function is of. */
  readonly numeric: readonly string[];
}

export interface DaysQuestion {
  readonly kind: string;
  readonly city: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** Points of a day of UTC. */
export interface DayCount {
  readonly dayMs: number;
  readonly points: number;
}

export interface PackedPage {
  readonly names: readonly string[];
  /** A column of words holds their numbers, which `words` explains. */
  readonly isWord: readonly boolean[];
  readonly rows: Float64Array;
  readonly words: readonly (readonly [number, string])[];
  readonly nextFromMs?: number;
}

export interface HistoryCalls extends Record<string, (argument: never) => unknown> {
  open(argument: undefined): { readonly settledThroughId: number; readonly rebuilt?: string };
  raw(query: RawQuestion): PackedPage;
  windows(query: WindowsQuestion): PackedPage;
  countDays(question: DaysQuestion): Promise<readonly DayCount[]>;
  /** Carries on until everything that the journal holds now is settled. */
  settle(argument: undefined): Promise<void>;
  trim(argument: { readonly beforeMs: number; readonly maxBytes: number }): Promise<number>;
  /** Returns how many points of tracks went. */
  thin(tracks: TracksToThin): Promise<number>;
  close(argument: undefined): Promise<void>;
}

export type HistoryEvent =
  | {
      readonly event: 'settled';
      readonly throughId: number;
      readonly waiting: number;
      readonly fileBytes: number;
    }
  | { readonly event: 'problem'; readonly cause: string }
  | { readonly event: 'rebuilt'; readonly cause: string }
  /** Its file stumbles where that of history is whole. */
  | { readonly event: 'journal-damaged'; readonly cause: string };
