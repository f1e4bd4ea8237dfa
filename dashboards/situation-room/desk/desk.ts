/**
 * The desk: what is in the middle (nothing, the form of a call, an incident), and what each key does.
 *
 * Made once by main.ts. Invariants: the form and an incident are never open together; a letter typed into a field is
 * a letter; what a candidate's number means is what is shown beside it.
 */
import type { ApiClient } from '../state/api/api-client.ts';
import type { HospitalNow } from '../state/api/dispatch-shapes.ts';
import { createDraftKeeper } from '../state/dispatch/call-draft.ts';
import type { Position } from '../state/dispatch/call-place.ts';
import { type DeskCalls, makeKey, type WithheldUnit } from '../state/dispatch/desk-calls.ts';
import { findAttention } from '../state/dispatch/incident-timers.ts';
import { byId, setText } from '../views/dom.ts';
import type { Room } from '../views/room.ts';
import { type Alarm, createAlarm, type Untaken } from './alarm.ts';
import { createBoard } from './board.ts';
import { CallForm } from './call-form.ts';
import { type AtWork, DeskMap } from './desk-map.ts';
import { createIncidentCards } from './incident-cards.ts';
import { IncidentPanel } from './incident-panel.ts';
import type { IncidentStore } from './incident-store.ts';
import { createKeysDialog } from './keys.ts';
import { LookAround } from './look-around.ts';
import { createUnitDialog } from './unit-dialog.ts';

const HOSPITALS_AGAIN_MS = 30_000;

export class Desk {
  readonly #calls: DeskCalls;
  readonly #store: IncidentStore;
  readonly #currentRoom: () => Room | undefined;
  readonly #form: CallForm;
  readonly #panel: IncidentPanel;
  readonly #alarm: Alarm = createAlarm(() => performance.now());
  readonly #keys = createKeysDialog();
  readonly #board;
  readonly #map: DeskMap;
  readonly #cards = createIncidentCards((id) => this.#openIncident(id));
  /** `incident/why`, once somebody at this desk has opened or silenced it. */
  readonly #taken = new Set<string>();
  readonly #around: LookAround;
  #hospitals: readonly HospitalNow[] = [];
  #withheld: readonly WithheldUnit[] = [];
  #hospitalsAskedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    client: ApiClient,
    calls: DeskCalls,
    store: IncidentStore,
    currentRoom: () => Room | undefined,
  ) {
    this.#calls = calls;
    this.#store = store;
    this.#currentRoom = currentRoom;
    const room = () => currentRoom() as Room;
    this.#around = new LookAround(calls, () => this.#redraw());
    const units = createUnitDialog(calls, room);
    this.#board = createBoard((unit) => units.open(unit));
    this.#map = new DeskMap({
      ...{ client, calls },
      onPlace: (at) => this.#placeCall(at),
      onUnit: (unit) => units.open(unit),
      onIncident: (id) => void this.#openIncident(id),
    });
    this.#panel = new IncidentPanel({
      ...{ calls, currentRoom: room },
      onRead: (detail) => store.take(detail),
      onChosenBefore: (proposed) => void this.#form.take(proposed),
    });
    this.#form = new CallForm({
      ...{ calls, currentRoom },
      drafts: createDraftKeeper(sessionStorage, makeKey),
      first: () => this.#panel.work.candidates.at(1),
      onLocated: (at, needsTransport) => this.#around.set(at, needsTransport),
      onTaken: (id, send) => {
        void this.#openIncident(id).then(() => send && this.#panel.work.send(send));
      },
      onEnded: (said) => this.#showIdle(said),
    });
    byId('new-call').addEventListener('click', () => this.#openForm());
    byId('show-keys').addEventListener('click', () => this.#keys.open(room().speech));
    document.addEventListener('keydown', (event) => this.#takeKey(event));
  }

  /** A call that was being taken when the page was loaded anew goes on. */
  resume(): void {
    if (sessionStorage.getItem('siaga-call-draft') !== null) this.#openForm();
  }

  update(room: Room): void {
    const { incidents } = room.state;
    this.#store.sync(incidents);
    this.#cards.update(room, (id) => this.#store.detailOf(id), this.#panel.work.id);
    this.#board.update(room, this.#hospitals, this.#withheld);
    this.#form.update(room);
    this.#panel.update(room);
    byId('idle').hidden = this.#form.isOpen || this.#panel.isOpen;
    if (this.#form.isOpen) this.#showAround(room);
    this.#map.update(room, this.#atWork());
    const untaken = this.#listUntaken(room);
    this.#alarm.update(untaken, room.speech);
    document.title = `${untaken.length > 0 ? `(${untaken.length}) ` : ''}${room.speech.word('deskTitle')} · Siaga`;
    if (performance.now() - this.#hospitalsAskedAtMs > HOSPITALS_AGAIN_MS) void this.#readHospitals();
  }

  #listUntaken({ state }: Room): Untaken[] {
    return state.incidents.flatMap(({ id: incident, priority }) => {
      const detail = this.#store.detailOf(incident);
      const why = detail && findAttention(detail);
      if (!why) return [];
      const key = `${incident}/${why}`;
      if (incident === this.#panel.work.id) this.#taken.add(key);
      return this.#taken.has(key) ? [] : [{ incident, priority, why }];
    });
  }

  async #readHospitals(): Promise<void> {
    this.#hospitalsAskedAtMs = performance.now();
    // What fails is asked for again in half a minute; the ages on the board say how old it is.
    void this.readWithheld();
    this.#hospitals = await this.#calls.readHospitals().catch(() => this.#hospitals);
  }

  /** Out of service and back: the stream tells of it, by this desk and by others. */
  async readWithheld(): Promise<void> {
    this.#withheld = await this.#calls.readWithheld().catch(() => this.#withheld);
    this.#redraw();
  }

  #openForm(): void {
    this.#panel.close();
    this.#around.set(undefined, false);
    this.#form.open();
    this.#redraw();
  }

  async #openIncident(id: number): Promise<void> {
    this.#form.close();
    const opened = this.#panel.open(id);
    this.#redraw();
    await opened;
    this.#redraw();
  }

  #showIdle(said: string): void {
    this.#form.close();
    this.#panel.close();
    setText(byId('incident-said'), said);
    byId('work').focus();
    this.#redraw();
  }

  #redraw(): void {
    const room = this.#currentRoom();
    if (room) this.update(room);
  }

  /** A click on the map. */
  #placeCall(at: Position): void {
    if (!this.#form.isOpen) this.#openForm();
    this.#form.setPlace(at);
    this.#redraw();
  }

  /** What a number means is what is shown beside it, on the list as on the map. */
  #atWork(): AtWork {
    const shown = this.#panel.isOpen ? this.#panel.work.shown?.detail : undefined;
    const ofIncident =
      shown && shown.lat !== null && shown.lng !== null ? { lat: shown.lat, lng: shown.lng } : undefined;
    const at = this.#form.isOpen ? this.#around.at : ofIncident;
    const isListed = this.#form.isOpen ? this.#around.answer !== undefined : shown !== undefined;
    const { candidates } = this.#panel.work;
    return { at, candidates: at && isListed ? candidates.listed() : [] };
  }

  #showAround(room: Room): void {
    const { answer } = this.#around;
    byId('candidates').hidden = !answer;
    if (answer) {
      this.#panel.work.candidates.update(answer, room);
      setText(byId('candidates-hint'), room.speech.word('candidatesOfForm'));
    }
    this.#around.askIfOld();
  }

  #takeKey(event: KeyboardEvent): void {
    const room = this.#currentRoom();
    if (!room || byId('desk').hidden || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      this.#leave();
      return;
    }
    const target = event.target as Element;
    const isTyping = target.matches('input, select, textarea') && target.checkVisibility();
    if (isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
    if (this.#panel.isOpen) this.#panel.work.takeSendKey(event);
    if (event.defaultPrevented || event.repeat) return;
    if (this.#takeLetter(event.key.toLowerCase(), room)) event.preventDefault();
  }

  #takeLetter(key: string, room: Room): boolean {
    const step = key === 'j' ? 1 : key === 'k' ? -1 : 0;
    if (step !== 0) return this.#openNext(step, room);
    switch (key) {
      case 'n':
        this.#openForm();
        return true;
      case '?':
        this.#keys.open(room.speech);
        return true;
      case 'b':
        byId('board').focus();
        return true;
      case 'p':
        this.#map.switchSize();
        return true;
      case 'l':
        this.#map.switchLayer('calls');
        return true;
      case 'v':
        this.#map.switchLayer('coverage');
        return true;
      case 'q':
        for (const { incident, why } of this.#listUntaken(room)) this.#taken.add(`${incident}/${why}`);
        this.update(room);
        return true;
      default:
        return this.#panel.isOpen && this.#panel.takeKey(key);
    }
  }

  #openNext(step: number, { state: { incidents } }: Room): boolean {
    const at = incidents.findIndex(({ id }) => id === this.#panel.work.id);
    const from = at === -1 && step < 0 ? 0 : at;
    const next = incidents.at((from + step) % Math.max(1, incidents.length));
    if (next) void this.#openIncident(next.id);
    return next !== undefined;
  }

  #leave(): void {
    if (this.#panel.isOpen && this.#panel.leaveQuestion()) return;
    this.#showIdle('');
  }
}
