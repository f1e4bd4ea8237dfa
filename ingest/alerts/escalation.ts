/** Escalation: an alert that nobody takes in hand in time is said again, by a table of severities. */
import { type Alert, isOpen } from './alert.ts';

/** Not acknowledged for so long, ms, it is said again; minor ones can wait for the morning. */
const ESCALATE_AFTER_MS: Readonly<Record<Alert['severity'], number | undefined>> = {
  minor: undefined,
  moderate: 30 * 60_000,
  severe: 10 * 60_000,
  extreme: 5 * 60_000,
};
const MAX_ESCALATIONS = 3;

/** Starts the timer anew from `nowMs`, or stops it where there is nothing to escalate (any more). */
export function armEscalation(alert: Alert, nowMs: number): void {
  const afterMs = ESCALATE_AFTER_MS[alert.severity];
  const { level } = alert.escalation;
  const possible =
    afterMs !== undefined && level < MAX_ESCALATIONS && isOpen(alert.state) && !alert.foldedInto;
  alert.escalation = { level, dueAt: possible ? nowMs + afterMs : undefined };
}
