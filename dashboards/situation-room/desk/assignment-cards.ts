/**
 * Who was sent, in full: each step with its time, what the crew has been told and said, and what can be done.
 *
 * Filled by incident-panel.ts. Invariants: a time that was never told is left out; only a step that may follow is
 * offered; what the crew said and nobody judged is asked.
 */

import { sayDispatch } from '../state/dispatch-sentences.ts';
import type { Assignment } from '../state/dispatch-shapes.ts';
import { describeTimes, isUnderWay, nameUnit } from '../views/assignment-list.ts';
import { byId, createKeyedList, html, setAttribute, setOptionalText, setText } from '../views/dom.ts';
import type { Room } from '../views/room.ts';

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

const FIRST_AID_STEPS = ['reserved', 'dispatched', 'acknowledged', 'en-route', 'on-scene', 'completed'];
const TRANSPORT_STEPS = [
  ...FIRST_AID_STEPS.slice(0, -1),
  ...['left-scene', 'at-destination', 'handed-over', 'completed'],
];

/** What follows; undefined at the end. What the crew answers is no step of a person: that is the radio's key. */
export function nextStep({ step, role }: Pick<Assignment, 'step' | 'role'>): string | undefined {
  const steps = role === 'transport' ? TRANSPORT_STEPS : FIRST_AID_STEPS;
  const at = Math.max(steps.indexOf(step), steps.indexOf('acknowledged'));
  return steps.includes(step) ? steps[at + 1] : undefined;
}

export function mayDo(deed: Deed, assignment: Assignment): boolean {
  if (!isUnderWay(assignment)) return false;
  const isUnanswered = assignment.timeline['acknowledgedAt'] === null;
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

interface Item {
  readonly assignment: Assignment;
  readonly mayAct: boolean;
  readonly room: Room;
}

export function createAssignmentCards(onDeed: (deed: Deed, assignment: Assignment) => void): {
  update(assignments: readonly Assignment[], mayAct: boolean, room: Room): void;
} {
  const list = createKeyedList<Item>(
    byId('assignment-list'),
    ({ assignment }) => String(assignment.id),
    () => createCard(onDeed),
  );
  return {
    update(assignments, mayAct, room) {
      byId('nobody-sent').hidden = assignments.length > 0;
      const newestFirst = [...assignments].sort(
        (a, b) => Number(isUnderWay(b)) - Number(isUnderWay(a)) || b.id - a.id,
      );
      list.update(newestFirst.map((assignment) => ({ assignment, mayAct, room })));
    },
  };
}

function createCard(onDeed: (deed: Deed, assignment: Assignment) => void): {
  element: Element;
  update(item: Item): void;
} {
  const [name, times, why] = [html('b'), html('span'), html('span', { class: 'age' })];
  const [told, asked, arrival] = [
    html('span', { class: 'told' }),
    html('span', { class: 'warning' }),
    html('span', { class: 'warning' }),
  ];
  let shown: Assignment | undefined;
  const buttons = DEEDS.map((deed) => {
    const button = html('button', { type: 'button', 'aria-keyshortcuts': DEED_KEYS[deed][0] });
    button.addEventListener('click', () => shown && onDeed(deed, shown));
    return { deed, button };
  });
  const deeds = html('span', { class: 'deeds' }, ...buttons.map(({ button }) => button));
  return {
    element: html('li', { class: 'assignment-card' }, name, times, why, told, asked, arrival, deeds),
    update({ assignment, mayAct, room }) {
      shown = assignment;
      const { speech } = room;
      const unit = nameUnit(assignment.unit, room);
      setText(name, `${unit} · ${speech.wordOr(assignment.step)} · ${speech.word(assignment.role)}`);
      setText(times, describeTimes(assignment, room));
      setText(why, describeWhy(assignment, room));
      setOptionalText(told, describeWords(assignment, room));
      setOptionalText(asked, describeAsked(assignment, room));
      const proposedAt =
        isUnderWay(assignment) &&
        !assignment.timeline['onSceneAt'] &&
        assignment.timeline['arrivalProposedAt'];
      setOptionalText(
        arrival,
        proposedAt ? `${speech.word('arrivalProposed')} ${speech.time(Date.parse(proposedAt))}` : undefined,
      );
      for (const { deed, button } of buttons) {
        button.hidden = !mayAct || !mayDo(deed, assignment);
        const text = speech.word(DEED_KEYS[deed][1]);
        const step = deed === 'step' ? ` ${speech.wordOr(nextStep(assignment) ?? '')}` : '';
        setText(button, `${text}${step}`);
        setAttribute(button, 'aria-label', `${text}${step}, ${unit}`);
      }
    },
  };
}

function describeWhy({ assignedBy, forcedReason, endReason, hospital }: Assignment, room: Room): string {
  const { speech, state } = room;
  const to =
    hospital === null ? [] : [state.city.hospitals.find(({ id }) => id === hospital)?.name ?? hospital];
  const reasons = [forcedReason, endReason].flatMap((each) =>
    each === null ? [] : [sayDispatch(each, speech.language)],
  );
  return [`${speech.word('by')} ${assignedBy}`, ...to, ...reasons].join(' · ');
}

/** The words that are not done, and the last that is. */
function describeWords({ words }: Assignment, { speech }: Room): string | undefined {
  const open = words.filter(({ endedAt }) => endedAt === null);
  const told = open.length > 0 ? open : words.slice(-1);
  const lines = told.map(({ kind, state }) => `${speech.word(kind)}: ${sayDispatch(state, speech.language)}`);
  return lines.length > 0 ? lines.join('; ') : undefined;
}

function describeAsked({ asked }: Assignment, { speech }: Room): string | undefined {
  if (!asked) return undefined;
  const meaning =
    asked.step === null ? speech.word('noMeaning') : `${speech.word('meaning')} ${speech.wordOr(asked.step)}`;
  const why = sayDispatch(asked.why, speech.language);
  return `${speech.word('crewSaid')} “${speech.wordOr(asked.word)}” (${meaning}): ${why}`;
}
