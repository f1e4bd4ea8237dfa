/**
 * What the units say, and what it means for their assignments: `ack` messages, the crew's status, the position.
 *
 * An ack is answered when it is on disk. Status and position come with every reading, so their work is queued,
 * in order and bounded. Invariants: only a change of the crew's status moves a step (a tracker repeats the
 * last one for ever); a step's time is the server's time of receipt; work that found the queue full is
 * counted; a word that could not be worked off counts when it is said again, or at the next start.
 */
import { z } from 'zod';
import { findNul } from '../devices/nul.ts';
import type { Reading } from '../devices/reading.ts';
import { distanceM } from '../ingest/fleet/positions/great-circle.ts';
import { fixOf } from '../ingest/fleet/positions/position-filter.ts';
import type { AssignmentRow } from './assignment-row.ts';
import { type Role, type Step, stepOfStatus, stepRank } from './assignment-steps.ts';
import type { Assignments } from './assignments.ts';
import { type DispatchContext, writeAudit } from './dispatch-context.ts';
import { DispatchError } from './dispatch-error.ts';
import type { Orders } from './orders.ts';

/** By the scene when this near: a street's width and the error of a good fix in a gang. */
const ARRIVAL_RADIUS_M = 100;
/** Status changes and arrivals that wait for the disk; a fleet of hundreds changes once a minute each. */
const MAX_WAITING = 1_000;
/** Steps that a crew takes by its status. */
const SAID_STEPS = ['en-route', 'on-scene', 'left-scene', 'at-destination'] as const;
/** From here on an answer to the order comes too late. */
const UNDER_WAY_RANK = stepRank('en-route');
const UNDER_WAY = new Set(['reserved', 'dispatched', 'acknowledged', 'en-route']);

const ackSchema = z.object({
  assignment: z.union([z.string().regex(/^\d{1,15}$/), z.int().min(1)]).transform(Number),
  ack: z.enum(['accepted', 'refused']),
  reason: z.string().max(500).optional(),
});

export class UnitMessages {
  readonly #context: DispatchContext;
  readonly #assignments: Assignments;
  readonly #orders: Orders;
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(context: DispatchContext, assignments: Assignments, orders: Orders) {
    this.#context = context;
    this.#assignments = assignments;
    this.#orders = orders;
  }

  /** Resolves when the answer is on disk; a string says what is wrong with it. */
  async onAck(device: string, body: unknown, atMs: number): Promise<string | undefined> {
    const parsed = ackSchema.safeParse(body);
    if (!parsed.success) return 'expected {"assignment": "<id>", "ack": "accepted" or "refused"}';
    const nulAt = findNul(parsed.data);
    if (nulAt !== undefined) return `${nulAt} holds the character NUL (U+0000), which no text here may hold`;
    const answer = () => this.#answer(device, parsed.data, atMs);
    try {
      return await answer().catch((error: unknown) => {
        // The unit moved on while we looked: once more, by where it is now.
        if (error instanceof DispatchError && error.code === 'step-not-possible') return answer();
        throw error;
      });
    } catch (error) {
      if (error instanceof DispatchError) return error.message;
      throw error;
    }
  }

  async #answer(device: string, said: z.infer<typeof ackSchema>, atMs: number): Promise<string | undefined> {
    const { assignment: id, reason } = said;
    const assignment = await this.#assignments.get(id);
    if (assignment.unit !== device) return `assignment ${id} belongs to another unit`;
    const isAccepted = said.ack === 'accepted';
    // The unit repeats its answer as often as the order: the first one counts.
    if (assignment.acknowledged_at !== null && isAccepted) return undefined;
    if (assignment.ended_at !== null) {
      if (isAccepted) await this.#orders.sendCancel(id);
      return undefined;
    }
    if (stepRank(assignment.step as Step) >= UNDER_WAY_RANK) {
      // It said so by setting out; the time of a step that was skipped stays empty.
      if (isAccepted) return undefined;
      return await this.#hearLateRefusal(assignment, atMs, reason);
    }
    const to = isAccepted ? 'acknowledged' : 'refused';
    await this.#assignments.advance({ assignment: id, to, actor: device, atMs, reason });
    if (to === 'refused') await this.#proposeOther('other-unit-needed', assignment);
    return undefined;
  }

  /** A reading of the present; `status` is the crew's word when it has just changed. */
  observe(reading: Reading, status: string | undefined): void {
    const { device: unit, receivedAt } = reading;
    const open = this.#assignments.open.get(unit);
    if (!open) return;
    this.observeWord(reading, status);
    const fix = fixOf(reading);
    if (!fix || open.arrivalProposed || !UNDER_WAY.has(open.step)) return;
    if (distanceM(fix, open.scene) > ARRIVAL_RADIUS_M) return;
    this.#enqueue(() => this.#assignments.proposeArrival(unit, receivedAt));
  }

  /** The crew's word alone, whatever became of the position that it came with. */
  observeWord({ device: unit, receivedAt }: Reading, status: string | undefined): void {
    if (status === undefined || !this.#assignments.open.has(unit)) return;
    this.#enqueue(
      () => this.#takeStatus(unit, status, receivedAt),
      () => this.#context.board.loseWord(unit, status),
    );
  }

  /** At start: what the crews said that was on disk and not worked off when the last run ended. */
  async resume(): Promise<void> {
    for (const [unit, { id, step }] of this.#assignments.open) {
      const word = this.#context.board.wordOf(unit);
      const to = word && stepOfStatus(word.status, step);
      if (!to || !(await this.#isChange(id, unit, to))) continue;
      this.#enqueue(() => this.#takeStatus(unit, word.status, word.receivedAt));
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

  /** Resolves when all that was said so far has been worked off. */
  settled(): Promise<void> {
    return this.#queue;
  }

  async #takeStatus(unit: string, status: string, atMs: number): Promise<void> {
    const open = this.#assignments.open.get(unit);
    // A status from before the last step belongs to what the unit did before it.
    if (!open || atMs < open.stepAtMs) return;
    const to = stepOfStatus(status, open.step);
    if (!to) return;
    await this.#assignments.advance({ assignment: open.id, to, actor: unit, atMs });
  }

  /** A crew on its way does not refuse; the dispatcher hears of it and cancels, or does not. */
  async #hearLateRefusal(assignment: AssignmentRow, atMs: number, reason?: string): Promise<string> {
    const { id, incident, unit, step } = assignment;
    const entry = { actor: unit, action: 'refused-late', incident, assignment: id, unit, note: reason };
    await this.#context.database.transaction().execute((transaction) => writeAudit(transaction, atMs, entry));
    await this.#proposeOther('refused-late', assignment, reason);
    return `a unit that is ${step} cancels, it does not refuse; the dispatcher was told`;
  }

  async #proposeOther(event: string, assignment: AssignmentRow, reason?: string): Promise<void> {
    const { id, incident, role, unit } = assignment;
    const second = await this.#orders.recommendOther(incident, role as Role, unit);
    const body = { event, incident, assignment: id, unit, second };
    this.#context.publishEvent('incident', reason === undefined ? body : { ...body, reason });
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
