/**
 * Another hospital for a patient whose unit was sent: the first is full, or the patient needs what it has not.
 *
 * Called by assignments.ts and, with a step that names a hospital, by assignment-row.ts, in the transaction of the
 * deed. Invariant: a destination changes only together with a word to the crew that drives there, which lives until
 * the crew has it or is there.
 */

import { type DispatchTransaction, writeAudit } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import { writeChange } from '../words/crew-words.ts';
import { isEnded, type Step, stepRank } from './assignment-steps.ts';

export interface Destination {
  readonly id: string;
  readonly name: string;
}

export interface DestinationChange {
  readonly hospital: Destination;
  readonly actor: string;
  readonly atMs: number;
}

/** What is changed, as it was before. */
interface Driven {
  readonly id: number;
  readonly unit: string;
  readonly incident: number;
  readonly hospital: string | null;
}

/** Undefined where its unit may be taken elsewhere, else a sentence. */
export function whyNotElsewhere(step: Step, canTransport: boolean): string | undefined {
  if (isEnded(step)) return `the assignment has ended (${step}) and does not change any more`;
  if (!canTransport) {
    return 'a motorcycle gives first aid and does not transport; assign a transport unit beside it';
  }
  if (stepRank(step) < stepRank('at-destination')) return undefined;
  return `the unit is already ${step}: complete it, and assign a unit that drives on`;
}

/** Writes it down and tells the crew, unless it drives there anyway. */
export async function changeDestination(
  transaction: DispatchTransaction,
  { id, unit, incident, hospital: before }: Driven,
  { hospital, actor, atMs }: DestinationChange,
): Promise<void> {
  if (hospital.id === before) return;
  const { numUpdatedRows } = await transaction
    .updateTable('assignments')
    .set({ hospital: hospital.id })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) {
    const sentence = 'somebody else has just moved this assignment on; look again';
    throw new DispatchError('step-not-possible', sentence);
  }
  await writeChange(transaction, { unit, incident, assignment: id, text: hospital.name, actor, atMs });
  const entry = { actor, action: 'hospital-changed', incident, assignment: id, unit, note: hospital.name };
  await writeAudit(transaction, atMs, entry);
}
