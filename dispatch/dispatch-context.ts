/**
 * What the parts of dispatch share: the stores, the clock, the ways out. Made once by openDispatch.
 *
 * Invariant: every change of an incident, an assignment or a lock is one transaction that also writes the
 * audit; events and orders leave after the commit, so that nobody hears of what did not happen.
 */
import type { Transaction } from 'kysely';
import type { Logger } from 'pino';
import type { City } from '../cities/city.ts';
import type { Database } from '../database/database.ts';
import type { Tables } from '../database/tables.ts';
import type { DispatchMetrics } from './dispatch-metrics.ts';
import type { UnitBoard } from './units/unit-board.ts';

export interface DispatchContext {
  /** As it stands at this moment: not to be kept. */
  readonly city: City;
  readonly database: Database;
  readonly board: UnitBoard;
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: DispatchMetrics;
  /** To be awaited before anything is written: rejects while what is open has not followed our clock. */
  readonly followClock: () => Promise<void>;
  /** To those who watch; never throws. */
  readonly publishEvent: (type: 'incident' | 'hospital' | 'fleet', body: unknown) => void;
  /** To the unit, QoS 1; resolves when the broker has taken it. */
  readonly sendCommand: (device: string, payload: string) => Promise<void>;
}

export type DispatchTransaction = Transaction<Tables>;

export interface AuditEntry {
  readonly actor: string;
  readonly action: string;
  readonly incident?: number;
  readonly assignment?: number;
  readonly unit?: string;
  readonly note?: string | undefined;
}

/** One line of who did what, in the transaction of what was done. */
export async function writeAudit(
  transaction: DispatchTransaction,
  at: number,
  { actor, action, incident, assignment, unit, note }: AuditEntry,
): Promise<void> {
  await transaction
    .insertInto('dispatch_audit')
    .values({
      at,
      actor,
      action,
      incident: incident ?? null,
      assignment: assignment ?? null,
      unit: unit ?? null,
      note: note ?? null,
    })
    .execute();
}
