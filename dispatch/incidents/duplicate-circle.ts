/**
 * Calls that are said to be one: of them all, one must be worked on. Were each a duplicate of another, all could be closed
 * and nobody sent.
 *
 * Asked by incidents.ts in the transaction that links them.
 */
import type { DispatchTransaction } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import { find } from './incident-row.ts';

/** Throws DispatchError `own-duplicate`, and `unknown-incident` where there is none such. */
export async function refuseCircle(
  transaction: DispatchTransaction,
  incident: number,
  into: number,
): Promise<void> {
  const seen = new Set<number>();
  for (let next: number | null = into; next !== null && !seen.has(next); ) {
    if (next === incident) {
      const why =
        into === incident
          ? 'an incident is not its own duplicate'
          : `incident ${into} is a duplicate of ${incident} itself`;
      throw new DispatchError('own-duplicate', `${why}: name the one that is worked on`);
    }
    seen.add(next);
    const row: { readonly duplicate_of: number | null } = await find(transaction, next);
    next = row.duplicate_of === null ? null : Number(row.duplicate_of);
  }
}
