/**
 * Beds of a hospital in words, for the board and the list of destinations.
 *
 * Invariant: what a hospital did not say is a dash and not a nought; who waits and that it is overfull stand beside the
 * beds, as dispatch ranks by them.
 */
import type { HospitalNow } from '../api/dispatch-shapes.ts';
import type { Speech } from '../words/speech.ts';

const WARDS = ['emergency', 'intensive', 'ward'] as const;

export function describeAge(
  { updatedAt, stale }: HospitalNow,
  { speech, nowMs }: { speech: Speech; nowMs: number },
): string {
  if (updatedAt === null) return '';
  const age = `${speech.age(nowMs - Date.parse(updatedAt))} ${speech.word('ago')}`;
  return stale ? `${age}, ${speech.word('staleFix')}` : age;
}

/** `free beds: emergency 3 of 20, intensive – of 8, ward 12 of 100 · 4 waiting · overfull`. */
export function describeBeds({ beds, free, overfull }: HospitalNow, { speech }: { speech: Speech }): string {
  if (free === null) return speech.word('neverReported');
  const parts = WARDS.map(
    (ward) => `${speech.word(ward)} ${free[ward] ?? '–'} ${speech.word('of')} ${beds[ward] ?? '–'}`,
  );
  return [
    `${speech.word('freeBeds')}: ${parts.join(', ')}`,
    ...(free.queue === null || free.queue === 0 ? [] : [`${free.queue} ${speech.word('patientsWait')}`]),
    ...(overfull ? [speech.word('overfull')] : []),
  ].join(' · ');
}
