/**
 * Our own clock is set while crews have orders: what is open goes by the new time, as old as it was.
 *
 * Called by assignments.ts. Without it an order of before a step back would be later than all that its crew says, and
 * one of before a step forward would be escalated at once and moved by what was said before it. Invariants: a time that
 * is empty stays empty; nothing open was made later than now; what has ended, and the audit, keep their times.
 */
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/database.ts';
import { TIME_COLUMN } from './assignments/assignment-steps.ts';
import { type DispatchTransaction, writeAudit } from './dispatch-context.ts';

const ASSIGNMENT_TIMES = [
  ...new Set(Object.values(TIME_COLUMN).filter((column) => column !== 'ended_at')),
  ...(['arrival_proposed_at', 'frees_from', 'asked_at', 'warned_at', 'escalated_at'] as const),
];
const WORD_TIMES = ['made_at', 'sent_at', 'reached_at', 'warned_at', 'escalated_at'] as const;
/** What the audit says of a step that was followed. */
const FOLLOWED = 'clock-followed';
const CALL_TIMES = ['received_at', 'triaged_at'] as const;

export interface ClockStep {
  /** Our clock after it, epoch ms. */
  readonly nowMs: number;
  /** Below zero when it was set back. */
  readonly stepMs: number;
}

/** The same moment by the new time. */
export function shiftTime(atMs: number, { nowMs, stepMs }: ClockStep): number {
  return Math.min(nowMs, atMs + stepMs);
}

/** When something came that was noted before our clock was set forward; what came after it, as it was noted. */
export function byNewTime(atMs: number, { nowMs, stepMs }: ClockStep): number {
  return stepMs > 0 && atMs <= nowMs - stepMs ? atMs + stepMs : atMs;
}

/**
 * Follows a step once: the audit has it from the same transaction, so that one whose answer was lost is not followed
 * again. False where it had been.
 */
export async function followStep(database: Database, step: ClockStep): Promise<boolean> {
  const note = `${step.stepMs} ms at ${step.nowMs}`;
  return database.transaction().execute(async (transaction) => {
    const known = await transaction
      .selectFrom('dispatch_audit')
      .select('id')
      .where('action', '=', FOLLOWED)
      .where('note', '=', note)
      .executeTakeFirst();
    if (known) return false;
    await writeAudit(transaction, step.nowMs, { actor: 'siaga', action: FOLLOWED, note });
    await shift(transaction, step);
    return true;
  });
}

/** Nothing that is open was made later than now. */
export async function capOpenTimes(database: Database, nowMs: number): Promise<void> {
  await database.transaction().execute((transaction) => shift(transaction, { nowMs, stepMs: 0 }));
}

/** Open assignments, open words to crews and open calls. */
async function shift(transaction: DispatchTransaction, step: ClockStep): Promise<void> {
  await transaction
    .updateTable('assignments')
    .set(shifted(ASSIGNMENT_TIMES, step))
    .where('ended_at', 'is', null)
    .execute();
  await transaction
    .updateTable('crew_words')
    .set((column) => ({ ...shifted(WORD_TIMES, step), next_at: column('next_at', '+', step.stepMs) }))
    .where('ended_at', 'is', null)
    .execute();
  await transaction
    .updateTable('incidents')
    .set(shifted(CALL_TIMES, step))
    .where('state', '=', 'open')
    .execute();
}

function shifted<Column extends string>(
  columns: readonly Column[],
  { nowMs, stepMs }: ClockStep,
): Record<Column, RawBuilder<number>> {
  const moved = (column: Column) => {
    const time = sql.ref(column);
    return sql<number>`case when ${time} > ${nowMs - stepMs} then ${nowMs} else ${time} + ${stepMs} end`;
  };
  return Object.fromEntries(columns.map((column) => [column, moved(column)])) as Record<
    Column,
    RawBuilder<number>
  >;
}
