/**
 * What crews answer on the `ack` topic, to their orders and to every other word.
 *
 * It comes from the journal, where it has been since its PUBACK, and may come again after a kill. It names its
 * assignment or its word, so that it can only have been given after it, whatever the clock of the handset. Invariants:
 * the first answer counts; one that came before its order was made (a replay) is none; a refusal on the way ends
 * nothing and is heard by a dispatcher; who answers an order that is void is told so again.
 */

import { z } from 'zod';
import { findNul } from '../../devices/nul.ts';
import type { AssignmentRow } from '../assignments/assignment-row.ts';
import { isBrokenOff, type Role, type Step, stepRank } from '../assignments/assignment-steps.ts';
import type { Assignments } from '../assignments/assignments.ts';
import { type DispatchContext, writeAudit } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import type { CrewLinks } from './crew-links.ts';
import {
  acknowledgeWord,
  acknowledgeWords,
  findWord,
  isWord,
  listOpenWords,
  ORDER_KINDS,
  type WordKind,
  writeWord,
} from './crew-words.ts';
import type { WordDelivery } from './word-delivery.ts';
import type { WordReminders } from './word-reminders.ts';
import { publishWord } from './word-view.ts';

/** From here on an answer to the order comes too late. */
const UNDER_WAY_RANK = stepRank('en-route');

const id = z.union([z.string().regex(/^\d{1,15}$/), z.int().min(1)]).transform(Number);
/** Keyboards of handsets begin a word with a capital letter. */
const answerWord = z.preprocess(
  (said) => (typeof said === 'string' ? said.trim().toLowerCase() : said),
  z.enum(['accepted', 'refused', 'received']),
);
const ackSchema = z
  .object({
    assignment: id.optional(),
    word: id.optional(),
    ack: answerWord,
    reason: z.string().max(500).optional(),
  })
  .refine(({ assignment, word }) => assignment !== undefined || word !== undefined);
const EXPECTED =
  'expected {"assignment": "<id>", "ack": "accepted" or "refused"}, or the "word" of the command with any of these or "received"';

/** What is wrong with an `ack` by itself, whatever the state of its assignment; undefined where nothing is. */
export function findAckFault(body: unknown): string | undefined {
  const parsed = ackSchema.safeParse(body);
  if (!parsed.success) return EXPECTED;
  const nulAt = findNul(parsed.data);
  return nulAt && `${nulAt} holds the character NUL (U+0000), which no text here may hold`;
}

interface Answer {
  readonly unit: string;
  readonly ack: 'accepted' | 'refused' | 'received';
  readonly reason: string | undefined;
  /** The newest word that is answered; undefined where the unit names none. */
  readonly word: number | undefined;
  readonly atMs: number;
}

export interface CrewAnswersParts {
  readonly assignments: Assignments;
  readonly delivery: WordDelivery;
  readonly reminders: WordReminders;
  readonly links: CrewLinks;
}

export class CrewAnswers {
  readonly #context: DispatchContext;
  readonly #assignments: Assignments;
  readonly #delivery: WordDelivery;
  readonly #reminders: WordReminders;
  readonly #links: CrewLinks;

  constructor(context: DispatchContext, parts: CrewAnswersParts) {
    this.#context = context;
    this.#assignments = parts.assignments;
    this.#delivery = parts.delivery;
    this.#reminders = parts.reminders;
    this.#links = parts.links;
  }

  /** Resolves when the answer is on disk; a string says what is wrong with it. */
  async hear(unit: string, body: unknown, atMs: number): Promise<string | undefined> {
    const fault = findAckFault(body);
    if (fault !== undefined) return fault;
    const { assignment, word, ack, reason } = ackSchema.parse(body);
    const said: Answer = { unit, ack, reason, word, atMs };
    try {
      return await this.#hear(said, assignment).catch((error: unknown) => {
        // The unit moved on while we looked: once more, by where it is now.
        if (error instanceof DispatchError && error.code === 'step-not-possible') {
          return this.#hear(said, assignment);
        }
        throw error;
      });
    } catch (error) {
      if (error instanceof DispatchError) return error.message;
      throw error;
    }
  }

  async #hear(said: Answer, named: number | undefined): Promise<string | undefined> {
    if (said.word === undefined) return this.#answerAssignment(said, named as number);
    const word = await findWord(this.#context.database, said.word);
    if (!word) return `there is no word ${said.word}`;
    if (word.unit !== said.unit) return `word ${word.id} belongs to another unit`;
    if (named !== undefined && named !== word.assignment) return `word ${word.id} is of another assignment`;
    if (this.#isOfBefore(said, word.made_at)) return `word ${word.id} was made after this answer had come`;
    if (ORDER_KINDS.includes(word.kind as WordKind)) {
      return this.#answerAssignment(said, Number(word.assignment));
    }
    const { database } = this.#context;
    const row = await database
      .transaction()
      .execute((transaction) => acknowledgeWord(transaction, word.id, said.unit, said.atMs));
    if (row) publishWord(this.#context, this.#links, row);
    return undefined;
  }

  async #answerAssignment(said: Answer, id: number): Promise<string | undefined> {
    const assignment = await this.#assignments.get(id);
    if (assignment.unit !== said.unit) return `assignment ${id} belongs to another unit`;
    // An answer of before, replayed: what it answered had the same number.
    if (this.#isOfBefore(said, assignment.reserved_at))
      return `assignment ${id} was made after this answer had come`;
    switch (said.ack) {
      case 'received':
        // That the device has the order is its PUBACK's to say; a change asks no more than that the crew has it.
        if (said.word !== undefined) await this.#takeChanges(id, said);
        return undefined;
      case 'accepted':
        await this.#accept(assignment, said);
        return undefined;
      case 'refused':
        return this.#refuse(assignment, said);
    }
  }

  /** A time that has not come was given by a clock of ours that was ahead, and says nothing. */
  #isOfBefore({ atMs }: Answer, madeAt: number): boolean {
    return atMs < madeAt && madeAt <= this.#context.now();
  }

  async #accept(assignment: AssignmentRow, said: Answer): Promise<void> {
    const { id, ended_at, acknowledged_at, step } = assignment;
    if (ended_at !== null) {
      // What a crew has done to its end is not called off by an answer that comes late.
      return isBrokenOff(step as Step) ? this.#repeatCancel(assignment, said) : undefined;
    }
    // The unit repeats its answer as often as the order: the first one counts. Who has set out has said so by it;
    // the time of a step that was skipped stays empty.
    if (acknowledged_at === null && stepRank(step as Step) < UNDER_WAY_RANK) {
      const { unit: actor, atMs } = said;
      await this.#assignments.advance({ assignment: id, to: 'acknowledged', actor, atMs });
    }
    await this.#takeChanges(id, said);
  }

  /** What the crew has of its changes: up to the word that it names, else what its device had by then. */
  async #takeChanges(assignment: number, { unit: by, atMs, word }: Answer): Promise<void> {
    const kinds: readonly WordKind[] = ['change'];
    const taken = word === undefined ? { onlyReached: true } : { upTo: word };
    const rows = await this.#context.database
      .transaction()
      .execute((transaction) => acknowledgeWords(transaction, { assignment, kinds, by, atMs, ...taken }));
    for (const row of rows) publishWord(this.#context, this.#links, row);
  }

  /** It goes by an order that is void: it is told again at once. */
  async #repeatCancel({ id, unit, incident, acknowledged_at }: AssignmentRow, said: Answer): Promise<void> {
    const { database } = this.#context;
    const open = (await listOpenWords(database, unit)).filter(
      (each) => isWord(each, 'cancel') && each.assignment === id,
    );
    if (open.length > 0) return this.#delivery.sendAgain(open);
    // The repeated answer of a crew that has taken the cancellation.
    if (acknowledged_at !== null) return;
    const word = { kind: 'cancel', unit, incident, assignment: id, actor: 'siaga', atMs: said.atMs } as const;
    await database.transaction().execute((transaction) => writeWord(transaction, word));
    await this.#delivery.sendNew([unit]);
  }

  async #refuse(assignment: AssignmentRow, said: Answer): Promise<string | undefined> {
    const { id, ended_at, step } = assignment;
    const { unit: actor, atMs, reason } = said;
    if (ended_at !== null) {
      await this.#takeCancel(id, said);
      return undefined;
    }
    if (stepRank(step as Step) >= UNDER_WAY_RANK) {
      // Who refuses a change has read it.
      if (said.word !== undefined) await this.#takeChanges(id, said);
      return this.#hearLateRefusal(assignment, atMs, reason);
    }
    await this.#assignments.advance({ assignment: id, to: 'refused', actor, atMs, reason });
    await this.#proposeOther('other-unit-needed', assignment);
    return undefined;
  }

  /** Who refuses an order that is void goes nowhere. */
  async #takeCancel(assignment: number, { unit: by, atMs }: Answer): Promise<void> {
    const kinds: readonly WordKind[] = ['cancel'];
    const rows = await this.#context.database
      .transaction()
      .execute((transaction) => acknowledgeWords(transaction, { assignment, kinds, by, atMs }));
    for (const row of rows) publishWord(this.#context, this.#links, row);
  }

  /** A crew on its way does not refuse; the dispatcher hears of it and cancels, or does not. */
  async #hearLateRefusal(assignment: AssignmentRow, atMs: number, reason?: string): Promise<string> {
    const { id, incident, unit, step } = assignment;
    const told = `a unit that is ${step} cancels, it does not refuse; the dispatcher was told`;
    const entry = { actor: unit, action: 'refused-late', incident, assignment: id, unit, note: reason };
    const { database } = this.#context;
    // After a kill the answer may come again: who was told is not told twice.
    const known = await database
      .selectFrom('dispatch_audit')
      .select('id')
      .where('assignment', '=', id)
      .where('action', '=', entry.action)
      .where('at', '=', atMs)
      .executeTakeFirst();
    if (known) return told;
    await database.transaction().execute((transaction) => writeAudit(transaction, atMs, entry));
    await this.#proposeOther('refused-late', assignment, reason);
    return told;
  }

  async #proposeOther(event: string, assignment: AssignmentRow, reason?: string): Promise<void> {
    const { id, incident, role, unit } = assignment;
    const second = await this.#reminders.recommendOther(incident, role as Role, unit);
    const body = { event, incident, assignment: id, unit, second };
    this.#context.publishEvent('incident', reason === undefined ? body : { ...body, reason });
  }
}
