/**
 * The loops that carry the journal to its consumers, one each, begun together and ended together.
 *
 * Made before the consumers, since some of them ask how the others do. Invariant: a consumer that cannot go on has
 * its problem here until a batch of it went well; ending stops each loop after the batch in hand.
 */
import type { Logger } from 'pino';
import { Gauge, type Registry as Metrics } from 'prom-client';
import type { MessageEntry } from './device-messages.ts';
import type { FollowedLog, Journal } from './journal.ts';
import { type JournalConsumer, keepDraining } from './keep-draining.ts';

export interface DrainingOptions {
  readonly journal: Journal;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly random: () => number;
}

export class Draining {
  readonly #options: DrainingOptions;
  readonly #ending = new AbortController();
  readonly #problems = new Map<string, string>();
  /** Who follows the journal by a loop of their own, and how many entries they have yet to work on. */
  readonly #others = new Map<string, () => number>();
  readonly #reached = new Map<string, number>();
  readonly #backlog: Gauge<'consumer'>;

  constructor(options: DrainingOptions) {
    this.#options = options;
    const others = this.#others;
    this.#backlog = new Gauge({
      name: 'siaga_backlog_entries',
      help: 'Entries of the journal that a consumer has yet to work on.',
      labelNames: ['consumer'],
      registers: [options.metrics],
      collect() {
        for (const [consumer, waitingEntries] of others) this.set({ consumer }, waitingEntries());
      },
    });
  }

  /** In words, by the consumer's name. */
  get problems(): ReadonlyMap<string, string> {
    return this.#problems;
  }

  /** The id of the entry that a consumer has worked on last, since the start; 0 before the first. */
  reached(consumer: string): number {
    return this.#reached.get(consumer) ?? 0;
  }

  /** Shows the backlog of somebody who follows the journal by a loop of their own. */
  showBacklog(consumer: string, waitingEntries: () => number): void {
    this.#others.set(consumer, waitingEntries);
  }

  /** Called once. What it gives ends the loops and waits for them. */
  start(
    consumers: readonly JournalConsumer[],
    ofMessages: readonly JournalConsumer<MessageEntry>[],
  ): AsyncDisposable {
    const { journal } = this.#options;
    const loops = [
      ...consumers.map((consumer) => this.#drain(journal, consumer)),
      ...ofMessages.map((consumer) => this.#drain(journal.messages, consumer)),
    ];
    return {
      [Symbol.asyncDispose]: async () => {
        this.#ending.abort();
        await Promise.all(loops);
      },
    };
  }

  #drain<Entry extends { readonly id: number }>(
    journal: FollowedLog<Entry>,
    consumer: JournalConsumer<Entry>,
  ): Promise<void> {
    const { log, random } = this.#options;
    const onOutcome = (problem: string | undefined) => this.#note(consumer.name, problem);
    const { signal } = this.#ending;
    const noted: JournalConsumer<Entry> = {
      name: consumer.name,
      loadCursor: () => consumer.loadCursor(),
      consume: async (entries) => {
        await consumer.consume(entries);
        this.#reached.set(consumer.name, entries.at(-1)?.id ?? 0);
      },
    };
    return keepDraining({
      ...{ journal, consumer: noted, signal, log, random },
      ...{ backlog: this.#backlog, onOutcome },
    });
  }

  #note(consumer: string, problem: string | undefined): void {
    if (problem === undefined) this.#problems.delete(consumer);
    else this.#problems.set(consumer, problem);
  }
}
