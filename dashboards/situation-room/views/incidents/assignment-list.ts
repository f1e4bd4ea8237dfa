/**
 * Who was sent to an incident: unit, step, the times of its steps, and the button that cancels it.
 *
 * Filled by incident-dialog.ts. Invariant: a time that was never told is left out and not filled in.
 */

import type { Assignment } from '../../state/api/dispatch-shapes.ts';
import { isUnderWay } from '../../state/dispatch/deeds.ts';
import { listReasons, type Narrator } from '../../state/words/log-line.ts';
import type { Word } from '../../state/words/words-id.ts';
import { byId, createKeyedList, html, setAttribute, setText } from '../dom.ts';
import type { Room } from '../room.ts';

const TIMES: readonly (readonly [Word, keyof Assignment['timeline']])[] = [
  ['reserved', 'reservedAt'],
  ['dispatched', 'dispatchedAt'],
  ['acknowledged', 'acknowledgedAt'],
  ['en-route', 'enRouteAt'],
  ['on-scene', 'onSceneAt'],
  ['left-scene', 'leftSceneAt'],
  ['at-destination', 'atDestinationAt'],
  ['handed-over', 'handedOverAt'],
];

/** As the crew's radio has it; the id where the city does not know the unit any more. */
export function nameUnit(unit: string, { state }: Pick<Room, 'state'>): string {
  return state.devices.get(unit)?.name ?? unit;
}

/** For sentences in which units are named. */
export function narratorOf(room: Pick<Room, 'state' | 'speech'>): Narrator {
  return { speech: room.speech, nameOf: (unit) => nameUnit(unit, room) };
}

export function createAssignmentList(onCancel: (assignment: Assignment) => void): {
  update(assignments: readonly Assignment[], canCancel: boolean, room: Room): void;
} {
  const list = createKeyedList<{ assignment: Assignment; canCancel: boolean; room: Room }>(
    byId('assignment-list'),
    ({ assignment }) => String(assignment.id),
    () => {
      const [name, times, why] = [html('b'), html('span'), html('span', { class: 'age' })];
      const cancel = html('button', { type: 'button' });
      let shown: Assignment | undefined;
      cancel.addEventListener('click', () => shown && onCancel(shown));
      return {
        element: html('li', { class: 'assignment' }, name, times, why, cancel),
        update({ assignment, canCancel, room }) {
          shown = assignment;
          const { speech } = room;
          const unit = nameUnit(assignment.unit, room);
          setText(name, `${unit} · ${speech.wordOr(assignment.step)}`);
          setText(times, describeTimes(assignment, room));
          const reasons = listReasons(assignment, narratorOf(room));
          const by = `${speech.word('by')} ${assignment.assignedBy}`;
          setText(why, [speech.word(assignment.role), by, ...reasons].join(' · '));
          cancel.hidden = !canCancel || !isUnderWay(assignment);
          setText(cancel, speech.word('cancelUnit'));
          setAttribute(cancel, 'aria-label', `${speech.word('cancelUnit')} ${unit}`);
        },
      };
    },
  );
  return {
    update(assignments, canCancel, room) {
      byId('nobody-sent').hidden = assignments.length > 0;
      list.update(assignments.map((assignment) => ({ assignment, canCancel, room })));
    },
  };
}

export function describeTimes({ step, timeline }: Assignment, { speech }: Room): string {
  const times = TIMES.flatMap(([word, key]) => {
    const at = timeline[key];
    return at ? [`${speech.word(word)} ${speech.time(Date.parse(at))}`] : [];
  });
  const { endedAt } = timeline;
  if (endedAt) times.push(`${speech.wordOr(step)} ${speech.time(Date.parse(endedAt))}`);
  return times.join(' · ');
}
