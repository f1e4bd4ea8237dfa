/**
 * What triage corrects after units were sent: the crew must hear of it, and its arrival is at the new place.
 *
 * Called by incidents.ts in the transaction of the correction; orders.ts sends it after the commit, and again
 * until the broker has taken it, also after a restart. Invariant: what an order says of an incident changes
 * only together with this mark on every assignment that goes by it.
 */
import type { DispatchTransaction } from './dispatch-context.ts';
import type { IncidentRow } from './incident-row.ts';

/** Of an order's correction that the broker did not take, and of one that a restart interrupted. */
export const CORRECTION_RETRY_MS = 5_000;
/** What an order says of its incident: see Orders. */
const IN_ORDER = ['lat', 'lng', 'priority', 'category', 'place'] as const;

export interface Correction {
  readonly isInOrder: boolean;
  readonly hasMoved: boolean;
}

export function compareOrder(before: IncidentRow, after: IncidentRow): Correction {
  return {
    isInOrder: IN_ORDER.some((column) => before[column] !== after[column]),
    hasMoved: before.lat !== after.lat || before.lng !== after.lng,
  };
}

/** Marks the open assignments whose crews still go by the order. */
export async function markCorrection(
  transaction: DispatchTransaction,
  incident: number,
  { isInOrder, hasMoved }: Correction,
  atMs: number,
): Promise<void> {
  if (!isInOrder) return;
  const mark = (steps: readonly string[], changes: { next_timer_at?: number; arrival_proposed_at?: null }) =>
    transaction
      .updateTable('assignments')
      .set((column) => ({ ...changes, corrections_unsent: column('corrections_unsent', '+', 1) }))
      .where('incident', '=', incident)
      .where('step', 'in', steps)
      .execute();
  // It was by the old place that the unit seemed to be there.
  const arrival = hasMoved ? { arrival_proposed_at: null } : {};
  const timer = { next_timer_at: atMs + CORRECTION_RETRY_MS };
  await mark(['reserved', 'dispatched'], arrival);
  await mark(['acknowledged', 'en-route'], { ...arrival, ...timer });
  await mark(['on-scene'], timer);
}
