/**
 * What triage corrects after units were sent: the crew must hear of it, and its arrival is at the new place.
 *
 * Called by incidents.ts in the transaction of the correction. Invariant: what an order says of an incident changes
 * only together with a word to every crew that goes by it.
 */
import { STEPS_BY_ORDER } from '../assignments/assignment-steps.ts';
import type { DispatchTransaction } from '../dispatch-context.ts';
import { writeChange } from '../words/crew-words.ts';
import type { IncidentRow } from './incident-row.ts';

/** What an order says of its incident: see word-payload.ts. */
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

/** Tells the crews that still go by the order: after it has left the scene a corrected place tells a crew nothing. */
export async function tellCorrection(
  transaction: DispatchTransaction,
  incident: number,
  { isInOrder, hasMoved }: Correction,
  actor: string,
  atMs: number,
): Promise<void> {
  if (!isInOrder) return;
  const going = transaction
    .selectFrom('assignments')
    .select(['id', 'unit'])
    .where('incident', '=', incident)
    .where('step', 'in', STEPS_BY_ORDER);
  for (const { id, unit } of await going.execute()) {
    await writeChange(transaction, { unit, incident, assignment: Number(id), actor, atMs });
  }
  if (!hasMoved) return;
  // It was by the old place that the unit seemed to be there.
  await transaction
    .updateTable('assignments')
    .set({ arrival_proposed_at: null })
    .where('incident', '=', incident)
    .where('step', 'in', STEPS_BY_ORDER.slice(0, -1))
    .execute();
}
