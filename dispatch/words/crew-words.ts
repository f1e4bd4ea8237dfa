/**
 * Words to crews as rows: order, change, cancellation, second unit, message. Written in the transaction of what
 * they tell of, so that a kill at any point loses none.
 *
 *   open (not sent → sent → on the crew's device) → acknowledged, by the crew or by a person who heard it by radio
 *                                                 ↘ void: nobody goes by it any more
 *
 * Invariants: a word ends once; an order and its changes go out as one command that says all of it, so that the
 * newest word of an assignment stands for those before it; while the order is unanswered its changes have no
 * timer of their own.
 */
import type { Selectable } from 'kysely';
import type { CrewWordsTable } from '../../database/dispatch-tables.ts';
import { isEnded, type Step, stepRank } from '../assignments/assignment-steps.ts';
import type { DispatchTransaction } from '../dispatch-context.ts';
import { RESEND_AFTER_MS } from './word-timers.ts';

export type CrewWordRow = Selectable<CrewWordsTable>;
export const WORD_KINDS = ['order', 'change', 'cancel', 'second-unit', 'message'] as const;
export type WordKind = (typeof WORD_KINDS)[number];

/** These two are said by the command `dispatch`. */
export const ORDER_KINDS: readonly WordKind[] = ['order', 'change'];

/** Of use to a crew while it goes by its order; a message of no assignment is not among them. */
const BESIDE_ORDER: readonly WordKind[] = ['second-unit', 'message'];

/** Which of the words it is. */
export function isWord({ kind }: { readonly kind: string }, wanted: WordKind): boolean {
  return kind === wanted;
}

export interface NewWord {
  readonly kind: WordKind;
  readonly unit: string;
  readonly incident: number | null;
  readonly assignment: number | null;
  readonly text?: string;
  readonly actor: string;
  readonly atMs: number;
}

/** Writes a word that is due at once. Returns its id. */
export async function writeWord(
  transaction: DispatchTransaction,
  { kind, unit, incident, assignment, text, actor, atMs }: NewWord,
): Promise<number> {
  const { id } = await transaction
    .insertInto('crew_words')
    .values({
      kind,
      unit,
      incident,
      assignment,
      text: text ?? null,
      made_by: actor,
      made_at: atMs,
      next_at: atMs,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return Number(id);
}

/**
 * A change of what the order of an assignment says; it replaces an earlier one that the crew has yet to take. With a
 * `text` it names the new destination, and is of use until the unit is there; it hands its text on to the next.
 */
export async function writeChange(
  transaction: DispatchTransaction,
  word: Omit<NewWord, 'kind'> & { readonly assignment: number },
): Promise<void> {
  const { assignment, atMs } = word;
  const earlier = await transaction
    .selectFrom('crew_words')
    .select('text')
    .where('assignment', '=', assignment)
    .where('kind', '=', 'change')
    .where('ended_at', 'is', null)
    .where('text', 'is not', null)
    .executeTakeFirst();
  await voidWords(transaction, assignment, ['change'], 'a newer change says more', atMs);
  const text = word.text ?? earlier?.text ?? undefined;
  const id = await writeWord(transaction, {
    ...word,
    kind: 'change',
    ...(text === undefined ? {} : { text }),
  });
  const open = await transaction
    .selectFrom('crew_words')
    .select('id')
    .where('assignment', '=', assignment)
    .where('kind', '=', 'order')
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (open) await transaction.updateTable('crew_words').set({ next_at: null }).where('id', '=', id).execute();
}

/** What a step of an assignment means for the words that are open: an answer, or the end of their use. */
export async function settleWords(
  transaction: DispatchTransaction,
  { id, unit, incident }: { readonly id: number; readonly unit: string; readonly incident: number },
  { to, actor, atMs }: { readonly to: Step; readonly actor: string; readonly atMs: number },
): Promise<void> {
  if (to === 'dispatched') return;
  if (to === 'cancelled' || to === 'broken-down') {
    await voidWords(transaction, id, ['order', 'change', ...BESIDE_ORDER], `the assignment was ${to}`, atMs);
    await writeWord(transaction, { kind: 'cancel', unit, incident, assignment: id, actor, atMs });
    return;
  }
  // Whoever accepts, refuses or sets out has the order.
  await acknowledgeWords(transaction, { assignment: id, kinds: ['order'], by: actor, atMs });
  if (isEnded(to) || stepRank(to) > stepRank('on-scene')) {
    const why = isEnded(to) ? `the assignment was ${to}` : `the unit is ${to}`;
    await voidWords(transaction, id, BESIDE_ORDER, why, atMs);
    // Where the patient is taken is of use on the way there.
    await voidWords(transaction, id, ['change'], why, atMs, to === 'left-scene');
    if (to !== 'left-scene') return;
  }
  // Its changes went out with the order until now.
  await transaction
    .updateTable('crew_words')
    .set({ next_at: atMs + RESEND_AFTER_MS })
    .where('assignment', '=', id)
    .where('kind', '=', 'change')
    .where('ended_at', 'is', null)
    .where('next_at', 'is', null)
    .execute();
}

export interface Acknowledgement {
  readonly assignment: number;
  readonly kinds: readonly WordKind[];
  /** The unit, or who heard it by radio. */
  readonly by: string;
  readonly atMs: number;
  /** Only this word and those before it. */
  readonly upTo?: number;
  /** Only what the unit's client had by then: an answer that names no word. */
  readonly onlyReached?: boolean;
}

/** Ends open words of an assignment as acknowledged, and returns them. */
export async function acknowledgeWords(
  transaction: DispatchTransaction,
  { assignment, kinds, by, atMs, upTo, onlyReached }: Acknowledgement,
): Promise<CrewWordRow[]> {
  let update = transaction
    .updateTable('crew_words')
    .set({ acknowledged_at: atMs, acknowledged_by: by, ended_at: atMs, next_at: null })
    .where('assignment', '=', assignment)
    .where('kind', 'in', kinds)
    .where('ended_at', 'is', null);
  if (upTo !== undefined) update = update.where('id', '<=', upTo);
  if (onlyReached) update = update.where('reached_at', '<=', atMs);
  return update.returningAll().execute();
}

/** Ends one word as acknowledged, and returns it; undefined where it had ended. */
export function acknowledgeWord(
  transaction: DispatchTransaction,
  id: number,
  by: string,
  atMs: number,
): Promise<CrewWordRow | undefined> {
  return transaction
    .updateTable('crew_words')
    .set({ acknowledged_at: atMs, acknowledged_by: by, ended_at: atMs, next_at: null })
    .where('id', '=', id)
    .where('ended_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

async function voidWords(
  transaction: DispatchTransaction,
  assignment: number,
  kinds: readonly WordKind[],
  why: string,
  atMs: number,
  /** Those that name a destination stay. */
  keepsDestination = false,
): Promise<void> {
  let update = transaction
    .updateTable('crew_words')
    .set({ ended_at: atMs, ended_why: why, next_at: null })
    .where('assignment', '=', assignment)
    .where('kind', 'in', kinds)
    .where('ended_at', 'is', null);
  if (keepsDestination) update = update.where('text', 'is', null);
  await update.execute();
}

type Reader = Pick<DispatchTransaction, 'selectFrom'>;

export function findWord(reader: Reader, id: number): Promise<CrewWordRow | undefined> {
  return reader.selectFrom('crew_words').selectAll().where('id', '=', id).executeTakeFirst();
}

/** What a unit has yet to take, the oldest first. */
export function listOpenWords(reader: Reader, unit: string): Promise<CrewWordRow[]> {
  const all = reader.selectFrom('crew_words').selectAll().where('unit', '=', unit);
  return all.where('ended_at', 'is', null).orderBy('id').execute();
}

/** All words of these assignments, the oldest first. */
export async function listWordsOf(reader: Reader, assignments: readonly number[]): Promise<CrewWordRow[]> {
  if (assignments.length === 0) return [];
  const all = reader.selectFrom('crew_words').selectAll().where('assignment', 'in', assignments);
  return all.orderBy('id').execute();
}
