/**
 * Where an incident is in truth: asked of the dispatcher, also of a call that was taken without a position.
 *
 * Called by incident-panel.ts. Invariants: what cannot be found changes nothing, and what was typed stays in the field;
 * coordinates correct the position and leave the name that the caller gave.
 */

import type { Destination } from '../state/api/dispatch-shapes.ts';
import { parseCoordinates } from '../state/dispatch/call-place.ts';
import type { DeskCalls } from '../state/dispatch/desk-calls.ts';
import { locate, readGazetteer } from '../state/dispatch/place-search.ts';
import type { IncidentWork } from '../views/incidents/incident-work.ts';
import type { Room } from '../views/room.ts';

interface Around {
  readonly calls: Pick<DeskCalls, 'triage'>;
  readonly currentRoom: () => Room;
}

export function askForPlace(
  work: IncidentWork<Destination>,
  { calls, currentRoom }: Around,
  typed = work.shown?.detail.place ?? '',
): true {
  const { speech, state } = currentRoom();
  work.ask({
    title: speech.word('rightPlace'),
    isRequired: true,
    isNoReason: true,
    typed,
    onGiven: (text) => {
      const gazetteer = readGazetteer(state);
      // Behind the name stand landmark and floor, as the form writes them.
      const at = locate(gazetteer, text) ?? locate(gazetteer, text.split(',')[0] ?? '');
      if (!at) {
        askForPlace(work, { calls, currentRoom }, text);
        work.say(speech.word('callNowhere'), '');
        return;
      }
      const place = parseCoordinates(text) ? {} : { place: text };
      void work.act(async (incident) => {
        await calls.triage(incident, { ...place, ...at });
        return speech.word('placeCorrected');
      });
    },
  });
  return true;
}
