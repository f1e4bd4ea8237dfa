/**
 * keepDraining: hands the journal to one consumer, in order of ids, from where its cursor stands.
 *
 * Each consumer (live and alerts of readings, presence and acks of messages) has a loop and a cursor of its own, so
 * that one that fails delays no other. Invariant: a consumer sees every entry at least once and in order, and an entry
 * again only when it did not save its cursor.
 */
import type { Logger } from 'pino';
import type { Gauge } from 'prom-client';
import { BackOff } from '../clock/back-off.ts';
import type { FollowedLog, JournalEntry } from './journal.ts';

export interface JournalConsumer<Entry = JournalEntry> {
  readonly name: string;
  /** The id up to which this consumer has done its work. Called once, at start. */
  loadCursor(): Promise<number>;
  /** Does the work of the entries and saves the cursor with it. Throws when it must be tried again. */
  consume(entries: readonly Entry[]): Promise<void>;
}

/** Entries in one call: bounds memory and the time between two turns of the event loop. */
const MAX_ENTRIES = 2_000;
/** Retry of a failed batch: 0.25 s, doubling, at most 30 s, with jitter. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 30_000;

export interface KeepDrainingOptions<Entry = JournalEntry> {
  readonly journal: FollowedLog<Entry>;
  readonly consumer: JournalConsumer<Entry>;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly random: () => number;
  /** Entries that wait, by consumer. */
  readonly backlog?: Gauge<'consumer'>;
  /** Told after each batch, for readiness: undefined when it went well. */
  readonly onOutcome?: (problem: string | undefined) => void;
}

/** Runs until `signal` aborts; never throws for what `consume` throws. */
export async function keepDraining<Entry extends { readonly id: number }>(
  options: KeepDrainingOptions<Entry>,
): Promise<void> {
  const { journal, consumer, signal } = options;
  const backOff = new BackOff({
    firstMs: FIRST_RETRY_MS,
    lastMs: LAST_RETRY_MS,
    random: options.random,
    signal,
  });
  let cursor = await retrying(options, backOff, () => consumer.loadCursor());
  while (!signal.aborted && cursor !== undefined) {
    const after: number = cursor;
    options.backlog?.set({ consumer: consumer.name }, Math.max(0, journal.lastId - after));
    cursor = await retrying(options, backOff, async () => {
      // Where ids were skipped or trimmed nothing lies between here and there, and nothing ever will.
      const through = Math.max(after, journal.lastId);
      const entries = await journal.readAfter(after, MAX_ENTRIES);
      if (entries.length === 0) {
        await journal.waitForEntry(through, signal);
        return through;
      }
      await consumer.consume(entries);
      return (entries.at(-1) as Entry).id;
    });
  }
}

/** `work`, tried again with back-off until it succeeds; undefined when aborted. One log line a cause. */
async function retrying<T>(
  {
    consumer,
    signal,
    log,
    onOutcome,
  }: Omit<KeepDrainingOptions, 'journal' | 'consumer'> & {
    readonly consumer: { readonly name: string };
  },
  backOff: BackOff,
  work: () => Promise<T>,
): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      const result = await work();
      onOutcome?.(undefined);
      const { failures } = backOff;
      if (failures > 0) log.info({ consumer: consumer.name, failures }, 'consumer works again');
      backOff.reset();
      return result;
    } catch (error) {
      if (signal.aborted) return undefined;
      onOutcome?.((error as Error).message);
      if (backOff.failures === 0)
        log.warn({ err: error, consumer: consumer.name }, 'consumer failed, will retry');
      await backOff.pause();
    }
  }
  return undefined;
}
