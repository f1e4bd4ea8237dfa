/**
 * The open incidents by priority, each with its running time. For staff: the API gives them to nobody else.
 *
 * What a dispatcher does about them is done by the API's dispatch calls; here the room sees them. Invariant:
 * nothing of the caller is shown on a wall.
 */
import type { Incident } from '../state/api-shapes.ts';
import { byId, createKeyedList, html, setAttribute, setText } from './dom.ts';
import type { Actions, Room } from './room.ts';

/** The city's target from the call to the scene: 15 minutes (Dinas Kesehatan, 2023). */
const TARGET_MS = 15 * 60_000;

export function createIncidentsView(actions: Actions): { update(room: Room): void } {
  const list = createKeyedList<{ incident: Incident; room: Room }>(
    byId('incident-list'),
    ({ incident }) => String(incident.id),
    () => {
      const [priority, what] = [html('b', { class: 'priority' }), html('b')];
      const [where, age] = [html('span'), html('span', { class: 'age' })];
      const text = html('span', { class: 'incident-text' }, what, where);
      const button = html('button', { type: 'button', class: 'incident' }, priority, text, age);
      let at: [number, number] | undefined;
      button.addEventListener('click', () => at && actions.showPlace(...at));
      return {
        element: html('li', {}, button),
        update({ incident, room }) {
          const { speech, nowMs } = room;
          const { id, category, classification, lat, lng } = incident;
          at = lat !== null && lng !== null ? [lat, lng] : undefined;
          const ageMs = nowMs - Date.parse(incident.receivedAt);
          setAttribute(button, 'data-late', ageMs > TARGET_MS);
          setText(priority, `P${incident.priority}`);
          setText(what, category ?? classification ?? `#${id}`);
          setText(where, describePlace(incident, room));
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

/** The place's name, and the district's where it is another. */
function describePlace({ place, kecamatan }: Incident, { state }: Room): string {
  const district = state.city.places.find(({ id }) => id === kecamatan)?.name ?? kecamatan;
  const names = [place, district].filter((each) => each !== null);
  return [...new Set(names)].join(', ');
}
