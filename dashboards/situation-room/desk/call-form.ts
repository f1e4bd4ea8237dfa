/**
 * The form of a call: what is typed, kept; where it is; who is near; whether it is known already; and its end.
 *
 *   typed → draft (session storage) → located → candidates and likely duplicates → saved, or noted and closed
 *
 * Invariants: what was typed stays until the API has taken it or a person discards it twice; the same call tried
 * again, also after a reload, makes no second incident.
 */
import type { CallReport } from '../state/api/dispatch-shapes.ts';
import type { CallDraft, DraftKeeper } from '../state/dispatch/call-draft.ts';
import { EMPTY_DRAFT } from '../state/dispatch/call-draft.ts';
import { type Position, parseCoordinates } from '../state/dispatch/call-place.ts';
import { describeCall } from '../state/dispatch/describe-call.ts';
import type { DeskCalls } from '../state/dispatch/desk-calls.ts';
import { locate, readGazetteer } from '../state/dispatch/place-search.ts';
import { byId, setOptionalText, setText } from '../views/dom.ts';
import type { Proposed } from '../views/incidents/candidate-list.ts';
import { explainRefusal } from '../views/incidents/refusal.ts';
import type { Room } from '../views/room.ts';
import { findSimilar } from './likely-duplicates.ts';
import { createPlaceField } from './place-field.ts';

export interface CallFormOptions {
  readonly calls: DeskCalls;
  readonly drafts: DraftKeeper;
  readonly currentRoom: () => Room | undefined;
  /** Where it is now, or that it is not known. */
  readonly onLocated: (at: Position | undefined, needsTransport: boolean) => void;
  /** The incident is there; `send` is the unit that is wanted at once. */
  readonly onTaken: (incident: number, send: Proposed | undefined) => void;
  /** The first candidate of those that are shown. */
  readonly first: () => Proposed | undefined;
  /** Noted and closed, or discarded. */
  readonly onEnded: (said: string) => void;
}

const NO_CALLS = ['prank', 'silent', 'information'] as const;
type NoCall = (typeof NO_CALLS)[number];
const NO_CALL_KEYS: Readonly<Record<string, NoCall>> = { F2: 'prank', F4: 'silent', F8: 'information' };
const FIELDS = {
  place: 'call-place',
  detail: 'call-detail',
  category: 'call-category',
  patients: 'call-patients',
  callerName: 'call-caller',
  callerPhone: 'call-phone',
  note: 'call-note',
} as const satisfies Partial<Record<keyof CallDraft, string>>;

/** As the field has it. */
const MAX_DETAIL = 200;

type Field = HTMLInputElement | HTMLTextAreaElement;
const fieldOf = (id: string) => byId(id) as Field;

export class CallForm {
  readonly #options: CallFormOptions;
  readonly #form = byId('call-form') as HTMLFormElement;
  readonly #suggestions: { close(): void };
  #isBusy = false;
  #isSureToDiscard = false;
  /** The same call was to be saved before, and nobody knows where it is. */
  #isSureWithoutPlace = false;

  constructor(options: CallFormOptions) {
    this.#options = options;
    const gazetteer = () => {
      const room = options.currentRoom();
      return room ? readGazetteer(room.state) : [];
    };
    this.#suggestions = createPlaceField(gazetteer, () => this.#changed());
    const form = this.#form;
    form.addEventListener('input', () => this.#changed());
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.take(undefined);
    });
    form.addEventListener('keydown', (event) => this.#takeKey(event));
    byId('call-send').addEventListener('click', () => void this.take(options.first()));
    byId('call-discard').addEventListener('click', () => this.#discard());
    for (const button of form.querySelectorAll<HTMLElement>('[data-no-call]')) {
      button.addEventListener('click', () => void this.#endAs(button.dataset['noCall'] as NoCall));
    }
  }

  get isOpen(): boolean {
    return !this.#form.hidden;
  }

  /** With what was typed before, where there is some. */
  open(): void {
    this.#write(this.#options.drafts.read() ?? EMPTY_DRAFT);
    setOptionalText(byId('call-problem'), undefined);
    this.#form.hidden = false;
    this.#changed();
    byId('call-place').focus();
  }

  /** From the map. What was typed as the place and is no coordinates goes on as a landmark: nothing typed is lost. */
  setPlace({ lat, lng }: Position): void {
    const [place, detail] = [fieldOf(FIELDS.place), fieldOf(FIELDS.detail)];
    const typed = parseCoordinates(place.value) ? '' : place.value.trim();
    detail.value = [typed, detail.value.trim()]
      .filter((each) => each !== '')
      .join(', ')
      .slice(0, MAX_DETAIL);
    place.value = `${lat.toFixed(5)}, ${lng.toFixed(5)}`;
    this.#suggestions.close();
    this.#changed();
    place.focus();
  }

  /** The draft stays. */
  close(): void {
    this.#suggestions.close();
    this.#form.hidden = true;
  }

  update({ state, speech, nowMs }: Room): void {
    if (!this.isOpen) return;
    const discard = this.#isSureToDiscard ? 'discardSure' : 'discard';
    setText(byId('call-discard'), speech.word(discard));
    const at = locate(readGazetteer(state), fieldOf('call-place').value);
    const similar = at ? findSimilar(at, state.incidents, nowMs) : [];
    const names = similar.map(({ id, category, units }) => {
      const sent = units.map(({ unit }) => state.devices.get(unit)?.name ?? unit).join(', ');
      return `#${id} ${category ?? ''}${sent === '' ? '' : ` (${sent})`}`.trim();
    });
    setOptionalText(
      byId('call-similar'),
      names.length > 0 ? `${speech.word('similar')} ${names.join('; ')}` : undefined,
    );
    const { value } = fieldOf('call-place');
    const where = at
      ? `${speech.word('located')}: ${at.lat.toFixed(5)}, ${at.lng.toFixed(5)}`
      : speech.word('notLocated');
    setText(byId('call-located'), value.trim() === '' ? '' : where);
  }

  #takeKey(event: KeyboardEvent): void {
    const noCall = NO_CALL_KEYS[event.key];
    if (noCall && !event.repeat) {
      event.preventDefault();
      void this.#endAs(noCall);
    } else if (event.key === 'Enter' && event.ctrlKey) {
      event.preventDefault();
      if (!event.repeat) void this.take(this.#options.first());
    } else if (event.key === 'Enter' && event.repeat) event.preventDefault();
  }

  #changed(): void {
    const { drafts, currentRoom, onLocated } = this.#options;
    const draft = this.#read();
    if (JSON.stringify(draft) !== JSON.stringify(EMPTY_DRAFT)) drafts.write(draft);
    else drafts.forget();
    this.#isSureToDiscard = false;
    this.#isSureWithoutPlace = false;
    const room = currentRoom();
    if (!room) return;
    onLocated(locate(readGazetteer(room.state), draft.place), draft.needsTransport);
    this.update(room);
  }

  #read(): CallDraft {
    const texts = Object.entries(FIELDS).map(([name, id]) => [name, fieldOf(id).value]);
    const priority = new FormData(this.#form).get('priority') as CallDraft['priority'];
    const needsTransport = (byId('call-transport') as HTMLInputElement).checked;
    return { ...EMPTY_DRAFT, ...Object.fromEntries(texts), priority, needsTransport };
  }

  #write(draft: CallDraft): void {
    for (const [name, id] of Object.entries(FIELDS)) fieldOf(id).value = draft[name as keyof typeof FIELDS];
    for (const radio of this.#form.querySelectorAll<HTMLInputElement>('[name=priority]')) {
      radio.checked = radio.value === draft.priority;
    }
    (byId('call-transport') as HTMLInputElement).checked = draft.needsTransport;
  }

  /** Saves the call; `send` is who goes at once. */
  async take(send: Proposed | undefined): Promise<void> {
    const room = this.#options.currentRoom();
    if (!room) return;
    const at = locate(readGazetteer(room.state), fieldOf('call-place').value);
    const { speech } = room;
    const isEmpty = this.#options.drafts.read() === undefined;
    if (!at && (isEmpty || !this.#isSureWithoutPlace)) {
      this.#isSureWithoutPlace = !isEmpty;
      const more = isEmpty ? '' : ` ${speech.word('callWithoutPlace')}`;
      setOptionalText(byId('call-problem'), `${speech.word('callNowhere')}${more}`);
      byId('call-place').focus();
      return;
    }
    await this.#report({ classification: 'real', ...describeCall(this.#read(), speech), ...at }, (id) =>
      this.#options.onTaken(id, at && send),
    );
  }

  /** One key: the call is on record with its number, and closed. */
  async #endAs(noCall: NoCall): Promise<void> {
    const { calls, currentRoom, onEnded } = this.#options;
    const room = currentRoom();
    if (!room) return;
    const { speech, state } = room;
    const draft = this.#read();
    const at = locate(readGazetteer(state), draft.place);
    const call = { classification: noCall, ...describeCall(draft, speech), priority: 3 as const, ...at };
    await this.#report(call, async (id) => {
      await calls.close(id, noCall);
      const word = noCall === 'silent' ? 'silent-call' : noCall;
      onEnded(`#${id} ${speech.word('noCallDone')} ${speech.word(word)}`);
    });
  }

  async #report(call: CallReport, onDone: (id: number) => void | Promise<void>): Promise<void> {
    if (this.#isBusy) return;
    const { calls, drafts, currentRoom } = this.#options;
    this.#isBusy = true;
    setOptionalText(byId('call-problem'), undefined);
    try {
      const { id } = await calls.report(call, drafts.keyFor(JSON.stringify(call)));
      await onDone(id);
      drafts.forget();
      this.#write(EMPTY_DRAFT);
      this.close();
    } catch (error) {
      const room = currentRoom();
      const isAnswered = error instanceof Error && 'status' in error;
      const words = room && (isAnswered ? explainRefusal(error, room) : room.speech.word('notSaved'));
      setOptionalText(byId('call-problem'), words);
    } finally {
      this.#isBusy = false;
    }
  }

  #discard(): void {
    const room = this.#options.currentRoom();
    if (!this.#isSureToDiscard && this.#options.drafts.read()) {
      this.#isSureToDiscard = true;
      if (room) this.update(room);
      return;
    }
    this.#isSureToDiscard = false;
    this.#options.drafts.forget();
    this.close();
    this.#options.onEnded('');
  }
}
