/**
 * CityDispatch: carries each deed of a dispatcher and each word of a unit through the parts that it concerns.
 *
 * Made by openDispatch, which has restored the parts. Invariant: what a crew must be told goes out after the commit
 * of what it tells.
 */

import { isHospital } from '../devices/kinds/hospital.ts';
import type { Reading } from '../devices/reading.ts';
import type { AssignmentRequest } from './assignments/assign-unit.ts';
import { setService } from './assignments/assignment-lock.ts';
import type { AssignmentRow } from './assignments/assignment-row.ts';
import type { Destination } from './assignments/destination-change.ts';
import type { Questions } from './assignments/questions.ts';
import { byNewTime, type ClockStep } from './clock-steps.ts';
import type { AuditLine, Dispatch } from './dispatch.ts';
import { type DispatchContext, writeAudit } from './dispatch-context.ts';
import { DispatchError } from './dispatch-error.ts';
import type { BedReports } from './incidents/bed-reports.ts';
import { type Figures, type FiguresQuery, measureFigures } from './incidents/figures.ts';
import type { RoadPace } from './roads/pace/road-pace.ts';
import type { UnitMessages } from './units/unit-messages.ts';
import type { CrewAnswers } from './words/crew-answers.ts';
import type { UnansweredOrders } from './words/unanswered-orders.ts';
import type { WordDelivery } from './words/word-delivery.ts';
import type { WordReminders } from './words/word-reminders.ts';

/** Those that dispatch hands on as they are, and those that it works with. */
export interface DispatchParts
  extends Pick<
    Dispatch,
    | 'board'
    | 'incidents'
    | 'assignments'
    | 'hospitals'
    | 'links'
    | 'words'
    | 'roads'
    | 'recommend'
    | 'routes'
    | 'coverage'
    | 'coverageMap'
    | 'callHeat'
  > {
  readonly context: DispatchContext;
  readonly delivery: WordDelivery;
  readonly reminders: WordReminders;
  readonly unanswered: UnansweredOrders;
  readonly questions: Questions;
  readonly messages: UnitMessages;
  readonly answers: CrewAnswers;
  readonly bedReports: BedReports;
  /** Absent without roads. */
  readonly pace: RoadPace | undefined;
}

/** Lines of one incident's audit that are shown, the first ones. */
export const MAX_AUDIT_LINES = 1_000;

export class CityDispatch implements Dispatch {
  readonly board: Dispatch['board'];
  readonly incidents: Dispatch['incidents'];
  readonly assignments: Dispatch['assignments'];
  readonly hospitals: Dispatch['hospitals'];
  readonly links: Dispatch['links'];
  readonly words: Dispatch['words'];
  readonly roads: Dispatch['roads'];
  readonly recommend: Dispatch['recommend'];
  readonly routes: Dispatch['routes'];
  readonly coverage: Dispatch['coverage'];
  readonly coverageMap: Dispatch['coverageMap'];
  readonly callHeat: Dispatch['callHeat'];
  readonly #context: DispatchContext;
  readonly #parts: DispatchParts;
  #lastStep: ClockStep = { nowMs: 0, stepMs: 0 };
  /** Resolves when what is open goes by our clock as it was last set. */
  #onNewTime: Promise<void> = Promise.resolve();

  constructor(parts: DispatchParts) {
    this.board = parts.board;
    this.incidents = parts.incidents;
    this.assignments = parts.assignments;
    this.hospitals = parts.hospitals;
    this.links = parts.links;
    this.words = parts.words;
    this.roads = parts.roads;
    this.recommend = parts.recommend;
    this.routes = parts.routes;
    this.coverage = parts.coverage;
    this.coverageMap = parts.coverageMap;
    this.callHeat = parts.callHeat;
    this.#context = parts.context;
    this.#parts = parts;
  }

  async assign(
    request: AssignmentRequest,
    key: string,
    user: string,
  ): Promise<{ assignment: AssignmentRow; isRepeat: boolean }> {
    const { assignments } = this;
    const { assignment, isRepeat, replaced, others } = await assignments.assign(request, key, user);
    if (isRepeat) return { assignment, isRepeat };
    const { incident, id, unit } = assignment;
    this.#context.publishEvent('incident', { event: 'assigned', incident, assignment: id, unit });
    await this.#parts.delivery.sendNew([...(replaced ? [replaced.unit] : []), unit, ...others]);
    return { assignment: await assignments.get(id), isRepeat };
  }

  async advance(advance: Parameters<Dispatch['advance']>[0]): Promise<AssignmentRow> {
    const atMs = this.#context.now();
    const hospital = advance.hospital === undefined ? undefined : this.#findHospital(advance.hospital);
    const { unit } = await this.assignments.advance({ ...advance, hospital, atMs });
    await this.#parts.delivery.sendNew([unit]);
    return this.assignments.get(advance.assignment);
  }

  async changeHospital(assignment: number, id: string, actor: string): Promise<AssignmentRow> {
    const change = { hospital: this.#findHospital(id), actor, atMs: this.#context.now() };
    const { unit } = await this.assignments.changeDestination(assignment, change);
    await this.#parts.delivery.sendNew([unit]);
    return this.assignments.get(assignment);
  }

  #findHospital(id: string): Destination {
    const hospital = this.#context.city.hospitals.find((each) => each.id === id);
    if (hospital) return hospital;
    throw new DispatchError('unknown-hospital', `there is no hospital ${id}`);
  }

  async hearByRadio(assignment: number, user: string): Promise<AssignmentRow> {
    const { assignments, words } = this;
    const { step } = await assignments.get(assignment);
    const hasAnswered = step !== 'reserved' && step !== 'dispatched';
    if (hasAnswered && (await words.hearAllByRadio(assignment, user)) > 0) return assignments.get(assignment);
    const atMs = this.#context.now();
    return assignments.advance({ assignment, to: 'acknowledged', actor: user, atMs });
  }

  answer(assignment: number, isTaken: boolean, user: string): Promise<AssignmentRow> {
    return this.#parts.questions.answer(assignment, isTaken, user);
  }

  async setService(unit: string, outOfService: string | null, user: string): Promise<void> {
    const { database, now } = this.#context;
    if (this.board.vehicleOf(unit) === undefined) {
      throw new DispatchError('unknown-unit', `there is no ambulance ${unit}`);
    }
    await this.#context.followClock();
    const action = outOfService === null ? 'back-in-service' : 'out-of-service';
    const lock = await database.transaction().execute(async (transaction) => {
      await writeAudit(transaction, now(), { actor: user, action, unit, note: outOfService ?? undefined });
      return setService(transaction, unit, outOfService);
    });
    this.board.setLock(lock);
    const reason = outOfService ?? undefined;
    this.#context.publishEvent('incident', { event: action, incident: null, unit, reason });
  }

  figures(query: Omit<FiguresQuery, 'nowMs'>): Promise<Figures> {
    const { database, now } = this.#context;
    return measureFigures(database, { ...query, nowMs: now() });
  }

  audit(incident: number): Promise<readonly AuditLine[]> {
    return this.#context.database
      .selectFrom('dispatch_audit')
      .select(['at', 'actor', 'action', 'assignment', 'unit', 'note'])
      .where('incident', '=', incident)
      .orderBy('id')
      .limit(MAX_AUDIT_LINES)
      .execute();
  }

  observe(reading: Reading): void {
    const { bedReports, messages, pace } = this.#parts;
    if (isHospital(reading)) {
      bedReports.observe(reading);
      return;
    }
    const observation = this.board.observe(reading);
    if (observation) messages.observe(reading, observation);
    const vehicle = this.board.vehicleOf(reading.device);
    if (vehicle) pace?.observe(reading, vehicle);
  }

  observeWord(reading: Reading): void {
    const observation = this.board.observeWord(reading);
    if (observation) this.#parts.messages.observeWord(reading.device, observation);
  }

  clockSet(nowMs: number, stepMs: number): void {
    this.board.clockSet(nowMs, stepMs);
    this.links.clockSet({ nowMs, stepMs });
    this.#lastStep = { nowMs, stepMs };
    this.#onNewTime = this.#parts.messages.clockSet({ nowMs, stepMs });
  }

  async onAck(device: string, body: unknown, atMs: number): Promise<string | undefined> {
    await this.#onNewTime;
    const { now, followClock } = this.#context;
    await followClock();
    const heardAtMs = Math.min(now(), byNewTime(atMs, this.#lastStep));
    return this.#parts.answers.hear(device, body, heardAtMs);
  }

  async tick(): Promise<void> {
    const { reminders, bedReports, pace, unanswered } = this.#parts;
    pace?.tick();
    // Else what a step of our clock makes look overdue would be escalated.
    await this.#onNewTime;
    await this.#context.followClock();
    await reminders.tick();
    await bedReports.tick();
    await unanswered.tick();
  }

  async settled(): Promise<void> {
    const { messages, bedReports, delivery } = this.#parts;
    await Promise.all([messages.settled(), bedReports.settled()]);
    await delivery.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.settled();
    await this.#parts.pace?.write();
  }
}
