/**
 * Delivery of words to crews: handed to the unit's connection when they are made, when the unit subscribes, and
 * when their timer is due; noted when the unit's own client has them.
 *
 *   crew-words.ts (rows) → here → the broker → the unit → PUBACK → here: `reached`, and the order is `dispatched`
 *
 * Works in one queue, in order. Invariants: nothing is handed to a unit that does not listen, so that no session
 * holds an order of yesterday; who waits for the queue waits for the disk and never for a unit's network; a word
 * that was handed over and not noted goes out once more.
 */
import type { DispatchContext } from '../dispatch-context.ts';
import type { CrewLinks } from './crew-links.ts';
import {
  type CrewWordRow,
  findWord,
  isWord,
  listOpenWords,
  ORDER_KINDS,
  type WordKind,
} from './crew-words.ts';
import { isTakenBackLate, takeBackLate } from './second-unit.ts';
import { formatCommand } from './word-payload.ts';
import { nextTimerMs } from './word-timers.ts';
import { publishWord } from './word-view.ts';

/** A word that the broker did not take is tried again so soon. */
const RETRY_MS = 5_000;
/** What a unit was sent just now, as it subscribed, its timer does not send again. */
const JUST_SENT_MS = 2_000;
/** Words of one unit that go out at once; the rest with their timers. */
export const MAX_AT_ONCE = 100;

/** Subscriptions and PUBACKs that wait for the disk: a fleet of hundreds that comes back at once. */
export const MAX_WAITING = 1_000;

type Group = readonly [CrewWordRow, ...CrewWordRow[]];

export interface WordDeliveryOptions {
  /** The unit's client has the order. */
  readonly onOrderReached: (assignment: number, atMs: number) => Promise<void>;
  readonly onCancelReached: (unit: string, word: number, atMs: number) => void;
}

export class WordDelivery {
  readonly #context: DispatchContext;
  readonly #links: CrewLinks;
  readonly #options: WordDeliveryOptions;
  #queue: Promise<void> = Promise.resolve();
  /** Words that the broker has and of which it has not said yet whether it took them. */
  readonly #underWay = new Set<number>();
  /** News of connections that wait. */
  #waiting = 0;

  constructor(context: DispatchContext, links: CrewLinks, options: WordDeliveryOptions) {
    this.#context = context;
    this.#links = links;
    this.#options = options;
    links.watch({
      listening: (unit) => this.#hear(() => this.#sendOpen(unit, () => true)),
      reached: (unit, payload, atMs) => this.#hear(() => this.#noteReached(unit, payload, atMs)),
    });
  }

  /** Sends what was made for these units and has not been sent; resolves when that is on disk. */
  async sendNew(units: Iterable<string>): Promise<void> {
    for (const unit of new Set(units)) {
      this.#enqueue(() => this.#sendOpen(unit, ({ id, sends }) => sends === 0 && !this.#underWay.has(id)));
    }
    await this.settled();
  }

  /** Sends these words, whose time has come, unless they went out just now for another reason. */
  sendDue(due: readonly CrewWordRow[]): Promise<void> {
    const justNowMs = this.#context.now() - JUST_SENT_MS;
    return this.sendAgain(due, ({ sent_at }) => sent_at === null || sent_at < justNowMs);
  }

  /** Sends these words once more; with an order or a change all that is open of it. */
  async sendAgain(wanted: readonly CrewWordRow[], isStillWanted = (_: CrewWordRow) => true): Promise<void> {
    for (const [unit, words] of Map.groupBy(wanted, (word) => word.unit)) {
      const ids = new Set(words.map(({ id }) => id));
      this.#enqueue(() => this.#sendOpen(unit, (word) => ids.has(word.id) && isStillWanted(word)));
    }
    await this.settled();
  }

  /** Resolves when the queue is empty. */
  async settled(): Promise<void> {
    for (let queue: Promise<void> | undefined; queue !== this.#queue; ) {
      queue = this.#queue;
      await queue;
    }
  }

  async #sendOpen(unit: string, isWanted: (word: CrewWordRow) => boolean): Promise<void> {
    if (!this.#links.of(unit).isListening) return;
    const open = await listOpenWords(this.#context.database, unit);
    const groups = Map.groupBy(open, (word) => (isOrder(word) ? `order ${word.assignment}` : word.id));
    const due = [...groups.values()].filter((words) => words.some(isWanted)).slice(0, MAX_AT_ONCE);
    for (const words of due) await this.#handOver(words as unknown as Group);
  }

  /** Gives the command to the broker and does not wait for it: a unit's network may take its time. */
  async #handOver(words: Group): Promise<void> {
    const { sendCommand, metrics, log, now } = this.#context;
    const { unit } = words[0];
    const command = await formatCommand(this.#context, words);
    const atMs = now();
    const ids = words.map(({ id }) => id);
    for (const word of words) {
      if (word.next_at !== null) await this.#setTimer(word.id, nextTimerMs(word, atMs));
    }
    for (const id of ids) this.#underWay.add(id);
    sendCommand(unit, command).then(
      () => {
        metrics.orders.inc({ outcome: 'sent' });
        this.#enqueue(() => this.#noteSent(ids, atMs));
      },
      (error: unknown) => {
        metrics.orders.inc({ outcome: 'failed' });
        log.warn({ err: error, unit }, 'a word to a crew could not be sent; it is tried again');
        this.#enqueue(() => this.#noteFailed(words, atMs));
      },
    );
  }

  async #setTimer(id: number, atMs: number): Promise<void> {
    await this.#context.database
      .updateTable('crew_words')
      .set({ next_at: atMs })
      .where('id', '=', id)
      .where('next_at', 'is not', null)
      .execute();
  }

  async #noteFailed(words: Group, atMs: number): Promise<void> {
    for (const { id, next_at } of words) {
      this.#underWay.delete(id);
      if (next_at !== null) await this.#setTimer(id, atMs + RETRY_MS);
    }
  }

  async #noteSent(ids: readonly number[], atMs: number): Promise<void> {
    const { database } = this.#context;
    for (const id of ids) this.#underWay.delete(id);
    await database
      .updateTable('crew_words')
      .set((column) => ({ sends: column('sends', '+', 1), sent_at: atMs }))
      .where('id', 'in', ids)
      .execute();
    const last = await findWord(database, ids.at(-1) as number);
    if (!last) return;
    if (isTakenBackLate(last)) {
      const callSign = this.#context.board.callSignOf(last.text as string) ?? (last.text as string);
      await database
        .transaction()
        .execute((transaction) => takeBackLate(transaction, last, callSign, this.#context.now()));
    }
    if (isOrder(last)) {
      await database
        .updateTable('assignments')
        .set((column) => ({ commands_sent: column('commands_sent', '+', 1) }))
        .where('id', '=', last.assignment)
        .execute();
    }
    if (last.reached_at === null) publishWord(this.#context, this.#links, last);
  }

  /** The unit's client has a command: all that it says has reached the unit. */
  async #noteReached(unit: string, payload: Buffer, atMs: number): Promise<void> {
    const { database, publishEvent } = this.#context;
    const word = await this.#findSent(unit, payload);
    if (!word || word.ended_at !== null) return;
    const open = await listOpenWords(database, unit);
    const covered = open.filter(
      (each) =>
        each.id === word.id || (isOrder(each) && each.assignment === word.assignment && each.id < word.id),
    );
    const fresh = covered.filter(({ reached_at }) => reached_at === null);
    if (fresh.length === 0) return;
    const ids = fresh.map(({ id }) => id);
    // Of a second unit nobody does anything: that the device shows it is enough.
    const ends = isWord(word, 'second-unit') ? { acknowledged_at: atMs, acknowledged_by: unit } : {};
    await database
      .updateTable('crew_words')
      .set({
        reached_at: atMs,
        ...ends,
        ...(isWord(word, 'second-unit') ? { ended_at: atMs, next_at: null } : {}),
      })
      .where('id', 'in', ids)
      .execute();
    publishWord(this.#context, this.#links, { ...word, reached_at: atMs, ...ends });
    const { incident, assignment } = word;
    if (fresh.some((each) => isWord(each, 'order'))) {
      await this.#options.onOrderReached(Number(assignment), atMs);
    }
    if (isWord(word, 'cancel')) this.#options.onCancelReached(unit, word.id, atMs);
    if (isWord(word, 'change'))
      publishEvent('incident', { event: 'order-corrected', incident, assignment, unit });
  }

  /** The word that a payload of ours carries. */
  async #findSent(unit: string, payload: Buffer): Promise<CrewWordRow | undefined> {
    const id = parseWordId(payload);
    if (id === undefined) return undefined;
    const word = await findWord(this.#context.database, id);
    return word?.unit === unit ? word : undefined;
  }

  /** What a unit's connection brings waits within a bound; beyond it the timers do the same, later. */
  #hear(work: () => Promise<void>): void {
    if (this.#waiting >= MAX_WAITING) {
      this.#context.metrics.droppedUnitWork.inc();
      return;
    }
    this.#waiting++;
    this.#enqueue(() => work().finally(() => this.#waiting--));
  }

  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work).catch((error: unknown) => {
      // What was not noted is due again with its timer, or when the unit subscribes.
      this.#context.log.error({ err: error }, 'the delivery of a word to a crew could not be worked off');
    });
  }
}

function isOrder({ kind }: CrewWordRow): boolean {
  return ORDER_KINDS.includes(kind as WordKind);
}

function parseWordId(payload: Buffer): number | undefined {
  const { word } = JSON.parse(payload.toString()) as { readonly word?: unknown };
  return typeof word === 'string' ? Number(word) : undefined;
}
