/**
 * What runs against a target in an incident, and what is overdue. Times of the server in, seconds out.
 *
 * Targets: classified 15 s after the call (NFPA 1710: answered), a unit sent 64 s after it (processed), an order
 * answered by its crew in 30 s and escalated at 75 s, somebody on scene in 15 min (Dinas Kesehatan, 2023).
 * Invariant: a time that was never told is none; a clock that has stopped runs no more.
 */
import type { Assignment, IncidentDetail } from '../api/dispatch-shapes.ts';

export const TARGET_S = { triage: 15, send: 64, order: 30, arrival: 15 * 60 } as const;
export const ESCALATED_AFTER_S = 75;

export interface Timer {
  readonly what: keyof typeof TARGET_S;
  readonly elapsedS: number;
  readonly targetS: number;
  readonly isOverdue: boolean;
  /** Of an order: whose. */
  readonly unit?: string;
}

type Timed = Pick<IncidentDetail, 'state' | 'receivedAt' | 'triagedAt' | 'assignments'>;

/** Those that run, the most urgent first. */
export function runningTimers(incident: Timed, nowMs: number): Timer[] {
  if (incident.state === 'closed') return [];
  const since = (at: string) => Math.max(0, Math.floor((nowMs - Date.parse(at)) / 1000));
  const timers: Timer[] = [];
  const run = (what: Timer['what'], from: string, more: Partial<Timer> = {}) => {
    const [elapsedS, targetS] = [since(from), TARGET_S[what]];
    timers.push({ what, elapsedS, targetS, isOverdue: elapsedS > targetS, ...more });
  };
  const underWay = incident.assignments.filter(({ timeline }) => timeline.endedAt === null);
  if (incident.triagedAt === null) run('triage', incident.receivedAt);
  else if (underWay.length === 0 && !wasOnScene(incident)) run('send', incident.receivedAt);
  for (const { unit, step, timeline } of underWay) {
    const isUnanswered = step === 'reserved' || step === 'dispatched';
    if (isUnanswered && typeof timeline.reservedAt === 'string') run('order', timeline.reservedAt, { unit });
  }
  if (!wasOnScene(incident)) run('arrival', incident.receivedAt);
  return timers.sort((a, b) => Number(b.isOverdue) - Number(a.isOverdue));
}

function wasOnScene({ assignments }: Timed): boolean {
  return assignments.some(({ timeline }) => timeline.onSceneAt !== null);
}

export type Attention = 'stranded' | 'unsent' | 'unanswered' | 'asked';

/** Why somebody at the desk must look at it now; undefined where it is in hand. */
export function findAttention(incident: IncidentDetail): Attention | undefined {
  if (incident.state === 'closed') return undefined;
  if (isPatientStranded(incident)) return 'stranded';
  const underWay = incident.assignments.filter(({ timeline }) => timeline.endedAt === null);
  if (underWay.some(({ timeline }) => timeline.escalatedAt !== null && timeline.acknowledgedAt === null))
    return 'unanswered';
  if (underWay.some(({ asked }) => asked !== null)) return 'asked';
  return underWay.length === 0 && !wasOnScene(incident) ? 'unsent' : undefined;
}

const BROKEN_OFF: ReadonlySet<Assignment['step']> = new Set(['refused', 'cancelled', 'broken-down']);

/**
 * A unit broke down between the scene and the hospital, and no transport was sent since. Whoever is under way from
 * before is there for something else.
 */
function isPatientStranded({ assignments }: Timed): boolean {
  return assignments.some(({ id, step, timeline }) => {
    const isAboard = timeline.leftSceneAt !== null && timeline.atDestinationAt === null;
    if (step !== 'broken-down' || !isAboard) return false;
    return !assignments.some(
      (each) =>
        each.id > id &&
        each.role === 'transport' &&
        !BROKEN_OFF.has(each.step) &&
        wasSentAfter(each, timeline.endedAt),
    );
  });
}

function wasSentAfter({ timeline: { reservedAt } }: Assignment, at: string | null | undefined): boolean {
  return typeof reservedAt === 'string' && typeof at === 'string' && reservedAt >= at;
}
