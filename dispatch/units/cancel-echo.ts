/**
 * What a crew says of itself after its device had a cancellation: that it is free is as good as an answer.
 *
 * Trackers that exist answer orders and no cancellations. Asked with every reading, so it is in memory, and read
 * back at start. Invariant: only what was said after the device had the cancellation counts.
 */

import { type ClockStep, shiftTime } from '../clock-steps.ts';
import type { DispatchContext } from '../dispatch-context.ts';
import type { CrewLinks } from '../words/crew-links.ts';
import { acknowledgeWord } from '../words/crew-words.ts';
import { publishWord } from '../words/word-view.ts';
import type { Observation } from './unit-words.ts';

/** A crew that says one of these goes nowhere. */
const FREE = new Set(['available', 'off-duty']);

export class CancelEcho {
  readonly #context: DispatchContext;
  readonly #links: CrewLinks;
  /** Of each unit: its open cancellations, and when its device had them. */
  readonly #open = new Map<string, Map<number, number>>();

  constructor(context: DispatchContext, links: CrewLinks) {
    this.#context = context;
    this.#links = links;
  }

  async load(): Promise<void> {
    const rows = await this.#context.database
      .selectFrom('crew_words')
      .select(['id', 'unit', 'reached_at'])
      .where('kind', '=', 'cancel')
      .where('ended_at', 'is', null)
      .where('reached_at', 'is not', null)
      .execute();
    for (const { id, unit, reached_at } of rows) this.reached(unit, id, Number(reached_at));
  }

  /** The unit's device has this cancellation. */
  reached(unit: string, word: number, atMs: number): void {
    const open = this.#open.get(unit) ?? new Map<number, number>();
    this.#open.set(unit, open.set(word, atMs));
  }

  /** Our own clock was set. */
  clockSet(step: ClockStep): void {
    for (const open of this.#open.values()) {
      for (const [word, atMs] of open) open.set(word, shiftTime(atMs, step));
    }
  }

  /** The cancellations that this says to be understood; they are then no longer waited for. */
  take(unit: string, { saidAt, status }: Observation): number[] {
    const open = this.#open.get(unit);
    if (!open || status === undefined || !FREE.has(status)) return [];
    const understood = [...open].filter(([, atMs]) => saidAt.earliestMs >= atMs).map(([word]) => word);
    for (const word of understood) open.delete(word);
    if (open.size === 0) this.#open.delete(unit);
    return understood;
  }

  async acknowledge(unit: string, words: readonly number[]): Promise<void> {
    const { database, now } = this.#context;
    for (const word of words) {
      const row = await database
        .transaction()
        .execute((transaction) => acknowledgeWord(transaction, word, unit, now()));
      if (row) publishWord(this.#context, this.#links, row);
    }
  }
}
