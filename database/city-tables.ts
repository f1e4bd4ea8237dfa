/**
 * The tables of a city that is changed while it runs: what lies over its folder, and who laid it there.
 *
 * Owned by cities/. Invariant: an entry, its line of audit and the city's revision are written in one transaction.
 * How times, booleans and documents are kept is said in tables.ts.
 */
import type { Generated } from 'kysely';

export interface CityTables {
  city_revisions: CityRevisionsTable;
  city_entries: CityEntriesTable;
  city_changes: CityChangesTable;
  drills: DrillsTable;
}

/** Grows with each change; whoever changes the city holds this row. */
export interface CityRevisionsTable {
  city: string;
  revision: number;
}

/** One entry as it stands, over what the folder says of it. */
export interface CityEntriesTable {
  city: string;
  /** `devices`, `hospitals` …, as in the folder. */
  list: string;
  /** Its id, or the key of a rule's parameters. */
  entry: string;
  /** The entry as JSON; null where it was removed. */
  document: string | null;
  /** What the folder said of it when it was changed, as JSON; null where the folder did not have it. */
  seed: string | null;
  changed_at: number;
}

/** Who changed what, when, from what to what. Lines are never changed. */
export interface CityChangesTable {
  id: Generated<number>;
  city: string;
  at: number;
  actor: string;
  list: string;
  entry: string;
  /** JSON; null where there was none. */
  before: string | null;
  /** JSON; null where it was removed. */
  after: string | null;
  /** The change that this one takes back. */
  undoes: number | null;
}

/** A drill that runs or ran. */
export interface DrillsTable {
  id: Generated<number>;
  city: string;
  /** As it was asked for, JSON. */
  scenario: string;
  started_at: number;
  started_by: string;
  /** When it ends by itself. */
  ends_at: number;
  ended_at: number | null;
  /** Who ended it before its time; null where it ended by itself. */
  ended_by: string | null;
}
