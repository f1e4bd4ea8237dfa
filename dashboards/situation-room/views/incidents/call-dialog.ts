/**
 * A new call: by its button or the key N, from the form to an incident, which opens at once.
 *
 * Invariants: what was typed stays until the API has taken it or a person throws it away; sending the same form
 * again makes no second incident.
 */
import type { CallReport } from '../../state/api/dispatch-shapes.ts';
import { findCityPlace, listPlaces, parseCoordinates } from '../../state/dispatch/call-place.ts';
import { type DeskCalls, mayDispatch } from '../../state/dispatch/desk-calls.ts';
import { byId, html, setOptionalText } from '../dom.ts';
import type { Room } from '../room.ts';

export interface CallDialogOptions {
  readonly calls: DeskCalls;
  readonly currentRoom: () => Room | undefined;
  readonly onTaken: (incident: number) => void;
}

export function createCallDialog({ calls, currentRoom, onTaken }: CallDialogOptions): {
  update(room: Room): void;
} {
  const dialog = byId('call-dialog') as HTMLDialogElement;
  const form = byId('call-form') as HTMLFormElement;
  const take = byId('call-take') as HTMLButtonElement;
  const problem = byId('call-problem');

  function open(room: Room): void {
    const names = listPlaces(room.state.city).map(({ name }) => html('option', { value: name }));
    byId('call-places').replaceChildren(...names);
    setOptionalText(problem, undefined);
    dialog.showModal();
  }

  byId('new-call').addEventListener('click', () => {
    const room = currentRoom();
    if (room) open(room);
  });
  document.addEventListener('keydown', (event) => {
    const room = currentRoom();
    const isPlain = !(event.ctrlKey || event.altKey || event.metaKey || event.repeat);
    if (event.key.toLowerCase() !== 'n' || !isPlain || !room || !mayDispatch(room.state.viewer)) return;
    // A field of a dialog that was just closed has the focus until the next frame.
    const target = event.target as Element;
    const isTyping = target.matches('input, select, textarea') && target.checkVisibility();
    if (isTyping || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    open(room);
  });
  byId('call-cancel').addEventListener('click', () => {
    form.reset();
    dialog.close();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const room = currentRoom();
    if (room && !take.disabled) void report(room);
  });

  async function report({ state, speech }: Room): Promise<void> {
    const call = readCall(form, state.city);
    if (!call) {
      setOptionalText(problem, speech.word('callNowhere'));
      byId('call-place').focus();
      return;
    }
    take.disabled = true;
    setOptionalText(problem, undefined);
    try {
      const { id } = await calls.report(call);
      form.reset();
      dialog.close();
      onTaken(id);
    } catch (error) {
      setOptionalText(problem, (error as Error).message);
    } finally {
      take.disabled = false;
    }
  }

  return {
    update({ state }) {
      byId('new-call').hidden = !mayDispatch(state.viewer);
    },
  };
}

/** Undefined where nobody could be sent: neither coordinates nor a place that the city knows. */
function readCall(form: HTMLFormElement, city: Room['state']['city']): CallReport | undefined {
  const text = (id: string) => (byId(id) as HTMLInputElement | HTMLTextAreaElement).value.trim();
  const [place, coordinates] = [text('call-place'), text('call-coordinates')];
  const pasted = parseCoordinates(place);
  const at = coordinates === '' ? (pasted ?? findCityPlace(city, place)) : parseCoordinates(coordinates);
  if (!at) return undefined;
  const [category, note] = [text('call-category'), text('call-note')];
  return {
    classification: 'real',
    priority: Number(new FormData(form).get('priority')) as 1 | 2 | 3,
    needsTransport: (byId('call-transport') as HTMLInputElement).checked,
    ...{ lat: at.lat, lng: at.lng },
    ...(place === '' || pasted ? {} : { place }),
    ...(category === '' ? {} : { category }),
    ...(note === '' ? {} : { note }),
  };
}
