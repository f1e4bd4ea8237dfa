/**
 * A draft as the call that is reported: what is empty is left out, landmark and patients are written where the API has
 * room.
 *
 * Used by the form of a call. Invariant: coordinates that were typed as the place are its position and no name of it.
 */
import type { CallReport } from '../api/dispatch-shapes.ts';
import type { Speech } from '../words/speech.ts';
import type { CallDraft } from './call-draft.ts';
import { parseCoordinates } from './call-place.ts';

export function describeCall(draft: CallDraft, { word }: Speech): Omit<CallReport, 'classification'> {
  const [place, detail] = [parseCoordinates(draft.place) ? '' : draft.place.trim(), draft.detail.trim()];
  const where = [place, detail].filter((each) => each !== '').join(', ');
  const patients = draft.patients.trim() === '' ? '' : `${word('patientsNote')} ${draft.patients.trim()}`;
  const note = [patients, draft.note.trim()].filter((each) => each !== '').join('\n');
  const optional = Object.entries({
    ...{ place: where, note, category: draft.category.trim() },
    ...{ callerName: draft.callerName.trim(), callerPhone: draft.callerPhone.trim() },
  }).filter(([, text]) => text !== '');
  return {
    priority: Number(draft.priority) as 1 | 2 | 3,
    needsTransport: draft.needsTransport,
    ...Object.fromEntries(optional),
  };
}
