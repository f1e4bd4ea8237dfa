/**
 * The open incidents as cards: what, where, since when, what is overdue, who is under way, what is not yet told.
 *
 * Invariants: what nobody has in hand is marked by a word and a thick edge besides its colour; a running time stands
 * beside its target; a crew that does not have its word is named.
 */
import type { Incident } from '../state/api/api-shapes.ts';
import type { Assignment, IncidentDetail } from '../state/api/dispatch-shapes.ts';
import { isUnderWay } from '../state/dispatch/deeds.ts';
import { findAttention, runningTimers, type Timer } from '../state/dispatch/incident-timers.ts';
import { sayDispatch } from '../state/words/dispatch-sentences.ts';
import { nameWord } from '../state/words/log-line.ts';
import type { Word } from '../state/words/words-id.ts';
import { byId, createKeyedList, html, setAttribute, setOptionalText, setText } from '../views/dom.ts';
import { nameUnit } from '../views/incidents/assignment-list.ts';
import { describePlace } from '../views/incidents/incident-facts.ts';
import type { Room } from '../views/room.ts';
import { isOpenWord } from './incident-store.ts';

const TIMER_WORDS: Readonly<Record<Timer['what'], Word>> = {
  triage: 'timerTriage',
  send: 'timerSend',
  order: 'timerOrder',
  arrival: 'timerArrival',
};

interface Card {
  readonly incident: Incident;
  readonly detail: IncidentDetail | undefined;
  readonly isChosen: boolean;
  readonly room: Room;
}

export interface IncidentCards {
  update(room: Room, detailOf: (id: number) => IncidentDetail | undefined, chosen: number | undefined): void;
}

export function createIncidentCards(onChosen: (id: number) => void): IncidentCards {
  const list = createKeyedList<Card>(
    byId('incident-cards'),
    ({ incident }) => String(incident.id),
    ({ incident }) => createCard(() => onChosen(incident.id)),
  );
  return {
    update(room, detailOf, chosen) {
      const { incidents } = room.state;
      byId('no-incidents').hidden = incidents.length > 0;
      setText(byId('incident-count'), incidents.length > 0 ? String(incidents.length) : '');
      list.update(
        incidents.map((incident) => {
          const { id } = incident;
          return { incident, detail: detailOf(id), isChosen: id === chosen, room };
        }),
      );
    },
  };
}

function createCard(onChosen: () => void): { element: Element; update(card: Card): void } {
  const [priority, what, age] = [html('b', { class: 'priority' }), html('b'), html('span', { class: 'age' })];
  const where = html('span');
  const state = html('b', { class: 'card-state' });
  const [timers, units] = [html('span', { class: 'timers' }), html('span', { class: 'card-units' })];
  const head = html('span', { class: 'card-head' }, priority, what, age);
  const button = html('button', { type: 'button', class: 'card' }, head, where, state, timers, units);
  button.addEventListener('click', onChosen);
  const timerList = createKeyedList<{ timer: Timer; room: Room }>(
    timers,
    ({ timer }) => `${timer.what}/${timer.unit ?? ''}`,
    () => {
      const element = html('span', { class: 'timer' });
      return {
        element,
        update({ timer, room }) {
          setAttribute(element, 'data-late', timer.isOverdue);
          setText(element, describeTimer(timer, room));
        },
      };
    },
  );
  const unitList = createKeyedList<{ line: string }>(
    units,
    ({ line }) => line,
    ({ line }) => ({ element: html('span', {}, line), update: () => undefined }),
  );
  return {
    element: html('li', {}, button),
    update({ incident, detail, isChosen, room }) {
      const { speech, nowMs } = room;
      const { id, category, classification } = incident;
      const attention = detail && findAttention(detail);
      setAttribute(button, 'aria-current', isChosen ? 'true' : undefined);
      setAttribute(button, 'data-attention', attention);
      setAttribute(button, 'data-priority', incident.priority);
      setText(priority, `P${incident.priority}`);
      setText(
        what,
        `#${id} ${category ?? (classification === null ? speech.word('unclassified') : '')}`.trim(),
      );
      setText(age, speech.age(nowMs - Date.parse(incident.receivedAt)));
      setOptionalText(where, describePlace(incident, room) || undefined);
      setText(state, speech.word(attention ?? 'inHand'));
      timerList.update((detail ? runningTimers(detail, nowMs) : []).map((timer) => ({ timer, room })));
      const underWay = detail?.assignments.filter(isUnderWay) ?? [];
      unitList.update(underWay.flatMap((each) => describeUnit(each, room)).map((line) => ({ line })));
    },
  };
}

/** `LEWAT TARGET · menunggu unit 1 mnt / 64 dtk`. */
export function describeTimer({ what, elapsedS, targetS, isOverdue, unit }: Timer, room: Room): string {
  const { speech } = room;
  const whose = unit === undefined ? '' : `${nameUnit(unit, room)} `;
  const late = isOverdue ? `${speech.word('overdue')} · ` : '';
  const times = `${formatClock(elapsedS)} / ${speech.word('target')} ${formatClock(targetS)}`;
  return `${late}${whose}${speech.word(TIMER_WORDS[what])} ${times}`;
}

/** `0:07`, `14:59`, `1:02:03`. */
export function formatClock(seconds: number): string {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${h > 0 ? String(m).padStart(2, '0') : m}:${String(s).padStart(2, '0')}`;
  return h > 0 ? `${h}:${tail}` : tail;
}

/** Its step, and each word that it does not have yet. */
function describeUnit(assignment: Assignment, room: Room): string[] {
  const { speech } = room;
  const lines = [`${nameUnit(assignment.unit, room)} · ${speech.wordOr(assignment.step)}`];
  for (const word of assignment.words.filter(isOpenWord)) {
    lines.push(`${speech.word(nameWord(word.kind))}: ${sayDispatch(word.state, speech.language)}`);
  }
  const { asked } = assignment;
  if (asked) lines.push(`${speech.word('crewSaid')} “${speech.wordOr(asked.word)}”`);
  return lines;
}
