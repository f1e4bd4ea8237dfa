/**
 * Assignments: a unit is taken, sent, followed and freed, each in one transaction with its audit.
 *
 * Called by the API (dispatchers) and by unit-messages.ts (crews). Invariants: a unit has at most one open
 * assignment; every call with one idempotency key has one effect; `open` mirrors what the database has
 * committed; times are the server's at the deed and are never written back.
 */
import type { Position } from '../../cities/great-circle.ts';
import { type ClockStep, shiftOpenTimes, shiftTime } from '../clock-steps.ts';
import type { DispatchContext } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import { type Assigned, type AssignmentRequest, assignUnit } from './assign-unit.ts';
import type { LockRow } from './assignment-lock.ts';
import { type Advance, type AssignmentRow, findByKey, readAssignment, takeStep } from './assignment-row.ts';
import { isEnded, type Role, type Step, stepRank } from './assignment-steps.ts';
import { changeDestination, type DestinationChange, whyNotElsewhere } from './destination-change.ts';

/** What following a unit needs of its open assignment. */
export interface OpenAssignment {
  readonly id: number;
  readonly incident: number;
  readonly role: Role;
  readonly step: Step;
  /** What the crew said before this moves nothing. */
  readonly orderedAtMs: number;
  /** That it is free counts from here: the order, or the last step that a person took. */
  readonly freesFromMs: number;
  /** The crew's word that a person is asked about. */
  readonly askedWord: string | undefined;
  readonly scene: Position;
  readonly arrivalProposed: boolean;
}

export class Assignments {
  readonly #context: DispatchContext;
  readonly open = new Map<string, OpenAssignment>();

  constructor(context: DispatchContext) {
    this.#context = context;
  }

  /** Reads locks and open assignments back at start. */
  async load(): Promise<void> {
    const { database, board } = this.#context;
    for (const lock of await database.selectFrom('dispatch_units').selectAll().execute()) board.setLock(lock);
    // The clock may have been ahead in the last run.
    await shiftOpenTimes(database, { nowMs: this.#context.now(), stepMs: 0 });
    const rows = await database.selectFrom('assignments').selectAll().where('ended_at', 'is', null).execute();
    for (const row of rows) await this.remember(row);
  }

  /** Our own clock was set. */
  async clockSet(step: ClockStep): Promise<void> {
    await shiftOpenTimes(this.#context.database, step);
    for (const [unit, open] of this.open) {
      const orderedAtMs = shiftTime(open.orderedAtMs, step);
      this.open.set(unit, { ...open, orderedAtMs, freesFromMs: shiftTime(open.freesFromMs, step) });
    }
  }

  /** Takes the unit for the incident. The order is written with it, and goes out after it: see word-delivery.ts. */
  async assign(request: AssignmentRequest, key: string, user: string): Promise<Assigned> {
    await this.#context.followClock();
    const { database, metrics } = this.#context;
    try {
      const done = await database
        .transaction()
        .execute((transaction) => assignUnit(this.#context, transaction, request, key, user));
      await this.#committed(done.locks, done.assignment, ...(done.replaced ? [done.replaced] : []));
      metrics.assignments.inc({ outcome: done.isRepeat ? 'repeated' : 'assigned' });
      return done;
    } catch (error) {
      // The loser of two calls with one key: what it asked for has been done.
      const twin = await findByKey(database, key).catch(() => undefined);
      if (twin && twin.request === JSON.stringify(request)) {
        metrics.assignments.inc({ outcome: 'repeated' });
        return { assignment: twin, isRepeat: true, replaced: undefined, locks: [], others: [] };
      }
      metrics.assignments.inc({ outcome: error instanceof DispatchError ? error.code : 'failed' });
      throw error;
    }
  }

  /** Takes a step. Throws DispatchError `step-not-possible` with a sentence. */
  async advance(advance: Advance): Promise<AssignmentRow> {
    await this.#context.followClock();
    const { database, metrics, publishEvent } = this.#context;
    const { assignment, lock } = await database
      .transaction()
      .execute((transaction) => takeStep(transaction, advance, this.#context.board));
    await this.#committed(lock ? [lock] : [], assignment);
    metrics.steps.inc({ step: advance.to });
    const { id, incident, unit } = assignment;
    publishEvent('incident', { event: advance.to, incident, assignment: id, unit, reason: advance.reason });
    return assignment;
  }

  /** Another hospital than was said. Throws DispatchError `step-not-possible` with a sentence. */
  async changeDestination(id: number, change: DestinationChange): Promise<AssignmentRow> {
    await this.#context.followClock();
    const { database, board, publishEvent } = this.#context;
    const { hospital, ...row } = await database.transaction().execute(async (transaction) => {
      const before = await readAssignment(transaction, id);
      const why = whyNotElsewhere(before.step as Step, board.vehicleOf(before.unit) === 'transport');
      if (why) throw new DispatchError('step-not-possible', why, { step: before.step });
      await changeDestination(transaction, before, change);
      return readAssignment(transaction, id);
    });
    const { incident, unit } = row;
    publishEvent('incident', { event: 'hospital-changed', incident, assignment: id, unit, hospital });
    return { ...row, hospital };
  }

  /** The unit's client has the order. */
  async noteDispatched(assignment: number, atMs: number): Promise<void> {
    try {
      await this.advance({ assignment, to: 'dispatched', actor: 'siaga', atMs });
    } catch (error) {
      // The crew was quicker than our own note, or somebody cancelled meanwhile: both are further on.
      if (!(error instanceof DispatchError)) throw error;
      // The unit did have it at that time, measured and not inferred.
      await this.#context.database
        .updateTable('assignments')
        .set({ dispatched_at: atMs })
        .where('id', '=', assignment)
        .where('dispatched_at', 'is', null)
        .execute();
    }
  }

  /** By position the unit is there; the crew or the dispatcher confirms it as `on-scene`. */
  async proposeArrival(unit: string, atMs: number): Promise<void> {
    const open = this.open.get(unit);
    if (!open || open.arrivalProposed) return;
    const { numUpdatedRows } = await this.#context.database
      .updateTable('assignments')
      .set({ arrival_proposed_at: atMs })
      .where('id', '=', open.id)
      .where('arrival_proposed_at', 'is', null)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    this.open.set(unit, { ...open, arrivalProposed: true });
    if (numUpdatedRows !== 1n) return;
    const { id, incident } = open;
    this.#context.publishEvent('incident', { event: 'arrival-proposed', incident, assignment: id, unit });
  }

  /** The incident has moved: its units arrive at the new place. */
  async renewScene(incident: number): Promise<void> {
    const scene = await this.#sceneOf(incident);
    for (const [unit, open] of this.open) {
      if (open.incident === incident) this.open.set(unit, { ...open, scene, arrivalProposed: false });
    }
  }

  get(id: number): Promise<AssignmentRow> {
    return readAssignment(this.#context.database, id);
  }

  ofIncident(incident: number): Promise<AssignmentRow[]> {
    const all = this.#context.database.selectFrom('assignments').selectAll();
    return all.where('incident', '=', incident).orderBy('id').execute();
  }

  /** Brings the mirrors up to what has been committed. */
  async #committed(locks: readonly LockRow[], ...rows: readonly AssignmentRow[]): Promise<void> {
    for (const lock of locks) this.#context.board.setLock(lock);
    for (const row of rows) await this.remember(row);
  }

  /** Takes a committed row into the mirror. */
  async remember(row: AssignmentRow): Promise<void> {
    const known = this.open.get(row.unit);
    if (isEnded(row.step as Step)) {
      if (known?.id === row.id) this.open.delete(row.unit);
      return;
    }
    // Two commits may be told out of order; steps only go forward.
    if (known?.id === row.id && stepRank(row.step as Step) < stepRank(known.step)) return;
    const scene = known?.id === row.id ? known.scene : await this.#sceneOf(row.incident);
    this.open.set(row.unit, {
      id: row.id,
      incident: row.incident,
      role: row.role as Role,
      step: row.step as Step,
      orderedAtMs: Number(row.reserved_at),
      freesFromMs: Number(row.frees_from),
      askedWord: row.asked_word ?? undefined,
      scene,
      arrivalProposed: row.arrival_proposed_at !== null,
    });
  }

  async #sceneOf(incident: number): Promise<Position> {
    const { lat, lng } = await this.#context.database
      .selectFrom('incidents')
      .select(['lat', 'lng'])
      .where('id', '=', incident)
      .executeTakeFirstOrThrow();
    return { lat: lat as number, lng: lng as number };
  }
}
