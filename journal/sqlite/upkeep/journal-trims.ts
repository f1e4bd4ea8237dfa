/**
 * JournalTrims: retention as the event loop drives it, a call a step, so that waiting commits go in between.
 * Invariant: what was held back for a consumer is said once, not once a minute.
 */
import type { Logger } from 'pino';
import type { ThinOrder } from '../../thin-track.ts';
import type { MessageEntries } from '../following/message-entries.ts';
import type { ReadingEntries } from '../following/reading-entries.ts';
import type { WriterCalls } from '../journal-messages.ts';
import type { JournalMetrics } from '../journal-metrics.ts';
import type { ThinOutcome } from './thin-readings.ts';

/** Ten minutes of tracks each: a month in one call, so that a journal of years is thinned within a day. */
export const MAX_THINNED_RANGES = 31 * 144;

export interface JournalTrimsOptions {
  readonly trimStep: (step: Parameters<WriterCalls['trim']>[0]) => Promise<ReturnType<WriterCalls['trim']>>;
  readonly trimMessagesStep: (
    step: Parameters<WriterCalls['trimMessages']>[0],
  ) => Promise<ReturnType<WriterCalls['trimMessages']>>;
  readonly thinStep: (order: ThinOrder) => Promise<ThinOutcome>;
  readonly readings: ReadingEntries;
  readonly messages: MessageEntries;
  readonly metrics: JournalMetrics;
  readonly maxBytes: number;
  readonly log: Logger;
  readonly hasEnded: () => boolean;
}

export class JournalTrims {
  readonly #options: JournalTrimsOptions;
  #isHeldBack = false;
  /** Of the file, without its free pages. */
  usedBytes = 0;

  constructor(options: JournalTrimsOptions) {
    this.#options = options;
  }

  get isOverBound(): boolean {
    return this.usedBytes > this.#options.maxBytes || this.#options.messages.isOverBound;
  }

  async trim(keepAfterId: number, keepMessagesAfterId: number, now: number): Promise<number> {
    const messages = await this.#trimMessages(keepMessagesAfterId, now);
    return messages + (await this.#trimReadings(keepAfterId, now));
  }

  async thin(order: ThinOrder): Promise<number> {
    const { thinStep, readings, metrics, hasEnded } = this.#options;
    let removed = 0;
    for (let ranges = 0; ranges < MAX_THINNED_RANGES && !hasEnded(); ranges++) {
      const step = await thinStep(order);
      removed += step.removed;
      readings.dropThrough(step.throughId);
      metrics.thinned.inc(step.removed);
      if (step.done) break;
    }
    return removed;
  }

  async #trimReadings(keepAfterId: number, now: number): Promise<number> {
    const { trimStep, readings, metrics, log, hasEnded } = this.#options;
    let trimmed = 0;
    for (;;) {
      const step = await trimStep({ keepAfterId, now });
      trimmed += step.trimmed;
      readings.dropThrough(step.throughId);
      metrics.trimmed.inc(step.trimmed);
      metrics.fileBytes.set(step.fileBytes);
      this.usedBytes = step.usedBytes;
      if (step.heldBack && !this.#isHeldBack) {
        log.warn({ keepAfterId }, 'retention waits for a consumer that is behind');
      }
      this.#isHeldBack = step.heldBack;
      if (step.done || hasEnded()) return trimmed;
    }
  }

  async #trimMessages(keepAfterId: number, now: number): Promise<number> {
    const { trimMessagesStep, messages, metrics, hasEnded } = this.#options;
    let trimmed = 0;
    for (;;) {
      const step = await trimMessagesStep({ keepAfterId, now });
      trimmed += step.trimmed;
      metrics.messagesTrimmed.inc(step.trimmed);
      messages.dropThrough(step.throughId, step.held);
      if (step.done || hasEnded()) return trimmed;
    }
  }
}
