/** Beds as the board and the list of destinations say them: who waits, and that a hospital is overfull. */
import { expect, test } from 'vitest';
import type { HospitalNow } from '../../../../dashboards/situation-room/state/api/dispatch-shapes.ts';
import { describeBeds } from '../../../../dashboards/situation-room/state/dispatch/hospital-beds.ts';
import { createSpeech, loadWords } from '../../../../dashboards/situation-room/state/words/speech.ts';

await loadWords('id');

const room = { speech: createSpeech('id', 'Asia/Jakarta') };
const hospital = (free: object | null, overfull = false) =>
  ({ beds: { emergency: 40, intensive: 8, ward: 90 }, free, overfull }) as unknown as HospitalNow;

test('a hospital with patients who wait says how many, and one that is overfull says so', () => {
  const free = { emergency: 0, intensive: null, ward: 3, queue: 4 };
  const beds = 'tempat tidur kosong: IGD 0 dari 40, ICU – dari 8, rawat inap 3 dari 90';
  expect(describeBeds(hospital(free, true), room)).toBe(`${beds} · 4 pasien menunggu · kelebihan pasien`);
  expect(describeBeds(hospital({ ...free, queue: 0 }), room)).toBe(beds);
  expect(describeBeds(hospital({ ...free, queue: null }), room)).toBe(beds);
  expect(describeBeds(hospital(null, true), room)).toBe('tempat tidur belum pernah dilaporkan');
});
