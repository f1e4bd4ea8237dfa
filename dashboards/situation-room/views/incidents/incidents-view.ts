/**
 * The open incidents by priority, each with its running time and the units under way for it. For staff: the
 * API gives them to nobody else.
 *
 * A row opens the incident's dialog, where a dispatcher acts. Invariant: nothing of the caller is shown on a
 * wall.
 */
import type { Incident } from '../../state/api/api-shapes.ts';
import { byId, createKeyedList, html, setAttribute, setText } from '../dom.ts';
import type { Actions, Room } from '../room.ts';
import { nameUnit } from './assignment-list.ts';
import { describePlace } from './incident-facts.ts';

/** The city's target from the call to the scene: 15 minutes (Dinas Kesehatan, 2023). */
const TARGET_MS = 15 * 60_000;

export function createIncidentsView(actions: Actions): { update(room: Room): void } {
  const list = createKeyedList<{ incident: Incident; room: Room }>(
    byId('incident-list'),
    ({ incident }) => String(incident.id),
    () => {
      const [priority, what] = [html('b', { class: 'priority' }), html('b')];
      const [where, age] = [html('span'), html('span', { class: 'age' })];
      const units = html('span', { class: 'incident-units' });
      const text = html('span', { class: 'incident-text' }, what, where, units);
      const button = html('button', { type: 'button', class: 'incident' }, priority, text, age);
      let shown: number | undefined;
      button.addEventListener('click', () => shown !== undefined && actions.openIncident(shown));
      return {
        element: html('li', {}, button),
        update({ incident, room }) {
          const { speech, nowMs } = room;
          const { id, category, classification } = incident;
          shown = id;
          const ageMs = nowMs - Date.parse(incident.receivedAt);
          setAttribute(button, 'data-late', ageMs > TARGET_MS);
          setText(priority, `P${incident.priority}`);
          setText(what, category ?? classification ?? `#${id}`);
          setText(where, describePlace(incident, room));
          const underWay = incident.units.map(
            ({ unit, step }) => `${nameUnit(unit, room)} · ${speech.wordOr(step)}`,
          );
          setText(units, underWay.join('; '));
          setText(age, speech.age(ageMs));
        },
      };
    },
  );
  return {
    update(room) {
      const { incidents } = room.state;
      byId('incidents-tab').hidden = !room.state.isStaff;
      byId('no-incidents').hidden = incidents.length > 0;
      list.update(incidents.map((incident) => ({ incident, room })));
      setText(byId('incident-count'), incidents.length > 0 ? String(incidents.length) : '');
    },
  };
}
