/**
 * Crews that have refused an incident: whoever said no to it is not proposed first once more.
 *
 * Asked by the recommendation of an incident. Invariant: a crew that refused may be sent all the same, without another
 * reason: it may have told by radio that it can come after all.
 */
import type { DispatchTransaction } from '../dispatch-context.ts';

/** By unit, as a warning. */
export async function listRefusals(
  reader: Pick<DispatchTransaction, 'selectFrom'>,
  incident: number,
): Promise<Map<string, string>> {
  const rows = await reader
    .selectFrom('assignments')
    .select(['unit', 'end_reason'])
    .where('incident', '=', incident)
    .where('step', '=', 'refused')
    .orderBy('id')
    .execute();
  return new Map(rows.map(({ unit, end_reason }) => [unit, describeRefusal(end_reason)]));
}

function describeRefusal(reason: string | null): string {
  const why = reason === null || reason === 'refused' ? '' : `: ${reason}`;
  return `its crew refused this incident${why}`;
}
