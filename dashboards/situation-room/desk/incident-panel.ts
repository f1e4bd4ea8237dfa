/**
 * The incident in the middle of the desk: everything of it, and every deed by button and by key.
 *
 * Draws what incident-work.ts has in hand. Invariants: a second unit for what another incident may have in hand
 * already is asked about first; a deed by key is for the first assignment that allows it; the hospital that was
 * chosen goes with the next order of a transport and with leaving the scene.
 */

import type { Assignment, Destination, IncidentDetail } from '../state/api/dispatch-shapes.ts';
import {
  DEED_KEYS,
  type Deed,
  isUnderWay,
  nextStep,
  whoDrivesPatient,
  whomKeyMeans,
} from '../state/dispatch/deeds.ts';
import { type DeskCalls, mayDispatch, type TakenStep } from '../state/dispatch/desk-calls.ts';
import { byId, setText } from '../views/dom.ts';
import { nameUnit } from '../views/incidents/assignment-list.ts';
import type { Proposed } from '../views/incidents/candidate-list.ts';
import { showIncidentFacts } from '../views/incidents/incident-facts.ts';
import { IncidentWork } from '../views/incidents/incident-work.ts';
import type { Room } from '../views/room.ts';
import { createAssignmentCards } from './assignment-cards.ts';
import { createDestinationList } from './destination-list.ts';
import { createIncidentDeeds, showPeople } from './incident-deeds.ts';
import { showLog } from './incident-log.ts';
import { askForPlace } from './place-question.ts';

export interface IncidentPanelOptions {
  readonly calls: DeskCalls;
  readonly currentRoom: () => Room;
  readonly onRead: (detail: IncidentDetail) => void;
  /** A candidate was chosen by a click while no incident is in hand: the form's call is to be taken first. */
  readonly onChosenBefore: (proposed: Proposed) => void;
}

const PARTS = ['incident', 'assignments', 'candidates', 'destinations', 'close-form', 'log'];

export class IncidentPanel {
  readonly work: IncidentWork<Destination>;
  readonly #options: IncidentPanelOptions;
  readonly #outcome = byId('outcome') as HTMLSelectElement;
  readonly #assignments = createAssignmentCards((deed, assignment) => this.#do(deed, assignment));
  readonly #destinations = createDestinationList((hospital) => this.#chooseHospital(hospital));
  readonly #deeds = createIncidentDeeds({
    note: () => this.#askForNote(),
    place: () => askForPlace(this.work, this.#options),
    merge: (into) => this.#merge(into),
    classify: () => this.#classify(),
  });
  /** By incident, while this page is open. */
  readonly #hospitals = new Map<number, string>();
  #replaces: Assignment | undefined;

  constructor(options: IncidentPanelOptions) {
    this.#options = options;
    const { calls, currentRoom } = options;
    this.work = new IncidentWork<Destination>({
      ...{ calls, currentRoom },
      readHospitals: async ({ lat, lng }) =>
        lat === null || lng === null ? [] : calls.destinations({ lat, lng }),
      onShown: (room) => {
        if (this.work.shown) options.onRead(this.work.shown.detail);
        this.update(room);
      },
      onChosen: (proposed) =>
        this.work.id === undefined ? options.onChosenBefore(proposed) : this.work.send(proposed),
      orderMore: (proposed) => this.#orderMore(proposed),
      questionBefore: () => this.#questionBefore(),
    });
    byId('close-form').addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#closeAs(this.#outcome.value);
    });
  }

  get isOpen(): boolean {
    return this.work.id !== undefined;
  }

  async open(incident: number): Promise<void> {
    this.#replaces = undefined;
    this.#outcome.value = '';
    for (const each of PARTS) byId(each).hidden = each !== 'incident';
    byId('incident-title').focus();
    await this.work.open(incident);
  }

  close(): void {
    this.work.close();
    this.work.say(undefined, '');
    for (const each of PARTS) byId(each).hidden = true;
  }

  update(room: Room): void {
    const { shown } = this.work;
    if (!shown) return;
    const { detail, recommendation, hospitals } = shown;
    const mayAct = detail.state === 'open' && mayDispatch(room.state.viewer);
    const replaced = detail.assignments.find(({ id }) => id === this.#replaces?.id);
    if (replaced && !isUnderWay(replaced)) this.#replaces = undefined;
    showIncidentFacts(detail, room);
    showPeople(detail, room);
    this.#assignments.update(detail.assignments, mayAct, room);
    this.work.candidates.update(mayAct ? recommendation : undefined, room);
    setText(byId('candidates-hint'), this.#describeHint(room));
    const said = whoDrivesPatient(detail.assignments)?.hospital ?? this.#hospitals.get(detail.id);
    this.#destinations.update(hospitals, said, room);
    showLog(detail, room);
    byId('assignments').hidden = false;
    byId('log').hidden = false;
    byId('candidates').hidden = byId('close-form').hidden = !mayAct;
    byId('destinations').hidden = !mayAct || hospitals.length === 0;
    this.#deeds.update(detail, mayAct, room);
    this.work.refreshIfOld(room);
  }

  /** Letters that are deeds. True where one was done. */
  takeKey(key: string): boolean {
    const { shown } = this.work;
    if (!shown || shown.detail.state === 'closed' || this.work.reasons.isOpen) return false;
    if (key === 'h') return focus(byId('destination-list').querySelector('button'));
    if (key === 'c') return focus(this.#outcome);
    if (key === 'm') return this.#askForNote();
    if (key === 'e') return askForPlace(this.work, this.#options);
    if (key === 'g' && shown.detail.possibleDuplicates[0])
      return this.#merge(shown.detail.possibleDuplicates[0]);
    for (const [deed, [deedKey]] of Object.entries(DEED_KEYS) as [Deed, readonly [string, string]][]) {
      if (deedKey !== key) continue;
      const assignment = whomKeyMeans(deed, shown.detail.assignments);
      if (!assignment) return false;
      this.#do(deed, assignment);
      return true;
    }
    return false;
  }

  /** Escape: what is asked, what H or C led to, then the replacing. True where there was something to leave. */
  leaveQuestion(): boolean {
    if (this.work.reasons.isOpen) this.work.reasons.close();
    else if (document.activeElement?.closest('#close-form, #destinations'))
      return focus(byId('incident-title'));
    else if (this.#replaces) this.#replaces = undefined;
    else return false;
    this.update(this.#options.currentRoom());
    return true;
  }

  #do(deed: Deed, assignment: Assignment): void {
    const { calls, currentRoom } = this.#options;
    const { speech } = currentRoom();
    const unit = nameUnit(assignment.unit, currentRoom());
    const { id } = assignment;
    const now = (does: (incident: number) => Promise<void>) =>
      void this.work.act(async (incident) => {
        await does(incident);
        return `${unit}: ${speech.word('saved')}`;
      });
    const why = (title: string, isRequired: boolean, status: TakenStep['status']) =>
      this.work.ask({
        ...{ title, isRequired },
        onGiven: (reason) =>
          now((incident) =>
            calls.step({ incident, assignment: id, status, ...(reason === '' ? {} : { reason }) }),
          ),
      });
    const deeds: Readonly<Record<Deed, () => void>> = {
      acknowledge: () => now((incident) => calls.acknowledge(incident, id)),
      take: () => now((incident) => calls.answer(incident, id, true)),
      drop: () => now((incident) => calls.answer(incident, id, false)),
      step: () => now((incident) => this.#stepOn(incident, assignment)),
      cancel: () => why(`${speech.word('cancelTitle')} ${unit}`, false, 'cancelled'),
      'broken-down': () => why(`${speech.word('breakdownTitle')} ${unit}?`, true, 'broken-down'),
      reassign: () => this.#startReplacing(assignment),
    };
    deeds[deed]();
  }

  #startReplacing(assignment: Assignment): void {
    this.#replaces = assignment;
    this.work.say(undefined, '');
    this.update(this.#options.currentRoom());
    byId('incident-title').focus();
  }

  #stepOn(incident: number, assignment: Assignment): Promise<void> {
    const status = nextStep(assignment) ?? 'completed';
    // What was said since, perhaps by another desk, stands.
    const isUnsaid = status === 'left-scene' && assignment.hospital === null;
    const hospital = isUnsaid ? this.#hospitals.get(incident) : undefined;
    const more = hospital === undefined ? {} : { hospital };
    return this.#options.calls.step({ incident, assignment: assignment.id, status, ...more });
  }

  #orderMore({ role }: Proposed): { hospital?: string; replaces?: number } {
    const { id } = this.work;
    const hospital = role === 'transport' && id !== undefined ? this.#hospitals.get(id) : undefined;
    const replaces = this.#replaces?.id;
    return {
      ...(hospital === undefined ? {} : { hospital }),
      ...(replaces === undefined ? {} : { replaces }),
    };
  }

  #questionBefore(): string | undefined {
    const { speech, state } = this.#options.currentRoom();
    const known = this.work.shown?.detail.possibleDuplicates ?? [];
    const inHand = state.incidents.find(({ id, units }) => known.includes(id) && units.length > 0);
    return inHand && `${speech.word('similarSend')} #${inHand.id}, ${speech.word('similarSent')}`;
  }

  #describeHint(room: Room): string {
    if (!this.#replaces) return room.speech.word('candidatesHint');
    const unit = nameUnit(this.#replaces.unit, room);
    return `${room.speech.word('reassigning')} ${unit}: ${room.speech.word('reassignTitle')}`;
  }

  /** Goes with the next order of a transport; a crew that was sent already is told at once. */
  #chooseHospital(hospital: string): void {
    const { id, shown } = this.work;
    const { calls, currentRoom } = this.#options;
    const driving = shown && whoDrivesPatient(shown.detail.assignments);
    if (driving) {
      void this.work.act(async (incident) => {
        await calls.changeHospital(incident, driving.id, hospital);
        return `${nameUnit(driving.unit, currentRoom())}: ${currentRoom().speech.word('hospitalTold')}`;
      });
    } else if (id !== undefined) this.#hospitals.set(id, hospital);
    this.update(currentRoom());
    byId('incident-title').focus();
  }

  #askForNote(): true {
    const { calls, currentRoom } = this.#options;
    const { speech } = currentRoom();
    this.work.ask({
      title: speech.word('addNote'),
      isRequired: true,
      isNoReason: true,
      onGiven: (text) =>
        void this.work.act(async (incident) => {
          await calls.note(incident, text);
          return speech.word('noteSaved');
        }),
    });
    return true;
  }

  #merge(into: number): true {
    const { calls, currentRoom } = this.#options;
    const open = (this.work.shown?.detail.assignments ?? []).filter(isUnderWay);
    if (open.length > 0) {
      // Linked and not closed, it would seem that its units go to the other one.
      const units = open.map(({ unit }) => nameUnit(unit, currentRoom())).join(', ');
      this.work.say(`${units} ${currentRoom().speech.word('stillUnderWay')}`, '');
      return true;
    }
    void this.work.act(async (incident) => {
      await calls.triage(incident, { duplicateOf: into });
      await calls.close(incident, 'duplicate');
      return `${currentRoom().speech.word('merged')} #${into}`;
    });
    return true;
  }

  #closeAs(outcome: string): Promise<void> {
    const { calls, currentRoom } = this.#options;
    return this.work.act(async (incident) => {
      await calls.close(incident, outcome);
      return currentRoom().speech.word('closed');
    });
  }

  #classify(): void {
    const { calls, currentRoom } = this.#options;
    void this.work.act(async (incident) => {
      await calls.triage(incident, { classification: 'real' });
      return currentRoom().speech.word('triaged');
    });
  }
}

function focus(element: HTMLElement | null): boolean {
  element?.focus();
  return element !== null;
}
