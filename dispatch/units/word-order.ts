/**
 * Which of two words of one crew was said first: the later received is not always the later said.
 *
 * Asked by unit-words.ts for each reading that says a status. The times by our clock decide where they are known; else
 * the tracker's own, which mean nothing across a moment at which its clock was set. Invariants: a word is never called
 * older for the only reason that an earlier one came by a clock that was ahead; what may be either is `unsure`, and a
 * person is asked.
 */

import { WITNESS_APART_MS } from '../../clock/device-clock.ts';
import { isAheadOfReceipt } from '../../clock/earlier-time.ts';
import type { Order, SaidAt } from './unit-clock.ts';

export interface SaidWord {
  readonly saidAt: SaidAt;
  /** By the device's clock, epoch ms; undefined where it gave no time. */
  readonly ownMs: number | undefined;
  readonly receivedAt: number;
}

/** Whether `next`, that came after `before`, was said after it. */
export function compareWords(before: SaidWord, next: SaidWord): Order {
  if (next.saidAt.earliestMs >= before.saidAt.latestMs) return 'after';
  if (next.saidAt.latestMs < before.saidAt.earliestMs) return 'before';
  // A connection keeps the order of what it carries.
  if (before.ownMs === undefined || next.ownMs === undefined) return 'after';
  const wasAhead = isAheadOfReceipt({ measuredAt: before.ownMs, receivedAt: before.receivedAt });
  const isAhead = isAheadOfReceipt({ measuredAt: next.ownMs, receivedAt: next.receivedAt });
  // It waited since before its clock was set right, or its clock has just been set wrong.
  if (next.ownMs >= before.ownMs) return isAhead && !wasAhead ? 'unsure' : 'after';
  if (wasAhead && !isAhead) return 'unsure';
  const isBurst = next.receivedAt - before.receivedAt < WITNESS_APART_MS;
  // A backlog that comes newest first; else its clock may have been set back, if it can have been said just now.
  return isBurst || next.saidAt.latestMs < next.receivedAt ? 'before' : 'unsure';
}
