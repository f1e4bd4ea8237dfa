/**
 * The dialog of one incident in the room: what is known, who was sent, whom to send, where beds are free, its end.
 *
 * Draws what incident-work.ts has in hand. Invariant: a dialog that is closed has none in hand.
 */
import type { Assignment } from '../../state/api/dispatch-shapes.ts';
import { type DeskCalls, mayDispatch } from '../../state/dispatch/desk-calls.ts';
import { byId } from '../dom.ts';
import type { Actions, Room } from '../room.ts';
import { createAssignmentList, nameUnit } from './assignment-list.ts';
import { createHospitalList } from './hospital-list.ts';
import { showIncidentFacts } from './incident-facts.ts';
import { IncidentWork } from './incident-work.ts';

export interface IncidentDialogOptions {
  readonly calls: DeskCalls;
  readonly actions: Pick<Actions, 'showPlace'>;
  readonly currentRoom: () => Room;
}

/** Made once, with the page. */
export class IncidentDialog {
  readonly #options: IncidentDialogOptions;
  readonly #dialog = byId('incident-dialog') as HTMLDialogElement;
  readonly #outcome = byId('outcome') as HTMLSelectElement;
  readonly #work: IncidentWork;
  readonly #assignments = createAssignmentList((assignment) => this.#askToCancel(assignment));
  readonly #hospitals = createHospitalList();

  constructor(options: IncidentDialogOptions) {
    const { calls, currentRoom } = options;
    this.#options = options;
    this.#work = new IncidentWork({
      ...{ calls, currentRoom },
      readHospitals: () => calls.readHospitals(),
      onShown: (room) => this.update(room),
    });
    this.#listenForTheEnd();
    byId('incident-show').addEventListener('click', () => this.#showPlace());
    this.#dialog.addEventListener('keydown', (event) => this.#work.takeSendKey(event));
    byId('close-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#work.act(async (incident) => {
        await calls.close(incident, this.#outcome.value);
        return currentRoom().speech.word('closed');
      });
    });
  }

  open(incident: number): void {
    this.#outcome.value = '';
    for (const each of ['candidates', 'close-form']) byId(each).hidden = true;
    if (!this.#dialog.open) this.#dialog.showModal();
    void this.#work.open(incident);
  }

  update(room: Room): void {
    const { shown } = this.#work;
    if (!this.#dialog.open || !shown) return;
    const { detail, recommendation, hospitals } = shown;
    const isOpen = detail.state === 'open';
    const mayAct = isOpen && mayDispatch(room.state.viewer);
    showIncidentFacts(detail, room);
    byId('incident-show').hidden = detail.lat === null;
    this.#assignments.update(detail.assignments, mayAct, room);
    byId('candidates').hidden = !mayAct;
    this.#work.candidates.update(mayAct ? recommendation : undefined, room);
    this.#hospitals.update(hospitals, room);
    byId('close-form').hidden = !mayAct;
    // What had the focus may be gone, and with it the keys.
    if (!this.#dialog.contains(document.activeElement)) byId('incident-title').focus();
    this.#work.refreshIfOld(room);
  }

  #listenForTheEnd(): void {
    const dialog = this.#dialog;
    byId('incident-dismiss').addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) dialog.close();
    });
    dialog.addEventListener('cancel', (event) => {
      // Escape leaves the question first and the dialog with the next press.
      if (event.target !== dialog || !this.#work.reasons.isOpen) return;
      event.preventDefault();
      this.#work.reasons.close();
    });
    dialog.addEventListener('close', () => this.#work.close());
  }

  #showPlace(): void {
    const { lat, lng } = this.#work.shown?.detail ?? {};
    this.#dialog.close();
    if (typeof lat === 'number' && typeof lng === 'number') this.#options.actions.showPlace(lat, lng);
  }

  #askToCancel(assignment: Assignment): void {
    const { calls, currentRoom } = this.#options;
    const room = currentRoom();
    const unit = nameUnit(assignment.unit, room);
    this.#work.ask({
      title: `${room.speech.word('cancelTitle')} ${unit}`,
      isRequired: false,
      onGiven: (reason) =>
        void this.#work.act(async (incident) => {
          await calls.cancel(incident, assignment.id, reason);
          return `${unit}: ${room.speech.word('cancelled')}`;
        }),
    });
  }
}
