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

export interface IncidentDialog {
  open(incident: number): void;
  update(room: Room): void;
}

export function createIncidentDialog({ calls, actions, currentRoom }: IncidentDialogOptions): IncidentDialog {
  const dialog = byId('incident-dialog') as HTMLDialogElement;
  const title = byId('incident-title');
  const outcome = byId('outcome') as HTMLSelectElement;
  const reasons = createReasonForm(() => title.focus());
  const candidates = createCandidateList(send);
  const assignments = createAssignmentList(askToCancel);
  const hospitals = createHospitalList();
  let id: number | undefined;
  let shown: Shown | undefined;
  let isBusy = false;
  let request = 0;
  let askedAtMs = 0;
  let listSeen: readonly Incident[] | undefined;

  byId('incident-dismiss').addEventListener('click', () => dialog.close());
  byId('incident-show').addEventListener('click', () => {
    const { lat, lng } = shown?.detail ?? {};
    dialog.close();
    if (typeof lat === 'number' && typeof lng === 'number') actions.showPlace(lat, lng);
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('cancel', (event) => {
    // Escape leaves the question first and the dialog with the next press.
    if (event.target !== dialog || !reasons.isOpen) return;
    event.preventDefault();
    reasons.close();
  });
  dialog.addEventListener('close', () => {
    reasons.close();
    request++;
    id = undefined;
    shown = undefined;
  });
  dialog.addEventListener('keydown', takeKey);
  byId('close-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void act(async (incident) => {
      await calls.close(incident, outcome.value);
      return currentRoom().speech.word('closed');
    });
  });

  async function load(): Promise<void> {
    if (id === undefined) return;
    const mine = ++request;
    askedAtMs = performance.now();
    try {
      const [detail, recommendation, beds] = await Promise.all([
        ...([calls.readIncident(id), calls.recommend(id), calls.readHospitals()] as const),
      ]);
      if (mine !== request) return;
      shown = { detail, recommendation, hospitals: beds };
      update(currentRoom());
    } catch (error) {
      if (mine === request) setOptionalText(byId('incident-problem'), (error as Error).message);
    }
  }

  /** Does one thing, says how it went, and reads anew what is now. */
  async function act(deed: (incident: number) => Promise<string>): Promise<void> {
    const incident = id;
    if (isBusy || incident === undefined) return;
    isBusy = true;
    say(undefined, '');
    try {
      const done = await deed(incident);
      if (id === incident) say(undefined, done);
    } catch (error) {
      if (id === incident) say(explainRefusal(error as Error, currentRoom()), '');
    }
    // Busy until what changed is shown: a second press meant the list as it was.
    if (id === incident) await load();
    isBusy = false;
  }

  function say(problem: string | undefined, done: string): void {
    setOptionalText(byId('incident-problem'), problem);
    setText(byId('incident-said'), done);
  }

  function send(proposed: Proposed, forceReason?: string): void {
    const { speech } = currentRoom();
    const { candidate } = proposed;
    if (!candidates.isSettled() && forceReason === undefined) say(speech.word('listMoved'), '');
    else if (candidate.warnings.length > 0 && forceReason === undefined) askWhy(proposed, candidate.warnings);
    else order(proposed, forceReason);
  }

  function order(proposed: Proposed, forceReason: string | undefined): void {
    const { speech } = currentRoom();
    const { candidate, role } = proposed;
    void act(async (incident) => {
      try {
        await calls.send({ incident, candidate, role, ...(forceReason ? { forceReason } : {}) });
      } catch (error) {
        // Its battery, its crew's word or its tracker has changed since the list was made.
        if (!(error instanceof ApiError) || error.slug !== 'needs-reason') throw error;
        askWhy(proposed, error.facts['warnings'] as readonly string[]);
        return '';
      }
      return `${speech.word('done')} ${candidate.callSign}`;
    });
  }

  function askWhy(proposed: Proposed, warnings: readonly string[]): void {
    const { callSign } = proposed.candidate;
    reasons.ask({
      title: `${callSign}: ${warnings.join('; ')}. ${currentRoom().speech.word('forceTitle')}`,
      isRequired: true,
      onGiven: (reason) => send(proposed, reason),
    });
  }

  function askToCancel(assignment: Assignment): void {
    const room = currentRoom();
    const unit = nameUnit(assignment.unit, room);
    reasons.ask({
      title: `${room.speech.word('cancelTitle')} ${unit}`,
      isRequired: false,
      onGiven: (reason) =>
        void act(async (incident) => {
          await calls.cancel(incident, assignment.id, reason);
          return `${unit}: ${room.speech.word('cancelled')}`;
        }),
    });
  }

  function takeKey(event: KeyboardEvent): void {
    const target = event.target as Element;
    const isEnter = event.key === 'Enter';
    // Held down since the form of the call, or pressed for too long.
    if (event.repeat && isEnter) event.preventDefault();
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || reasons.isOpen) return;
    if (target.matches('input, select, textarea') || byId('candidates').hidden) return;
    if (isEnter && target.matches('button, summary')) return;
    if (isEnter && shown?.detail.assignments.some(isUnderWay)) return;
    const number = isEnter ? 1 : /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
    const proposed = candidates.at(number);
    if (!proposed || isBusy) return;
    event.preventDefault();
    send(proposed);
  }

  function update(room: Room): void {
    if (!dialog.open || !shown) return;
    const { detail, recommendation } = shown;
    const isOpen = detail.state === 'open';
    const mayAct = isOpen && mayDispatch(room.state.viewer);
    showIncidentFacts(detail, room);
    assignments.update(detail.assignments, mayAct, room);
    byId('candidates').hidden = !mayAct;
    candidates.update(mayAct ? recommendation : undefined, room);
    hospitals.update(shown.hospitals, room);
    byId('close-form').hidden = !mayAct;
    // What had the focus may be gone, and with it the keys.
    if (!dialog.contains(document.activeElement)) title.focus();
    const isTold = listSeen !== room.state.incidents;
    listSeen = room.state.incidents;
    if (!isBusy && (isTold || performance.now() - askedAtMs > REFRESH_MS)) void load();
  }

  return {
    open(incident) {
      const room = currentRoom();
      id = incident;
      shown = undefined;
      listSeen = room.state.incidents;
      outcome.value = '';
      setText(title, `#${incident} · ${room.speech.word('loading')}`);
      for (const each of ['candidates', 'close-form']) byId(each).hidden = true;
      say(undefined, '');
      if (!dialog.open) dialog.showModal();
      void load();
    },
    update,
  };
}
