/**
 * Where the patient could be taken: by travel time and free beds, each with the age of that word; one is chosen.
 *
 * In dispatch's order: fresh free beds first. Invariant: beds never stand without their age.
 */
import type { Destination } from '../state/api/dispatch-shapes.ts';
import { describeAge, describeBeds } from '../state/dispatch/hospital-beds.ts';
import { byId, createKeyedList, html, setAttribute, setText } from '../views/dom.ts';
import { formatDuration } from '../views/incidents/candidate-list.ts';
import type { Room } from '../views/room.ts';

export function createDestinationList(onChosen: (hospital: string) => void): {
  update(destinations: readonly Destination[], chosen: string | undefined, room: Room): void;
} {
  const list = createKeyedList<{ destination: Destination; isChosen: boolean; room: Room }>(
    byId('destination-list'),
    ({ destination }) => destination.id,
    ({ destination: { id } }) => {
      const [name, eta, beds] = [html('b'), html('b'), html('span')];
      const button = html('button', { type: 'button', class: 'destination' }, name, eta, beds);
      button.addEventListener('click', () => onChosen(id));
      return {
        element: html('li', {}, button),
        update({ destination, isChosen, room }) {
          const { speech } = room;
          setAttribute(button, 'aria-pressed', isChosen ? 'true' : 'false');
          setText(name, destination.name);
          const way = speech.word(destination.etaSource === 'road' ? 'byRoad' : 'byStraight');
          setText(eta, `${formatDuration(destination.etaS, speech)} ${way}`);
          const parts = [describeBeds(destination, room), describeAge(destination, room)];
          setText(beds, parts.filter((each) => each !== '').join(' · '));
        },
      };
    },
  );
  return {
    update(destinations, chosen, room) {
      const { speech } = room;
      const name = destinations.find(({ id }) => id === chosen)?.name ?? speech.word('noDestination');
      setText(byId('destinations-heading'), `${speech.word('chosenHospital')} (H): ${name}`);
      list.update(destinations.map((each) => ({ destination: each, isChosen: each.id === chosen, room })));
    },
  };
}
