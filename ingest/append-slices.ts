/**
 * appendSlices: what one message holds → the journal, in appends of a bounded length.
 *
 * Invariant: the waiter is told once, when all of them are on disk.
 */
import type { Reading } from '../devices/reading.ts';
import type { RejectedMessage } from '../devices/rejection.ts';
import type { DeviceMessage } from '../journal/device-messages.ts';
import type { Journal } from '../journal/journal.ts';
import { joinParts, type Waiter } from '../journal/waiter.ts';

/** Readings in one append; an offline buffer of thousands is taken in slices. */
export const SLICE_READINGS = 500;
const NONE: readonly never[] = [];

export function appendSlices(
  journal: Pick<Journal, 'appendFor'>,
  waiter: Waiter,
  good: readonly Reading[],
  bad: readonly RejectedMessage[],
  statuses: readonly DeviceMessage[] = NONE,
): void {
  const parts = Math.max(1, Math.ceil(good.length / SLICE_READINGS));
  if (parts === 1) {
    journal.appendFor(waiter, good, bad, statuses);
    return;
  }
  const joint = joinParts(waiter, parts);
  for (let part = 0; part < parts; part++) {
    const slice = good.slice(part * SLICE_READINGS, (part + 1) * SLICE_READINGS);
    journal.appendFor(joint, slice, part === 0 ? bad : NONE, part === 0 ? statuses : NONE);
  }
}
