/**
 * Units that are under way for an incident: while there are any it is neither closed nor said to be none.
 *
 * Asked by incidents.ts in the transaction of the deed. Invariant: a crew is called off by a word to it, and never by
 * what becomes of its call.
 */
import type { DispatchTransaction } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import type { IncidentDetails, IncidentRow } from './incident-row.ts';

/** Throws DispatchError `incident-has-open-assignments` with whom, and what to do. */
export async function refuseUnderWay(
  transaction: DispatchTransaction,
  incident: number,
  advice: string,
): Promise<void> {
  const open = await transaction
    .selectFrom('assignments')
    .select(['id', 'unit'])
    .where('incident', '=', incident)
    .where('ended_at', 'is', null)
    .execute();
  if (open.length === 0) return;
  const units = open.map(({ unit }) => unit).join(', ');
  throw new DispatchError('incident-has-open-assignments', `${units} is still assigned: ${advice}`, {
    assignments: open,
  });
}

/** The same where a call turns out to be none (prank, silent, information): its crew would drive on. */
export async function refuseNoneWithUnits(
  transaction: DispatchTransaction,
  { id, classification: before }: IncidentRow,
  { classification }: IncidentDetails,
): Promise<void> {
  if (classification === undefined || classification === 'real' || classification === before) return;
  await refuseUnderWay(
    transaction,
    Number(id),
    `a call classified as ${classification} needs nobody; call it off first`,
  );
}
