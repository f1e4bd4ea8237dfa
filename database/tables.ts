/**
 * The tables of the state database, one interface a table, in one file for each part of the house.
 *
 * Times are epoch milliseconds in bigint-safe numbers, booleans are 0 and 1, documents are JSON text: the
 * three that SQLite and PostgreSQL read back alike.
 */
import type { AlertTables } from './alert-tables.ts';
import type { CityTables } from './city-tables.ts';
import type { DeviceTables } from './device-tables.ts';
import type { DispatchTables } from './dispatch-tables.ts';
import type { JournalTables } from './journal-tables.ts';
import type { OwnerTables } from './owner-tables.ts';
import type { PeopleTables } from './people-tables.ts';

export interface Tables
  extends JournalTables,
    DeviceTables,
    CityTables,
    AlertTables,
    DispatchTables,
    OwnerTables,
    PeopleTables {}
