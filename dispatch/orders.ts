/**
 * Orders to the units, and what happens when nobody answers. The timers are columns of the assignment, so an
 * order that a restart interrupts goes on where it was.
 *
 *   sent at once → again at 15 s → warned at 30 s → escalated at 75 s (a second unit is proposed) → again each 60 s
 *
 * The alert of an escalated order is unanswered-orders.ts's, which follows the columns that are written here.
 * A corrected incident is sent again, also to a crew that has answered: see corrections.ts.
 * Invariants: an order is never dropped in silence, and the first unit stays assigned until somebody cancels
 * it; a unit that was cancelled is told until the broker has taken the message. Counted from the reservation.
 */
import { type AssignmentRow, readAssignment } from './assignment-row.ts';
import { followsOrder, type Step } from './assignment-steps.ts';
import type { Assignments } from './assignments.ts';
import { CORRECTION_RETRY_MS } from './corrections.ts';
import type { DispatchContext } from './dispatch-context.ts';
import { DispatchError } from './dispatch-error.ts';
import { find } from './incident-row.ts';
import type { Recommendation, RecommendationQuery } from './recommendation.ts';

const WARN_AFTER_MS = 30_000;
export const ESCALATE_AFTER_MS = 75_000;
const REPEAT_EVERY_MS = 60_000;
/** A timer further ahead was set before the clock was set back. */
const LONGEST_TIMER_MS = ESCALATE_AFTER_MS;
/** A message that the broker did not take is tried again so soon. */
const RETRY_MS = 5_000;
/** Timers worked off in one tick; the rest a second later. */
const MAX_DUE = 200;
const AWAITING = new Set(['reserved', 'dispatched']);

export class Orders {
  readonly #context: DispatchContext;
  readonly #assignments: Assignments;
  readonly #recommend: (query: RecommendationQuery) => Promise<Recommendation>;

  constructor(
    context: DispatchContext,
    assignments: Assignments,
    recommend: (query: RecommendationQuery) => Promise<Recommendation>,
  ) {
    this.#context = context;
    this.#assignments = assignments;
    this.#recommend = recommend;
  }

  /** Sends the order; reserved becomes dispatched when the broker has it. Failure is left to the timer. */
  async send(id: number): Promise<void> {
    const { database, now, sendCommand } = this.#context;
    const assignment = await readAssignment(database, id);
    const isCorrected = assignment.corrections_unsent > 0 && followsOrder(assignment.step as Step);
    if (!AWAITING.has(assignment.step) && !isCorrected) return;
    const atMs = now();
    const isSent = await this.#attempt(async () =>
      sendCommand(assignment.unit, await this.#orderOf(assignment)),
    );
    if (isCorrected) await this.#noteCorrection(assignment, isSent);
    if (!isSent) return;
    await database
      .updateTable('assignments')
      .set((column) => ({ commands_sent: column('commands_sent', '+', 1) }))
      .where('id', '=', id)
      .execute();
    if (assignment.step !== 'reserved') return;
    try {
      await this.#assignments.advance({ assignment: id, to: 'dispatched', actor: 'siaga', atMs });
    } catch (error) {
      // The crew was quicker than our own note, or somebody cancelled meanwhile: both are further on.
      if (!(error instanceof DispatchError)) throw error;
      // The order did leave at that time, measured and not inferred.
      await database
        .updateTable('assignments')
        .set({ dispatched_at: atMs })
        .where('id', '=', id)
        .where('dispatched_at', 'is', null)
        .execute();
    }
  }

  /** Sends the order again to the units of an incident that was corrected after they were sent. */
  async renew(incident: number): Promise<void> {
    for (const { id, corrections_unsent } of await this.#assignments.ofIncident(incident)) {
      if (corrections_unsent > 0) await this.send(id);
    }
  }

  /** A correction that came while this one was on its way stays unsent: the number has grown. */
  async #noteCorrection(assignment: AssignmentRow, isSent: boolean): Promise<void> {
    const { database, now, publishEvent } = this.#context;
    const { id, incident, unit, step, corrections_unsent } = assignment;
    // One that is not answered is on its way again by its reminders.
    const timer = AWAITING.has(step) ? {} : { next_timer_at: isSent ? null : now() + CORRECTION_RETRY_MS };
    await database
      .updateTable('assignments')
      .set({ ...(isSent ? { corrections_unsent: 0 } : {}), ...timer })
      .where('id', '=', id)
      .where('step', '=', step)
      .where('corrections_unsent', '=', corrections_unsent)
      .execute();
    if (isSent) publishEvent('incident', { event: 'order-corrected', incident, assignment: id, unit });
  }

  /** Tells a unit that its order is void, until the broker has taken it. */
  async sendCancel(id: number): Promise<void> {
    const { database, now, sendCommand } = this.#context;
    const { unit } = await readAssignment(database, id);
    const payload = JSON.stringify({ command: 'cancel', assignment: String(id) });
    const isSent = await this.#attempt(() => sendCommand(unit, payload));
    await database
      .updateTable('assignments')
      .set(isSent ? { cancel_pending: 0, next_timer_at: null } : { next_timer_at: now() + RETRY_MS })
      .where('id', '=', id)
      .where('cancel_pending', '=', 1)
      .execute();
  }

  /** Works off the timers that are due. Called each second and once at start. */
  async tick(): Promise<void> {
    const { database, now } = this.#context;
    const nowMs = now();
    const due = await database
      .selectFrom('assignments')
      .selectAll()
      .where(({ eb, or }) =>
        or([eb('next_timer_at', '<=', nowMs), eb('next_timer_at', '>', nowMs + LONGEST_TIMER_MS)]),
      )
      .orderBy('next_timer_at')
      .limit(MAX_DUE)
      .execute();
    for (const assignment of due) {
      if (assignment.cancel_pending) await this.sendCancel(assignment.id);
      else if (AWAITING.has(assignment.step)) await this.#remind(assignment);
      else await this.send(assignment.id);
    }
  }

  /** One stage at most, by how long the order has been out; then the next timer. */
  async #remind(assignment: AssignmentRow): Promise<void> {
    const { database, now, metrics } = this.#context;
    const { id } = assignment;
    const atMs = now();
    // A reservation of the future is one from before the clock was set back: its stages begin anew.
    const reservedAt = Math.min(assignment.reserved_at, atMs);
    const elapsedMs = atMs - reservedAt;
    const changes: Partial<
      Pick<AssignmentRow, 'warned_at' | 'escalated_at' | 'next_timer_at' | 'reserved_at'>
    > = {
      reserved_at: reservedAt,
    };
    if (elapsedMs >= ESCALATE_AFTER_MS && assignment.escalated_at === null) changes.escalated_at = atMs;
    else if (elapsedMs >= WARN_AFTER_MS && assignment.warned_at === null) changes.warned_at = atMs;
    const isWarned = assignment.warned_at !== null || changes.warned_at !== undefined;
    const isEscalated = assignment.escalated_at !== null || changes.escalated_at !== undefined;
    changes.next_timer_at = isEscalated
      ? atMs + REPEAT_EVERY_MS
      : Math.max(atMs, reservedAt + (isWarned ? ESCALATE_AFTER_MS : WARN_AFTER_MS));
    if (assignment.step === 'reserved')
      changes.next_timer_at = Math.min(changes.next_timer_at, atMs + RETRY_MS);
    const { numUpdatedRows } = await database
      .updateTable('assignments')
      .set(changes)
      .where('id', '=', id)
      .where('step', '=', assignment.step)
      .executeTakeFirst();
    // Answered in this very moment: nothing to remind of.
    if (numUpdatedRows !== 1n) return;
    if (changes.escalated_at !== undefined) await this.#escalate(assignment, elapsedMs);
    else if (changes.warned_at !== undefined) this.#warn(assignment, elapsedMs);
    else metrics.unacknowledged.inc({ stage: 'resent' });
    await this.send(id);
  }

  #warn({ id, incident, unit }: AssignmentRow, elapsedMs: number): void {
    this.#context.metrics.unacknowledged.inc({ stage: 'warned' });
    const body = { incident, assignment: id, unit, elapsedS: Math.round(elapsedMs / 1000) };
    this.#context.publishEvent('incident', { event: 'not-acknowledged', ...body });
  }

  /** To the supervisor, with a second unit; sending it is a person's decision. */
  async #escalate({ id, incident, unit, role }: AssignmentRow, elapsedMs: number): Promise<void> {
    const { database, metrics, log, publishEvent } = this.#context;
    metrics.unacknowledged.inc({ stage: 'escalated' });
    log.warn({ incident, assignment: id, unit }, 'an order was not acknowledged; escalated');
    const second = await this.recommendOther(incident, role as 'first-aid' | 'transport', unit);
    const elapsedS = Math.round(elapsedMs / 1000);
    publishEvent('incident', { event: 'escalated', incident, assignment: id, unit, elapsedS, second });
    await database
      .insertInto('dispatch_audit')
      .values({
        at: this.#context.now(),
        actor: 'siaga',
        action: 'escalated',
        incident,
        assignment: id,
        unit,
        note: null,
      })
      .execute();
  }

  /** The best unit but this one, for when it does not answer, refuses or breaks down. */
  async recommendOther(incident: number, role: 'first-aid' | 'transport', unit: string) {
    const { lat, lng } = await find(this.#context.database, incident);
    if (lat === null || lng === null) return null;
    const query = { at: { lat, lng }, limit: 1, role, except: new Set([unit]) };
    const { candidates, shortfall } = await this.#recommend(query);
    return candidates[0] ?? { shortfall };
  }

  /** The order as the unit reads it: docs/devices.md, channel `command`. */
  async #orderOf({ id, incident, hospital }: AssignmentRow): Promise<string> {
    const { lat, lng, priority, category, place } = await find(this.#context.database, incident);
    const destination = this.#context.city.hospitals.find((each) => each.id === hospital);
    return JSON.stringify({
      command: 'dispatch',
      assignment: String(id),
      incident: { id: String(incident), lat, lng, priority, category, place },
      ...(destination
        ? { hospital: { id: destination.id, lat: destination.lat, lng: destination.lng } }
        : {}),
    });
  }

  async #attempt(send: () => Promise<void>): Promise<boolean> {
    const { metrics, log } = this.#context;
    try {
      await send();
      metrics.orders.inc({ outcome: 'sent' });
      return true;
    } catch (error) {
      metrics.orders.inc({ outcome: 'failed' });
      log.warn({ err: error }, 'an order could not be sent; it is tried again');
      return false;
    }
  }
}
