/**
 * Who was sent, in full: each step with its time, what the crew has been told and said, and what can be done.
 *
 * Filled by incident-panel.ts. Invariants: a time that was never told is left out; only a step that may follow is
 * offered; what the crew said and nobody judged is asked.
 */

import type { Assignment } from '../state/api/dispatch-shapes.ts';
import {
  DEED_KEYS,
  DEEDS,
  type Deed,
  isUnderWay,
  mayDo,
  nextStep,
  orderCards,
  whomKeyMeans,
} from '../state/dispatch/deeds.ts';
import { sayDispatch } from '../state/words/dispatch-sentences.ts';
import { listReasons, nameWord } from '../state/words/log-line.ts';
import { byId, createKeyedList, html, setAttribute, setOptionalText, setText } from '../views/dom.ts';
import { describeTimes, nameUnit, narratorOf } from '../views/incidents/assignment-list.ts';
import type { Room } from '../views/room.ts';

interface Item {
  readonly assignment: Assignment;
  /** The deeds whose keys mean this card. */
  readonly keys: ReadonlySet<Deed>;
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
      const keyed = DEEDS.map((deed) => [deed, whomKeyMeans(deed, assignments)] as const);
      const itemOf = (assignment: Assignment): Item => {
        const keys = keyed.flatMap(([deed, whom]) => (whom === assignment ? [deed] : []));
        return { assignment, keys: new Set(keys), mayAct, room };
      };
      list.update(orderCards(assignments).map(itemOf));
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
    const button = html('button', { type: 'button' });
    button.addEventListener('click', () => shown && onDeed(deed, shown));
    return { deed, button };
  });
  const deeds = html('span', { class: 'deeds' }, ...buttons.map(({ button }) => button));
  return {
    element: html('li', { class: 'assignment-card' }, name, times, why, told, asked, arrival, deeds),
    update({ assignment, keys, mayAct, room }) {
      shown = assignment;
      const { speech } = room;
      const unit = nameUnit(assignment.unit, room);
      setText(name, `${unit} · ${speech.wordOr(assignment.step)} · ${speech.word(assignment.role)}`);
      setText(times, describeTimes(assignment, room));
      setText(why, describeWhy(assignment, room));
      setOptionalText(told, describeWords(assignment, room));
      setOptionalText(asked, describeAsked(assignment, room));
      const proposedAt =
        isUnderWay(assignment) && !assignment.timeline.onSceneAt && assignment.timeline.arrivalProposedAt;
      setOptionalText(
        arrival,
        proposedAt ? `${speech.word('arrivalProposed')} ${speech.time(Date.parse(proposedAt))}` : undefined,
      );
      for (const { deed, button } of buttons) {
        button.hidden = !mayAct || !mayDo(deed, assignment);
        const [key, word] = DEED_KEYS[deed];
        const isKeyed = keys.has(deed);
        const text = isKeyed ? speech.word(word) : speech.word(word).replace(/ \(\w\)/, '');
        if (isKeyed) setAttribute(button, 'aria-keyshortcuts', key);
        else button.removeAttribute('aria-keyshortcuts');
        const step = deed === 'step' ? ` ${speech.wordOr(nextStep(assignment) ?? '')}` : '';
        setText(button, `${text}${step}`);
        setAttribute(button, 'aria-label', `${text}${step}, ${unit}`);
      }
    },
  };
}

function describeWhy(assignment: Assignment, room: Room): string {
  const { speech, state } = room;
  const { assignedBy, hospital } = assignment;
  const to =
    hospital === null ? [] : [state.city.hospitals.find(({ id }) => id === hospital)?.name ?? hospital];
  return [`${speech.word('by')} ${assignedBy}`, ...to, ...listReasons(assignment, narratorOf(room))].join(
    ' · ',
  );
}

/** The words that are not done, and the last that is. */
function describeWords({ words }: Assignment, { speech }: Room): string | undefined {
  const open = words.filter(({ endedAt }) => endedAt === null);
  const told = open.length > 0 ? open : words.slice(-1);
  const lines = told.map(
    ({ kind, state }) => `${speech.word(nameWord(kind))}: ${sayDispatch(state, speech.language)}`,
  );
  return lines.length > 0 ? lines.join('; ') : undefined;
}

function describeAsked({ asked }: Assignment, { speech }: Room): string | undefined {
  if (!asked) return undefined;
  const why = sayDispatch(asked.why, speech.language);
  const said = `${speech.word('crewSaid')} “${speech.wordOr(asked.word)}”`;
  // A word that is the step itself explains itself.
  if (asked.step === asked.word) return `${said}: ${why}`;
  const meaning =
    asked.step === null ? speech.word('noMeaning') : `${speech.word('meaning')} ${speech.wordOr(asked.step)}`;
  return `${said} (${meaning}): ${why}`;
}
