/**
 * What crews answer to their orders on the `ack` topic.
 *
 * An answer is answered (PUBACK) when it is on disk. It names its assignment, so that it can only have been given
 * after the order, whatever the clock of the handset. Invariants: the first answer counts; one that came before
 * its order was made (a replay) is none; a refusal on the way ends nothing and is heard by a dispatcher.
 */
import { z } from 'zod';
import type { AssignmentRow } from './assignment-row.ts';
import { type Role, type Step, stepRank } from './assignment-steps.ts';
import type { Assignments } from './assignments.ts';
import { type DispatchContext, writeAudit } from './dispatch-context.ts';
import { DispatchError } from './dispatch-error.ts';
import type { Orders } from './orders.ts';

/** From here on an answer to the order comes too late. */
const UNDER_WAY_RANK = stepRank('en-route');

const ackSchema = z.object({
  assignment: z.union([z.string().regex(/^\d{1,15}$/), z.int().min(1)]).transform(Number),
  ack: z.enum(['accepted', 'refused']),
  reason: z.string().max(500).optional(),
});

export class CrewAnswers {
  readonly #context: DispatchContext;
  readonly #assignments: Assignments;
  readonly #orders: Orders;

  constructor(context: DispatchContext, assignments: Assignments, orders: Orders) {
    this.#context = context;
    this.#assignments = assignments;
    this.#orders = orders;
  }

  /** Resolves when the answer is on disk; a string says what is wrong with it. */
  async hear(device: string, body: unknown, atMs: number): Promise<string | undefined> {
    const parsed = ackSchema.safeParse(body);
    if (!parsed.success) return 'expected {"assignment": "<id>", "ack": "accepted" or "refused"}';
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
    // An answer of before, replayed: what it answered had the same number.
    if (atMs < assignment.reserved_at) return `assignment ${id} was made after this answer had come`;
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
}
