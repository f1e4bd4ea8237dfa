/**
 * The tables of the journal's consumers: how far each has come, and what is to be done with the copy in InfluxDB.
 *
 * Owned by journal/, whose consumers write their cursor in the transaction of their work, and by influx/.
 * How times, booleans and documents are kept is said in tables.ts.
 */
import type { Generated } from 'kysely';

export interface JournalTables {
  cursors: CursorsTable;
  journal_ends: JournalEndsTable;
  influx_orders: InfluxOrdersTable;
}

/** How far a consumer of the journal has come. Written in the transaction of its work. */
export interface CursorsTable {
  consumer: string;
  position: number;
}

/** Where the journal ended when it was found to be an older or another one. Only grows. */
export interface JournalEndsTable {
  id: Generated<number>;
  found_at: number;
  last_id: number;
}

/** What is to be done with the copy in InfluxDB: asked by a command or by the night, done by a running Siaga. */
export interface InfluxOrdersTable {
  id: Generated<number>;
  /** `verify`, `rewrite` or `replay`. */
  action: string;
  /** The range, [from, to) of measuredAt. */
  from_ms: number;
  to_ms: number;
  asked_at: number;
  /** Of a rewrite: the id of the journal up to which it is done; null while nobody has begun. */
  position: number | null;
  done_at: number | null;
  /** What it came to, in words. */
  outcome: string | null;
}
