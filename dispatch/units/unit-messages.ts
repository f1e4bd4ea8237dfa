/**
 * What the units say, and what it means for their assignments: the crew's status, the position.
 *
 * Both come with every reading, so their work is queued, in order and bounded. Invariants: only a change of the
 * crew's status moves a step (a tracker repeats the last one for ever), and only one that was said after the
 * order; what is not sure, or impossible, a person is asked; a step's time is the server's time of receipt; work
 * that found the queue full is counted; a word that could not be worked off counts when it is said again, or at
 * the next start.
 */

import { distanceM } from '../../cities/great-circle.ts';
import type { Reading } from '../../devices/reading.ts';
import { fixOf, LOW_ACCURACY_M } from '../../fleet/positions/position-filter.ts';
import { setPatientDoubt } from '../assignments/assignment-lock.ts';
import { readStatus, type StatusMeaning, type Step, whyNot } from '../assignments/assignment-steps.ts';
import type { Assignments } from '../assignments/assignments.ts';
import type { Questions } from '../assignments/questions.ts';
import type { ClockFollower } from '../clock-follower.ts';
import type { ClockStep } from '../clock-steps.ts';
import { type DispatchContext, writeAudit } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import type { CancelEcho } from './cancel-echo.ts';
import { compareToInstant, type Order } from './unit-clock.ts';
import type { Observation, Word } from './unit-words.ts';

/** By the scene when this near: a street's width and the error of a good fix in a gang. */
const ARRIVAL_RADIUS_M = 100;
/** Status changes and arrivals that wait for the disk; a fleet of hundreds changes once a minute each. */
export const MAX_WAITING = 1_000;
/** Steps that a crew takes by its status. */
const SAID_STEPS = ['en-route', 'on-scene', 'left-scene', 'at-destination'] as const;
const UNDER_WAY = new Set(['reserved', 'dispatched', 'acknowledged', 'en-route']);

const TRANSPORTED_WITHOUT_HOSPITAL =
  'its crew said transporting and then available, with no hospital between: a patient may be aboard';
const UNSURE_WHEN = 'its clock is not known well enough to tell whether this was said after the order';
const OUT_OF_ORDER = 'its clock was set: it may have said this before what it had said last';
const RESTARTED = 'its tracker has just restarted and may say its default';

export interface UnitMessagesParts {
  readonly assignments: Assignments;
  readonly questions: Questions;
  readonly echo: CancelEcho;
  readonly follower: ClockFollower;
}

export class UnitMessages {
  readonly #context: DispatchContext;
  readonly #assignments: Assignments;
  readonly #questions: Questions;
  readonly #echo: CancelEcho;
  readonly #follower: ClockFollower;
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(context: DispatchContext, parts: UnitMessagesParts) {
    this.#context = context;
    this.#echo = parts.echo;
    this.#assignments = parts.assignments;
    this.#questions = parts.questions;
    this.#follower = parts.follower;
  }

  /** A reading of the present. */
  observe(reading: Reading, observation: Observation): void {
    const { device: unit, receivedAt } = reading;
    this.observeWord(unit, observation);
    const open = this.#assignments.open.get(unit);
    const fix = fixOf(reading);
    if (!open || !fix || open.arrivalProposed || !UNDER_WAY.has(open.step)) return;
    // One that may be anywhere in the neighbourhood arrives nowhere.
    if ((fix.accuracyM ?? 0) > LOW_ACCURACY_M || distanceM(fix, open.scene) > ARRIVAL_RADIUS_M) return;
    // Where it was before it was sent is no arrival.
    if (compareToInstant(observation.saidAt, open.orderedAtMs) !== 'after') return;
    this.#enqueue(() => this.#assignments.proposeArrival(unit, receivedAt));
  }

  /** The crew's word alone, whatever became of the position that it came with. */
  observeWord(unit: string, observation: Observation): void {
    const understood = this.#echo.take(unit, observation);
    if (understood.length > 0) this.#enqueue(() => this.#echo.acknowledge(unit, understood));
    const { changed } = observation;
    if (!changed) return;
    if (!this.#assignments.open.has(unit)) {
      this.#watchPatient(unit, changed);
      return;
    }
    this.#enqueue(
      () => this.#takeWord(unit, changed),
      () => this.#context.board.words.lose(unit, changed.status),
    );
  }

  /** Of a crew without an assignment, on a case of its own: what says that a patient may be aboard, or not any more. */
  #watchPatient(unit: string, { status, before }: Word): void {
    const { board } = this.#context;
    const { patientDoubt } = board.lockOf(unit);
    const isOdd =
      status === 'available' && before === 'transporting' && board.vehicleOf(unit) === 'transport';
    const isOver = patientDoubt !== undefined && status !== 'available' && status !== 'transporting';
    if (isOdd ? patientDoubt !== undefined : !isOver) return;
    const doubt = isOdd ? TRANSPORTED_WITHOUT_HOSPITAL : undefined;
    board.doubt(unit, doubt);
    this.#enqueue(() => this.#writeDoubt(unit, doubt ?? null));
  }

  async #writeDoubt(unit: string, doubt: string | null): Promise<void> {
    const { database, board, now, publishEvent } = this.#context;
    const action = doubt === null ? 'patient-doubt-over' : 'patient-doubt';
    const lock = await database.transaction().execute(async (transaction) => {
      await writeAudit(transaction, now(), { actor: unit, action, unit, note: doubt ?? undefined });
      return setPatientDoubt(transaction, unit, doubt);
    });
    board.setLock(lock);
    publishEvent('incident', { event: action, incident: null, unit });
  }

  /** At start: what the crews said that was on disk and not worked off when the last run ended. */
  async resume(): Promise<void> {
    const { board } = this.#context;
    for (const [unit, { id, step }] of this.#assignments.open) {
      const word = board.words.of(unit);
      const meaning = word && readStatus(word.status, step, board.vehicleOf(unit) === 'transport');
      if (!meaning || (meaning.to && !(await this.#isChange(id, unit, meaning.to)))) continue;
      this.#enqueue(() => this.#takeWord(unit, word));
    }
    await this.settled();
  }

  /** Whether the crew said something else before. A unit was available when it was sent, unless forced. */
  async #isChange(assignment: number, unit: string, to: Step): Promise<boolean> {
    const before = await this.#context.database
      .selectFrom('dispatch_audit')
      .select('action')
      .where('assignment', '=', assignment)
      .where('actor', '=', unit)
      .where('action', 'in', SAID_STEPS)
      .orderBy('id', 'desc')
      .executeTakeFirst();
    if (before) return before.action !== to;
    const { forced_reason } = await this.#assignments.get(assignment);
    return to !== 'completed' && forced_reason === null;
  }

  /** Our own clock was set: what was said before is worked off by the old time, and what is open goes by the new. */
  clockSet(step: ClockStep): Promise<void> {
    this.#echo.clockSet(step);
    this.#queue = this.#queue.then(() => this.#follower.step(step));
    return this.#queue;
  }

  /** Resolves when all that was said so far has been worked off. */
  settled(): Promise<void> {
    return this.#queue;
  }

  /** Moves the assignment by a word of its crew, asks a person about it, or leaves it: see docs/dispatch.md. */
  async #takeWord(unit: string, word: Word): Promise<void> {
    const { board, metrics } = this.#context;
    const open = this.#assignments.open.get(unit);
    if (!open) return;
    const canTransport = board.vehicleOf(unit) === 'transport';
    const meaning = readStatus(word.status, open.step, canTransport);
    const fromMs = meaning?.to === 'completed' ? open.freesFromMs : open.orderedAtMs;
    const order = compareToInstant(word.saidAt, fromMs);
    const doubt = findDoubt(word, order, meaning, canTransport);
    metrics.crewWords.inc({ judgement: order === 'after' && doubt ? 'impossible' : order });
    if (order === 'before') return;
    const { to } = meaning ?? {};
    if (doubt === undefined && to) {
      const { receivedAt: atMs } = word;
      await this.#assignments.advance({ assignment: open.id, to, actor: unit, atMs });
    }
    if (doubt === undefined) return;
    // What could not follow anyway asks nobody; what takes back an earlier question does.
    const isPossible = to && whyNot(open.step, to, canTransport) === undefined;
    if (to ? !isPossible : !meaning && open.askedWord === undefined) return;
    const { status, receivedAt: atMs } = word;
    await this.#questions.ask({ assignment: open.id, word: status, step: to, why: doubt, atMs });
  }

  #enqueue(work: () => Promise<void>, onLost: () => void = () => undefined): void {
    const { metrics, log } = this.#context;
    if (this.#waiting >= MAX_WAITING) {
      metrics.droppedUnitWork.inc();
      onLost();
      return;
    }
    this.#waiting++;
    this.#queue = this.#queue
      .then(() => this.#context.followClock())
      .then(work)
      .catch((error: unknown) => {
        // A step that does not fit (a motorcycle that says it transports) is the crew's slip, not ours.
        if (error instanceof DispatchError)
          log.info({ reason: error.message }, 'a unit said what does not fit');
        else {
          log.error({ err: error }, 'a message of a unit could not be worked off');
          onLost();
        }
      })
      .finally(() => {
        this.#waiting--;
      });
  }
}

/** Why a person must judge this word; undefined where it speaks for itself. */
function findDoubt(
  { before, isOutOfOrder, isRestart }: Word,
  order: Order,
  meaning: StatusMeaning | undefined,
  canTransport: boolean,
): string | undefined {
  if (order === 'unsure') return UNSURE_WHEN;
  if (isOutOfOrder) return OUT_OF_ORDER;
  if (meaning?.to !== 'completed' || meaning.doubt !== undefined) return meaning?.doubt;
  if (canTransport && before === 'transporting') return TRANSPORTED_WITHOUT_HOSPITAL;
  return isRestart ? RESTARTED : undefined;
}
