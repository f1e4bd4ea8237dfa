/**
 * Escalation: an alert that nobody takes in hand in time is said again, by a table of severities.
 *
 * Called by the lifecycle. Invariant: whoever acknowledged a level has not seen a higher one, so that an upgrade
 * asks again; one that is only claimed leaves the acknowledgement as it was when the claim is taken back.
 */
import { type Alert, type Change, isInHand, isOpen } from '../alert.ts';

/** Not acknowledged for so long, ms, it is said again; minor ones can wait for the morning. */
const ESCALATE_AFTER_MS: Readonly<Record<Alert['severity'], number | undefined>> = {
  minor: undefined,
  moderate: 30 * 60_000,
  severe: 10 * 60_000,
  extreme: 5 * 60_000,
};
/** The longest of these. */
export const ESCALATE_WITHIN_MS = 30 * 60_000;
const MAX_ESCALATIONS = 3;

/** Starts the timer anew from `nowMs`, or stops it where there is nothing to escalate (any more). */
export function armEscalation(alert: Alert, nowMs: number): void {
  const afterMs = ESCALATE_AFTER_MS[alert.severity];
  const { level } = alert.escalation;
  const possible =
    afterMs !== undefined && level < MAX_ESCALATIONS && isOpen(alert.state) && !alert.foldedInto;
  alert.escalation = { level, dueAt: possible ? nowMs + afterMs : undefined };
}

/** After a change by the engine: does it still count as taken, or must somebody be asked (again)? */
export function askAgain(alert: Alert, change: Change, nowMs: number): void {
  const isHigher = change === 'upgraded' || change === 'reopened';
  if (change === 'reopened' || (isHigher && !alert.provisional)) alert.acknowledgement = undefined;
  if (change === 'confirmed' && !isInHand(alert)) alert.acknowledgement = undefined;
  if (isInHand(alert)) {
    if (alert.state === 'open') alert.state = 'acknowledged';
    alert.escalation = { level: alert.escalation.level, dueAt: undefined };
    return;
  }
  if (alert.state === 'acknowledged') alert.state = 'open';
  if (isHigher) armEscalation(alert, nowMs);
}
