/**
 * What can be done with an incident as a whole, as buttons; and who called and who took the call.
 *
 * Filled by incident-panel.ts. Invariant: the buttons are made anew only when others are needed, so that one keeps
 * the focus.
 */
import type { IncidentDetail } from '../state/api/dispatch-shapes.ts';
import { byId, html, setText } from '../views/dom.ts';
import type { Room } from '../views/room.ts';

export interface IncidentDeeds {
  note(): void;
  place(): void;
  merge(into: number): void;
  classify(): void;
}

export function createIncidentDeeds(deeds: IncidentDeeds): {
  update(detail: IncidentDetail, mayAct: boolean, room: Room): void;
} {
  const parent = byId('incident-deeds');
  let shown = '';
  const button = (text: string, key: string | undefined, does: () => void) => {
    const made = html('button', { type: 'button', 'aria-keyshortcuts': key }, text);
    made.addEventListener('click', does);
    return made;
  };
  return {
    update({ id, classification, possibleDuplicates }, mayAct, { speech }) {
      const into = possibleDuplicates[0];
      const isUnclassified = classification === null;
      const wanted = `${id} ${into} ${isUnclassified} ${mayAct} ${speech.language}`;
      if (shown === wanted) return;
      shown = wanted;
      parent.replaceChildren();
      if (!mayAct) return;
      parent.append(button(speech.word('addNote'), 'm', deeds.note));
      parent.append(button(speech.word('correctPlace'), 'e', deeds.place));
      if (into !== undefined) {
        parent.append(button(`${speech.word('merge')} #${into} (G)`, 'g', () => deeds.merge(into)));
      }
      if (isUnclassified) parent.append(button(speech.word('isReal'), undefined, deeds.classify));
    },
  };
}

/** For those who may see a caller; the API leaves the caller out for the others. */
export function showPeople({ caller, createdBy }: IncidentDetail, { speech }: Room): void {
  const who = [caller?.name, caller?.phone].filter((each) => typeof each === 'string');
  const parts = [
    ...(who.length > 0 ? [`${speech.word('caller')}: ${who.join(', ')}`] : []),
    `${speech.word('takenCallBy')} ${createdBy}`,
  ];
  setText(byId('incident-caller'), parts.join(' · '));
}
