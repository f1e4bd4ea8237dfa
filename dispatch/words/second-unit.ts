/**
 * A second unit that was to come and does not: the crews that were told of it hear so, as a message of their
 * assignment that they answer.
 *
 * Called with the step that breaks the unit's assignment off (assignment-row.ts), and by word-delivery.ts for word of
 * it that was on its way in that moment. Invariants: who was told that it comes is told that it does not; who was not
 * hears neither, nor does a crew that has left the scene.
 */
import { STEPS_BY_ORDER, type Step } from '../assignments/assignment-steps.ts';
import type { DispatchTransaction } from '../dispatch-context.ts';
import { type CrewWordRow, isWord, writeWord } from './crew-words.ts';

export interface SecondUnit {
  readonly unit: string;
  readonly callSign: string;
  readonly incident: number;
  readonly actor: string;
  readonly atMs: number;
}

/** Ends word of the unit that crews of its incident have yet to get, and writes to those that have it. */
export async function takeBackSecondUnit(
  transaction: DispatchTransaction,
  { unit, callSign, incident, actor, atMs }: SecondUnit,
): Promise<void> {
  const words = await transaction
    .selectFrom('assignments')
    .innerJoin('crew_words', 'crew_words.assignment', 'assignments.id')
    .selectAll('crew_words')
    .where('assignments.incident', '=', incident)
    .where('assignments.step', 'in', STEPS_BY_ORDER)
    .where('crew_words.kind', '=', 'second-unit')
    .where('crew_words.text', '=', unit)
    .orderBy('crew_words.id')
    .execute();
  const newest = new Map(words.map((word) => [word.assignment, word]));
  for (const word of newest.values()) {
    await transaction
      .updateTable('crew_words')
      .set({ ended_at: atMs, ended_why: whyVoid(unit), next_at: null })
      .where('id', '=', Number(word.id))
      .where('ended_at', 'is', null)
      .execute();
    if (Number(word.sends) > 0) await writeNotComing(transaction, word, callSign, actor, atMs);
  }
}

/** Whether word of a second unit went out for the first time and was taken back on its way. */
export function isTakenBackLate(word: CrewWordRow): boolean {
  return isWord(word, 'second-unit') && Number(word.sends) === 1 && word.ended_why === whyVoid(word.text);
}

/** The same for such a word. */
export async function takeBackLate(
  transaction: DispatchTransaction,
  word: CrewWordRow,
  callSign: string,
  atMs: number,
): Promise<void> {
  const { step } = await transaction
    .selectFrom('assignments')
    .select('step')
    .where('id', '=', Number(word.assignment))
    .executeTakeFirstOrThrow();
  if (STEPS_BY_ORDER.includes(step as Step)) await writeNotComing(transaction, word, callSign, 'siaga', atMs);
}

async function writeNotComing(
  transaction: DispatchTransaction,
  { unit, incident, assignment }: CrewWordRow,
  callSign: string,
  actor: string,
  atMs: number,
): Promise<void> {
  const text = `${callSign} tidak jadi datang. / ${callSign} is not coming.`;
  await writeWord(transaction, { kind: 'message', unit, incident, assignment, text, actor, atMs });
}

function whyVoid(unit: string | null): string {
  return `${unit} does not come`;
}
