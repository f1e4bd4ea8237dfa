/**
 * What the automatic dispatcher does next for one incident: a decision, without network or clock.
 *
 * A case has one task a role: first aid by the nearest unit or, where the call needs it, transport with a motorcycle
 * ahead of it. A unit that refuses, breaks off or does not answer is followed by another. Invariant: nothing is
 * decided from memory; the plan follows from the incident as the server shows it, so that a restart changes nothing.
 */

export type Role = 'first-aid' | 'transport';

/** An assignment as the API shows it; times in epoch ms. */
export interface AssignmentView {
  readonly id: number;
  readonly unit: string;
  readonly role: Role;
  readonly step: string;
  readonly reservedAtMs: number;
}

export interface IncidentView {
  readonly id: number;
  readonly open: boolean;
  readonly classification: string | null;
  readonly needsTransport: boolean;
  readonly assignments: readonly AssignmentView[];
}

export type Deed =
  | { readonly do: 'assign'; readonly role: Role; readonly replaces: number | undefined }
  | { readonly do: 'close'; readonly outcome: string }
  | { readonly do: 'wait' };

/** The order is resent at 15 s and the desk warned at 30 s: after this another unit is tried. */
const ANSWER_WITHIN_MS = 60_000;
const UNANSWERED_STEPS: ReadonlySet<string> = new Set(['reserved', 'dispatched']);
/** A transport unit that has come this far needs no motorcycle ahead of it any more. */
const AT_WORK_STEPS: ReadonlySet<string> = new Set([
  'on-scene',
  'left-scene',
  'at-destination',
  'handed-over',
  'completed',
]);
const BROKEN_OFF_STEPS: ReadonlySet<string> = new Set(['refused', 'cancelled', 'broken-down']);

export function planNextDeeds(incident: IncidentView, nowMs: number): Deed[] {
  if (!incident.open) return [];
  if (incident.classification !== 'real')
    return [{ do: 'close', outcome: incident.classification ?? 'no answer' }];
  const { assignments, needsTransport } = incident;
  const tasks = needsTransport
    ? [planRole('transport', assignments, nowMs), planMotorcycleAhead(assignments, nowMs)]
    : [planRole('first-aid', assignments, nowMs)];
  if (tasks.every((task) => task === 'done')) {
    return [{ do: 'close', outcome: needsTransport ? 'transported' : 'treated on scene' }];
  }
  return tasks.filter((task) => task !== 'done');
}

function planMotorcycleAhead(assignments: readonly AssignmentView[], nowMs: number): Deed | 'done' {
  const task = planRole('first-aid', assignments, nowMs);
  const isThere = assignments.some((each) => each.role === 'transport' && AT_WORK_STEPS.has(each.step));
  return isThere && task !== 'done' && task.do === 'assign' && task.replaces === undefined ? 'done' : task;
}

function planRole(role: Role, assignments: readonly AssignmentView[], nowMs: number): Deed | 'done' {
  const own = assignments.filter((each) => each.role === role);
  if (own.some((each) => each.step === 'completed')) return 'done';
  const present = own.find((each) => !BROKEN_OFF_STEPS.has(each.step));
  if (!present) return { do: 'assign', role, replaces: undefined };
  const unanswered = UNANSWERED_STEPS.has(present.step) && nowMs - present.reservedAtMs > ANSWER_WITHIN_MS;
  return unanswered ? { do: 'assign', role, replaces: present.id } : { do: 'wait' };
}
