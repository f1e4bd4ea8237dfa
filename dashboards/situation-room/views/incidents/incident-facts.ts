/**
 * The head of an incident's dialog: category, priority, place, age, likely duplicates and the notes.
 *
 * Invariant: nothing of the caller is shown; what people wrote goes in as text.
 */
import type { Incident } from '../../state/api/api-shapes.ts';
import type { IncidentDetail } from '../../state/api/dispatch-shapes.ts';
import { byId, html, setOptionalText, setText } from '../dom.ts';
import type { Room } from '../room.ts';

export function showIncidentFacts(detail: IncidentDetail, room: Room): void {
  const { speech, nowMs } = room;
  const { id, category, classification, priority, outcome, state } = detail;
  const what = category ?? (classification === 'real' ? null : classification);
  setText(
    byId('incident-title'),
    [`#${id}`, `P${priority}`, what].filter((each) => each !== null).join(' · '),
  );
  const age = speech.age(nowMs - Date.parse(detail.receivedAt));
  const ended = `${speech.word('closed')}: ${speech.wordOr(outcome ?? '')}`;
  setText(byId('incident-age'), state === 'closed' ? ended : age);
  const at = detail.lat === null ? [] : [`${detail.lat}, ${detail.lng}`];
  setText(
    byId('incident-place'),
    [describePlace(detail, room), ...at].filter((each) => each !== '').join(' · '),
  );
  const others = detail.possibleDuplicates.map((each) => `#${each}`).join(', ');
  setOptionalText(
    byId('incident-duplicates'),
    others === '' ? undefined : `${speech.word('duplicates')} ${others}`,
  );
  showNotes(detail, room);
}

/** The place's name, and the district's where it is another. */
export function describePlace(
  { place, kecamatan }: Pick<Incident, 'place' | 'kecamatan'>,
  { state }: Room,
): string {
  const district = state.city.places.find(({ id }) => id === kecamatan)?.name ?? kecamatan;
  const names = [place, district].filter((each) => each !== null);
  return [...new Set(names)].join(', ');
}

/** What a person wrote; the log's other lines are the assignments' times. */
const WRITTEN: ReadonlySet<string> = new Set(['reported', 'note', 'closed']);

function showNotes({ log }: IncidentDetail, { speech }: Room): void {
  const notes = log.filter(({ action, note }) => WRITTEN.has(action) && note !== null);
  const lines = notes.map(
    ({ at, actor, note }) => `${speech.time(Date.parse(at))} ${actor}: ${speech.wordOr(note ?? '')}`,
  );
  const list = byId('incident-notes');
  list.hidden = lines.length === 0;
  if (list.dataset['shown'] === lines.join('\n')) return;
  list.dataset['shown'] = lines.join('\n');
  list.replaceChildren(...lines.map((line) => html('li', {}, line)));
}
