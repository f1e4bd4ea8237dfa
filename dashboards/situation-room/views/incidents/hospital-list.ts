/**
 * The hospitals with their free beds and the age of that word, in the dialog of an incident.
 *
 * Invariant: beds never stand without their age.
 */
import type { HospitalNow } from '../../state/api/dispatch-shapes.ts';
import { describeAge, describeBeds } from '../../state/dispatch/hospital-beds.ts';
import { byId, createKeyedList, html, setText } from '../dom.ts';
import type { Room } from '../room.ts';

export function createHospitalList(): { update(hospitals: readonly HospitalNow[], room: Room): void } {
  const list = createKeyedList<{ hospital: HospitalNow; room: Room }>(
    byId('hospital-list'),
    ({ hospital }) => hospital.id,
    () => {
      const [name, age, beds] = [html('b'), html('span', { class: 'age' }), html('span')];
      return {
        element: html('li', { class: 'hospital-beds' }, name, age, beds),
        update({ hospital, room }) {
          setText(name, hospital.name);
          setText(age, describeAge(hospital, room));
          setText(beds, describeBeds(hospital, room));
        },
      };
    },
  );
  return {
    update: (hospitals, room) => list.update(hospitals.map((hospital) => ({ hospital, room }))),
  };
}
