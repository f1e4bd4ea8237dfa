/**
 * What people do with words to crews: write a message, say by radio what a crew has heard, look where each stands.
 *
 * Called by the API. Invariants: a message is on disk before its call is answered; people write to a
 * unit while it has not acknowledged MAX_OPEN_MESSAGES of theirs; who says that a crew has heard is named.
 */
import { type DispatchContext, writeAudit } from '../dispatch-context.ts';
import { DispatchError } from '../dispatch-error.ts';
import type { CrewLinks } from './crew-links.ts';
import {
  acknowledgeWord,
  acknowledgeWords,
  type CrewWordRow,
  findWord,
  isWord,
  listOpenWords,
  listWordsOf,
  writeWord,
} from './crew-words.ts';
import type { WordDelivery } from './word-delivery.ts';
import { describeWord, publishWord, type WordView } from './word-view.ts';

/** A crew that has not read so many reads no more. */
export const MAX_OPEN_MESSAGES = 20;

export class WordDesk {
  readonly #context: DispatchContext;
  readonly #links: CrewLinks;
  readonly #delivery: WordDelivery;

  constructor(context: DispatchContext, links: CrewLinks, delivery: WordDelivery) {
    this.#context = context;
    this.#links = links;
    this.#delivery = delivery;
  }

  /** Throws DispatchError `unknown-unit`, `too-many-messages`. */
  async message(unit: string, text: string, user: string): Promise<WordView> {
    await this.#context.followClock();
    const { database, now } = this.#context;
    this.#refuseUnknown(unit);
    const id = await database.transaction().execute(async (transaction) => {
      const open = await listOpenWords(transaction, unit);
      const written = open.filter((each) => isWord(each, 'message') && each.assignment === null);
      if (written.length >= MAX_OPEN_MESSAGES) {
        const sentence = `${unit} has ${MAX_OPEN_MESSAGES} messages that it has not acknowledged: call it by radio`;
        throw new DispatchError('too-many-messages', sentence);
      }
      const atMs = now();
      await writeAudit(transaction, atMs, { actor: user, action: 'message', unit, note: text });
      const word = {
        kind: 'message',
        unit,
        incident: null,
        assignment: null,
        text,
        actor: user,
        atMs,
      } as const;
      return writeWord(transaction, word);
    });
    await this.#delivery.sendNew([unit]);
    return this.#describe((await findWord(database, id)) as CrewWordRow);
  }

  /** The crew has heard this word by radio. Said again it changes nothing. */
  async hearByRadio(unit: string, id: number, user: string): Promise<WordView> {
    await this.#context.followClock();
    const { database, now } = this.#context;
    const word = await findWord(database, id);
    if (word?.unit !== unit) throw new DispatchError('unknown-word', `${unit} has no word ${id}`);
    if (isWord(word, 'order')) {
      const sentence = 'an order is acknowledged at its assignment';
      throw new DispatchError('step-not-possible', sentence, { assignment: word.assignment });
    }
    const row = await database
      .transaction()
      .execute((transaction) => acknowledgeWord(transaction, id, user, now()));
    if (row) publishWord(this.#context, this.#links, row);
    return this.#describe(row ?? word);
  }

  /** The same of all that an assignment's crew has yet to take but its order. Returns how many there were. */
  async hearAllByRadio(assignment: number, user: string): Promise<number> {
    await this.#context.followClock();
    const { database, now } = this.#context;
    const kinds = ['change', 'cancel', 'message'] as const;
    const rows = await database
      .transaction()
      .execute((transaction) => acknowledgeWords(transaction, { assignment, kinds, by: user, atMs: now() }));
    for (const row of rows) publishWord(this.#context, this.#links, row);
    return rows.length;
  }

  /** What a unit has yet to take. */
  async open(unit: string): Promise<WordView[]> {
    this.#refuseUnknown(unit);
    const rows = await listOpenWords(this.#context.database, unit);
    return rows.map((row) => this.#describe(row));
  }

  /** All words of these assignments, by assignment. */
  async ofAssignments(assignments: readonly number[]): Promise<Map<number, WordView[]>> {
    const rows = await listWordsOf(this.#context.database, assignments);
    return Map.groupBy(
      rows.map((row) => this.#describe(row)),
      ({ assignment }) => Number(assignment),
    );
  }

  #describe(row: CrewWordRow): WordView {
    return describeWord(row, this.#links.of(row.unit), this.#context.now());
  }

  #refuseUnknown(unit: string): void {
    if (this.#context.board.vehicleOf(unit) !== undefined) return;
    throw new DispatchError('unknown-unit', `there is no ambulance ${unit}`);
  }
}
