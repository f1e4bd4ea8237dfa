/**
 * Questions: what a crew said that is not taken until a person has judged it, shown at its assignment.
 *
 * Asked by unit-messages.ts, answered through the API. Invariants: an assignment asks one question, the newest;
 * the same word asks once; a step of whatever origin ends the question; nothing moves before the answer.
 */
import { type DispatchContext, type DispatchTransaction, writeAudit } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import { type AssignmentRow, NO_QUESTION, readAssignment } from './assignment-row.ts';
import type { Step } from './assignment-steps.ts';
import type { Assignments } from './assignments.ts';

export interface Question {
  readonly assignment: number;
  /** As the crew said it. */
  readonly word: string;
  /** What it would mean; undefined where it means no step. */
  readonly step: Step | undefined;
  readonly why: string;
  readonly atMs: number;
}

export class Questions {
  readonly #context: DispatchContext;
  readonly #assignments: Assignments;

  constructor(context: DispatchContext, assignments: Assignments) {
    this.#context = context;
    this.#assignments = assignments;
  }

  async ask(question: Question): Promise<void> {
    await this.#context.followClock();
    const { database, publishEvent } = this.#context;
    const row = await database.transaction().execute((transaction) => write(transaction, question));
    if (!row) return;
    await this.#assignments.remember(row);
    const { id: assignment, incident, unit } = row;
    const { word, step, why } = question;
    publishEvent('incident', { event: 'word-asked', incident, assignment, unit, word, step, why });
  }

  /** The step that the word means is taken as the person's own, or the word is dropped. Throws DispatchError. */
  async answer(id: number, isTaken: boolean, actor: string): Promise<AssignmentRow> {
    await this.#context.followClock();
    const { database, now, publishEvent } = this.#context;
    const asked = await this.#assignments.get(id);
    if (asked.asked_word === null) {
      throw new DispatchError('step-not-possible', 'nobody is asked about a word of this crew; look again');
    }
    if (isTaken && asked.asked_step === null) {
      const sentence = `"${asked.asked_word}" means no step now: say which step it is, or drop the word`;
      throw new DispatchError('step-not-possible', sentence);
    }
    if (isTaken) {
      const to = asked.asked_step as Step;
      return this.#assignments.advance({ assignment: id, to, actor, atMs: now() });
    }
    const row = await database.transaction().execute((transaction) => drop(transaction, asked, actor, now()));
    await this.#assignments.remember(row);
    const { incident, unit } = row;
    publishEvent('incident', { event: 'word-dropped', incident, assignment: id, unit });
    return row;
  }
}

/** Undefined where the assignment has ended, or asks about this very word already. */
async function write(
  transaction: DispatchTransaction,
  { assignment: id, word, step, why, atMs }: Question,
): Promise<AssignmentRow | undefined> {
  const { numUpdatedRows } = await transaction
    .updateTable('assignments')
    .set({ asked_word: word, asked_step: step ?? null, asked_why: why, asked_at: atMs })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .where((column) => column.or([column('asked_word', 'is', null), column('asked_word', '!=', word)]))
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return undefined;
  const row = await readAssignment(transaction, id);
  const { incident, unit } = row;
  const entry = { actor: unit, action: 'word-asked', incident, assignment: id, unit };
  await writeAudit(transaction, atMs, { ...entry, note: `${word}: ${why}` });
  return row;
}

async function drop(
  transaction: DispatchTransaction,
  { id, incident, unit, asked_word: word }: AssignmentRow,
  actor: string,
  atMs: number,
): Promise<AssignmentRow> {
  await transaction.updateTable('assignments').set(NO_QUESTION).where('id', '=', id).execute();
  const entry = { actor, action: 'word-dropped', incident, assignment: id, unit };
  await writeAudit(transaction, atMs, { ...entry, note: word ?? undefined });
  return readAssignment(transaction, id);
}
