/**
 * One incident in hand: read, acted on, read again. What the room's dialog and the desk do alike.
 *
 *   read (at opening, after each deed, when the stream tells of incidents, every 15 s) → onShown → deed → read
 *
 * Invariants: one deed at a time; an answer about another incident is dropped; Enter sends only while nobody
 * is under way, so that a key pressed twice sends one unit.
 */
import { ApiError } from '../../state/api/api-client.ts';
import type { Incident } from '../../state/api/api-shapes.ts';
import type { HospitalNow, IncidentDetail, RecommendationJson } from '../../state/api/dispatch-shapes.ts';
import { isUnderWay } from '../../state/dispatch/deeds.ts';
import type { DeskCalls, Order } from '../../state/dispatch/desk-calls.ts';
import { byId, setOptionalText, setText } from '../dom.ts';
import type { Room } from '../room.ts';
import {
  type CandidateList,
  createCandidateList,
  describeWarnings,
  type Proposed,
} from './candidate-list.ts';
import { createReasonForm, type Question, type ReasonForm } from './reason-form.ts';
import { explainRefusal } from './refusal.ts';

/** Positions move: older candidates are asked for again. */
const REFRESH_MS = 15_000;

export interface Shown<Hospital extends HospitalNow> {
  readonly detail: IncidentDetail;
  readonly recommendation: RecommendationJson | undefined;
  readonly hospitals: readonly Hospital[];
}

export interface IncidentWorkOptions<Hospital extends HospitalNow> {
  readonly calls: DeskCalls;
  readonly currentRoom: () => Room;
  readonly readHospitals: (detail: IncidentDetail) => Promise<readonly Hospital[]>;
  readonly onShown: (room: Room) => void;
  /** A candidate was chosen by a click; undefined sends it. */
  readonly onChosen?: (proposed: Proposed) => void;
  /** What an order says besides. */
  readonly orderMore?: (proposed: Proposed) => Pick<Order, 'hospital' | 'replaces'>;
  /** What a person is asked before this order goes out. */
  readonly questionBefore?: () => string | undefined;
}

export class IncidentWork<Hospital extends HospitalNow = HospitalNow> {
  readonly candidates: CandidateList;
  readonly reasons: ReasonForm;
  readonly #options: IncidentWorkOptions<Hospital>;
  /** Undefined while none is in hand. */
  #id: number | undefined;
  #shown: Shown<Hospital> | undefined;
  #isBusy = false;
  /** Counts what was asked: only the answer to the last request is shown. */
  #request = 0;
  #askedAtMs = 0;
  #listSeen: readonly Incident[] | undefined;

  constructor(options: IncidentWorkOptions<Hospital>) {
    this.#options = options;
    const { onChosen } = options;
    this.reasons = createReasonForm(() => byId('incident-title').focus());
    this.candidates = createCandidateList((proposed) =>
      onChosen ? onChosen(proposed) : this.send(proposed),
    );
  }

  get id(): number | undefined {
    return this.#id;
  }

  get shown(): Shown<Hospital> | undefined {
    return this.#shown;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  open(incident: number): Promise<void> {
    const { speech, state } = this.#options.currentRoom();
    this.reasons.close();
    this.#id = incident;
    this.#shown = undefined;
    this.#listSeen = state.incidents;
    setText(byId('incident-title'), `#${incident} · ${speech.word('loading')}`);
    this.say(undefined, '');
    return this.load();
  }

  close(): void {
    this.reasons.close();
    this.#request++;
    this.#id = undefined;
    this.#shown = undefined;
  }

  /** At each drawing: reads again what somebody else has moved, or time. */
  refreshIfOld({ state }: Room): void {
    const isTold = this.#listSeen !== state.incidents;
    this.#listSeen = state.incidents;
    const isOld = performance.now() - this.#askedAtMs > REFRESH_MS;
    if (!this.#isBusy && this.#shown && (isTold || isOld)) void this.load();
  }

  async load(): Promise<void> {
    const id = this.#id;
    if (id === undefined) return;
    const { calls, readHospitals, onShown, currentRoom } = this.#options;
    const mine = ++this.#request;
    this.#askedAtMs = performance.now();
    try {
      const read = calls.readIncident(id);
      const [detail, recommendation, hospitals] = await Promise.all([
        ...([read, calls.recommend(id), read.then(readHospitals)] as const),
      ]);
      if (mine !== this.#request) return;
      this.#shown = { detail, recommendation, hospitals };
      onShown(currentRoom());
    } catch (error) {
      if (mine !== this.#request) return;
      setOptionalText(byId('incident-problem'), explainRefusal(error as Error, currentRoom()));
    }
  }

  /** Does one thing, says how it went, and reads anew what is now. */
  async act(deed: (incident: number) => Promise<string>): Promise<void> {
    const incident = this.#id;
    if (this.#isBusy || incident === undefined) return;
    this.#isBusy = true;
    this.say(undefined, '');
    try {
      const done = await deed(incident);
      if (this.#id === incident) this.say(undefined, done);
    } catch (error) {
      if (this.#id === incident) {
        this.say(explainRefusal(error as Error, this.#options.currentRoom()), '');
      }
    }
    // Busy until what changed is shown: a second press meant the list as it was.
    if (this.#id === incident) await this.load();
    this.#isBusy = false;
  }

  ask(question: Question): void {
    this.reasons.ask(question);
  }

  say(problem: string | undefined, done: string): void {
    setOptionalText(byId('incident-problem'), problem);
    setText(byId('incident-said'), done);
  }

  send(proposed: Proposed, forceReason?: string): void {
    const { speech } = this.#options.currentRoom();
    const { warnings } = proposed.candidate;
    const before = this.#options.questionBefore?.();
    if (forceReason !== undefined) this.#order(proposed, forceReason);
    else if (!this.candidates.isSettled()) this.say(speech.word('listMoved'), '');
    else if (warnings.length > 0) this.#askWhy(proposed, warnings);
    else if (before === undefined) this.#order(proposed, undefined);
    else {
      const title = `${proposed.candidate.callSign}: ${before}`;
      this.ask({ title, isRequired: false, onGiven: (reason) => this.#order(proposed, reason) });
    }
  }

  #order(proposed: Proposed, forceReason: string | undefined): void {
    const { calls, currentRoom, orderMore } = this.#options;
    const { candidate, role } = proposed;
    void this.act(async (incident) => {
      const more = { ...(forceReason ? { forceReason } : {}), ...orderMore?.(proposed) };
      try {
        await calls.send({ incident, candidate, role, ...more });
      } catch (error) {
        // Its battery, its crew's word or its tracker has changed since the list was made.
        if (!(error instanceof ApiError) || error.slug !== 'needs-reason') throw error;
        this.#askWhy(proposed, error.facts['warnings'] as readonly string[]);
        return '';
      }
      return `${currentRoom().speech.word('done')} ${candidate.callSign}`;
    });
  }

  #askWhy(proposed: Proposed, warnings: readonly string[]): void {
    const { callSign } = proposed.candidate;
    const { speech } = this.#options.currentRoom();
    this.ask({
      title: `${callSign}: ${describeWarnings({ warnings }, speech)}. ${speech.word('forceTitle')}`,
      isRequired: true,
      onGiven: (reason) => this.send(proposed, reason),
    });
  }

  /** Enter or a number, on what is shown. */
  takeSendKey(event: KeyboardEvent): void {
    const target = event.target as Element;
    const isEnter = event.key === 'Enter';
    // Held down since the form of the call, or pressed for too long.
    if (event.repeat && isEnter) event.preventDefault();
    if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || this.reasons.isOpen) return;
    if (target.matches('input, select, textarea') || byId('candidates').hidden) return;
    if (isEnter && target.matches('button, summary, a')) return;
    if (isEnter && this.#shown?.detail.assignments.some(isUnderWay)) return;
    const number = isEnter ? 1 : /^[1-9]$/.test(event.key) ? Number(event.key) : 0;
    const proposed = this.candidates.at(number);
    if (!proposed || this.#isBusy || this.#id === undefined) return;
    event.preventDefault();
    this.send(proposed);
  }
}
