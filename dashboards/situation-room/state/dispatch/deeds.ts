/**
 * What a dispatcher can do with a unit that was sent, and by which key.
 *
 * Invariant: a key acts on one card, the first shown that offers its deed, and only that card says the key.
 */
import type { Answer } from '../api/answer-shapes.ts';
import type { Assignment } from '../api/dispatch-shapes.ts';

export const DEEDS = ['acknowledge', 'step', 'reassign', 'cancel', 'broken-down', 'take', 'drop'] as const;
export type Deed = (typeof DEEDS)[number];

/** The keys of the deeds, and what stands on their buttons. */
export const DEED_KEYS = {
  acknowledge: ['a', 'heardRadio'],
  step: ['s', 'nextStep'],
  reassign: ['r', 'reassign'],
  cancel: ['x', 'cancelKey'],
  'broken-down': ['d', 'breakdown'],
  take: ['y', 'takeWord'],
  drop: ['t', 'dropWord'],
} as const satisfies Record<Deed, readonly [string, string]>;

type Told = Answer<'ReportStatusRequest'>['status'];

/** What a person tells of a crew, in turn. */
const FIRST_AID_STEPS: readonly Told[] = ['en-route', 'on-scene', 'completed'];
const TRANSPORT_STEPS: readonly Told[] = [
  'en-route',
  'on-scene',
  'left-scene',
  'at-destination',
  'handed-over',
  'completed',
];
/** What the crew answers is no step of a person: that is the radio's key. */
const BEFORE_STEPS: ReadonlySet<Assignment['step']> = new Set(['reserved', 'dispatched', 'acknowledged']);

const AFTER_SCENE: ReadonlySet<Assignment['step']> = new Set(['left-scene', 'at-destination', 'handed-over']);

/** What follows; undefined at the end. */
export function nextStep({ step, role }: Pick<Assignment, 'step' | 'role'>): Told | undefined {
  // One that was sent for first aid may carry the patient all the same.
  const isDriving = role === 'transport' || AFTER_SCENE.has(step);
  const steps = isDriving ? TRANSPORT_STEPS : FIRST_AID_STEPS;
  if (BEFORE_STEPS.has(step)) return steps[0];
  const at = steps.indexOf(step as Told);
  return at === -1 ? undefined : steps[at + 1];
}

export function mayDo(deed: Deed, assignment: Assignment): boolean {
  if (!isUnderWay(assignment)) return false;
  const isUnanswered = assignment.timeline.acknowledgedAt === null;
  const isUntold = assignment.words.some(({ endedAt }) => endedAt === null);
  switch (deed) {
    case 'acknowledge':
      return (isUnanswered && ['reserved', 'dispatched'].includes(assignment.step)) || isUntold;
    case 'step':
      return nextStep(assignment) !== undefined;
    case 'take':
      return assignment.asked !== null && assignment.asked.step !== null;
    case 'drop':
      return assignment.asked !== null;
    default:
      return true;
  }
}

export function isUnderWay({ timeline }: Pick<Assignment, 'timeline'>): boolean {
  return timeline.endedAt === null;
}

/** Who takes the patient, or will: another hospital can be said until it is there. */
export function whoDrivesPatient(assignments: readonly Assignment[]): Assignment | undefined {
  const isOnItsWay = ({ step }: Assignment) => step !== 'at-destination' && step !== 'handed-over';
  return orderCards(assignments).find(
    (each) =>
      isUnderWay(each) && (each.role === 'transport' || each.step === 'left-scene') && isOnItsWay(each),
  );
}

/** As the cards stand: who is under way first, of them the newest. */
export function orderCards(assignments: readonly Assignment[]): Assignment[] {
  return [...assignments].sort((a, b) => Number(isUnderWay(b)) - Number(isUnderWay(a)) || b.id - a.id);
}

/** Whom the key of a deed means; undefined where nobody is offered it. */
export function whomKeyMeans(deed: Deed, assignments: readonly Assignment[]): Assignment | undefined {
  return orderCards(assignments).find((each) => mayDo(deed, each));
}
