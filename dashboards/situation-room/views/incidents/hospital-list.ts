/**
 * The hospitals with their free beds and the age of that word, in the dialog of an incident.
 *
 * Invariant: beds never stand without their age; what a hospital did not say is a dash and not a nought.
 */
import type { HospitalNow } from '../../state/api/dispatch-shapes.ts';
import { byId, createKeyedList, html, setText } from '../dom.ts';
import type { Room } from '../room.ts';

const WARDS = ['emergency', 'intensive', 'ward'] as const;

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

export function describeAge({ updatedAt, stale }: HospitalNow, { speech, nowMs }: Room): string {
  if (updatedAt === null) return '';
  const age = `${speech.age(nowMs - Date.parse(updatedAt))} ${speech.word('ago')}`;
  return stale ? `${age}, ${speech.word('staleFix')}` : age;
}

/** `free beds: emergency 3 of 20, intensive – of 8, ward 12 of 100`. */
export function describeBeds({ beds, free }: HospitalNow, { speech }: Room): string {
  if (free === null) return speech.word('neverReported');
  const parts = WARDS.map(
    (ward) => `${speech.word(ward)} ${free[ward] ?? '–'} ${speech.word('of')} ${beds[ward] ?? '–'}`,
  );
  return `${speech.word('freeBeds')}: ${parts.join(', ')}`;
}
