/**
 * One incident at the desk: what is known, who was sent, whom to send, where beds are free, and its end.
 *
 *   read (at opening, after each deed, when the stream tells of incidents, every 15 s) → drawn → deed → read
 *
 * Invariants: one deed at a time; an answer about another incident is dropped; Enter sends only while nobody
 * is under way, so that a key pressed twice sends one unit.
 */
import { ApiError } from '../state/api-client.ts';
import type { Incident } from '../state/api-shapes.ts';
import { type DeskCalls, mayDispatch } from '../state/desk-calls.ts';
import type {
  Assignment,
  HospitalNow,
  IncidentDetail,
  RecommendationJson,
} from '../state/dispatch-shapes.ts';
import { createAssignmentList, isUnderWay, nameUnit } from './assignment-list.ts';
import { createCandidateList, type Proposed } from './candidate-list.ts';
import { byId, setOptionalText, setText } from './dom.ts';
import { createHospitalList } from './hospital-list.ts';
import { showIncidentFacts } from './incident-facts.ts';
import { createReasonForm } from './reason-form.ts';
import { explainRefusal } from './refusal.ts';
import type { Actions, Room } from './room.ts';

/** Positions move: older candidates are asked for again. */
const REFRESH_MS = 15_000;

interface Shown {
  readonly detail: IncidentDetail;
  readonly recommendation: RecommendationJson | undefined;
  readonly hospitals: readonly HospitalNow[];
}

export interface IncidentDialogOptions {
  readonly calls: DeskCalls;
  readonly actions: Pick<Actions, 'showPlace'>;
  readonly currentRoom: () => Room;
}

/** Made once, with the page. */
export class IncidentDialog {
  readonly #calls: DeskCalls;
  readonly #actions: IncidentDialogOptions['actions'];
  readonly #currentRoom: () => Room;
  readonly #dialog = byId('incident-dialog') as HTMLDialogElement;
  readonly #title = byId('incident-title');
  readonly #outcome = byId('outcome') as HTMLSelectElement;
  readonly #reasons = createReasonForm(() => this.#title.focus());
  readonly #candidates = createCandidateList((proposed) => this.#send(proposed));
  readonly #assignments = createAssignmentList((assignment) => this.#askToCancel(assignment));
  readonly #hospitals = createHospitalList();
  /** Undefined while the dialog is closed. */
  #id: number | undefined;
  #shown: Shown | undefined;
  #isBusy = false;
  /** Counts what was asked: only the answer to the last request is shown. */
  #request = 0;
  #askedAtMs = 0;
  #listSeen: readonly Incident[] | undefined;

  constructor({ calls, actions, currentRoom }: IncidentDialogOptions) {
    this.#calls = calls;
    this.#actions = actions;
    this.#currentRoom = currentRoom;
    this.#listenForTheEnd();
    byId('incident-show').addEventListener('click', () => this.#showPlace());
    this.#dialog.addEventListener('keydown', (event) => this.#takeKey(event));
    byId('close-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#act(async (incident) => {
        await calls.close(incident, this.#outcome.value);
        return currentRoom().speech.word('closed');
      });
    });
  }

  open(incident: number): void {
    const room = this.#currentRoom();
    this.#id = incident;
    this.#shown = undefined;
    this.#listSeen = room.state.incidents;
    this.#outcome.value = '';
    setText(this.#title, `#${incident} · ${room.speech.word('loading')}`);
    for (const each of ['candidates', 'close-form']) byId(each).hidden = true;
    this.#say(undefined, '');
    if (!this.#dialog.open) this.#dialog.showModal();
    void this.#load();
  }

  update(room: Room): void {
    if (!this.#dialog.open || !this.#shown) return;
    const { detail, recommendation, hospitals } = this.#shown;
    const isOpen = detail.state === 'open';
    const mayAct = isOpen && mayDispatch(room.state.viewer);
    showIncidentFacts(detail, room);
    this.#assignments.update(detail.assignments, mayAct, room);
    byId('candidates').hidden = !mayAct;
    this.#candidates.update(mayAct ? recommendation : undefined, room);
    this.#hospitals.update(hospitals, room);
    byId('close-form').hidden = !mayAct;
    // What had the focus may be gone, and with it the keys.
    if (!this.#dialog.contains(document.activeElement)) this.#title.focus();
    const isTold = this.#listSeen !== room.state.incidents;
    this.#listSeen = room.state.incidents;
    const isOld = performance.now() - this.#askedAtMs > REFRESH_MS;
    if (!this.#isBusy && (isTold || isOld)) void this.#load();
  }

  #listenForTheEnd(): void {
    const dialog = this.#dialog;
    byId('incident-dismiss').addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener('cancel', (event) => {
      // Escape leaves the question first and the dialog with the next press.
      if (event.target !== dialog || !this.#reasons.isOpen) return;
      event.preventDefault();
      this.#reasons.close();
    });
    dialog.addEventListener('close', () => {
      this.#reasons.close();
      this.#request++;
      this.#id = undefined;
      this.#shown = undefined;
    });
  }

  #showPlace(): void {
    const { lat, lng } = this.#shown?.detail ?? {};
    this.#dialog.close();
    if (typeof lat === 'number' && typeof lng === 'number') this.#actions.showPlace(lat, lng);
  }

  async #load(): Promise<void> {
    const id = this.#id;
    if (id === undefined) return;
    const calls = this.#calls;
    const mine = ++this.#request;
    this.#askedAtMs = performance.now();
    try {
      const [detail, recommendation, hospitals] = await Promise.all([
        ...([calls.readIncident(id), calls.recommend(id), calls.readHospitals()] as const),
      ]);
      if (mine !== this.#request) return;
      this.#shown = { detail, recommendation, hospitals };
      this.update(this.#currentRoom());
    } catch (error) {
      if (mine === this.#request) setOptionalText(byId('incident-problem'), (error as Error).message);
    }
  }

  /** Does one thing, says how it went, and reads anew what is now. */
  async #act(deed: (incident: number) => Promise<string>): Promise<void> {
    const incident = this.#id;
    if (this.#isBusy || incident === undefined) return;
    this.#isBusy = true;
    this.#say(undefined, '');
    try {
      const done = await deed(incident);
      if (this.#id === incident) this.#say(undefined, done);
    } catch (error) {
      if (this.#id === incident) this.#say(explainRefusal(error as Error, this.#currentRoom()), '');
    }
    // Busy until what changed is shown: a second press meant the list as it was.
    if (this.#id === incident) await this.#load();
    this.#isBusy = false;
  }

  #say(problem: string | undefined, done: string): void {
    setOptionalText(byId('incident-problem'), problem);
    setText(byId('incident-said'), done);
  }

  #send(proposed: Proposed, forceReason?: string): void {
    const { speech } = this.#currentRoom();
    const { warnings } = proposed.candidate;
    if (!this.#candidates.isSettled() && forceReason === undefined) this.#say(speech.word('listMoved'), '');
    else if (warnings.length > 0 && forceReason === undefined) this.#askWhy(proposed, warnings);
    else this.#order(proposed, forceReason);
  }

  #order(proposed: Proposed, forceReason: string | undefined): void {
    const { speech } = this.#currentRoom();
    const { candidate, role } = proposed;
    void this.#act(async (incident) => {
      try {
        await this.#calls.send({ incident, candidate, role, ...(forceReason ? { forceReason } : {}) });
      } catch (error) {
        // Its battery, its crew's word or its tracker has changed since the list was made.
        if (!(error instanceof ApiError) || error.slug !== 'needs-reason') throw error;
        this.#askWhy(proposed, error.facts['warnings'] as readonly string[]);
        return '';
      }
      return `${speech.word('done')} ${candidate.callSign}`;
    });
  }

  #askWhy(proposed: Proposed, warnings: readonly string[]): void {
    const { callSign } = proposed.candidate;
    this.#reasons.ask({
      title: `${callSign}: ${warnings.join('; ')}. ${this.#currentRoom().speech.word('forceTitle')}`,
      isRequired: true,
      onGiven: (reason) => this.#send(proposed, reason),
    });
  }

  #askToCancel(assignment: Assignment): void {
    const room = this.#currentRoom();
    const unit = nameUnit(assignment.unit, room);
    this.#reasons.ask({
      title: `${room.speech.word('cancelTitle')} ${unit}`,
      isRequired: false,
      onGiven: (reason) =>
        void this.#act(async (incident) => {
          await this.#calls.cancel(incident, assignment.id, reason);
          return `${unit}: ${room.speech.word('cancelled')}`;
        }),
    });
  }

  #takeKey(event: KeyboardEvent): void {
    const target = event.target as Element;
    const isEnter = event.key === 'Enter';
    // Held down since the form of the call, or pressed for too long.
    if (event.repeat && isEnter) event.preventDefault();
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || this.#reasons.isOpen) return;
    if (target.matches('input, select, textarea') || byId('candidates').hidden) return;
    if (isEnter && target.matches('button, summary')) return;
    if (isEnter && this.#shown?.detail.assignments.some(isUnderWay)) return;
    const number = isEnter ? 1 : /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
    const proposed = this.#candidates.at(number);
    if (!proposed || this.#isBusy) return;
    event.preventDefault();
    this.#send(proposed);
  }
}
