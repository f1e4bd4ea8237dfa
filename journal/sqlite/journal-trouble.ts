/**
 * JournalTrouble: what is wrong with the journal, for readiness and the log.
 *
 * Told by open-journal.ts of what its threads report. Invariant: one line in the log when a cause begins and one
 * when it is over, however often it is tried meanwhile.
 */
import type { Logger } from 'pino';
import type { Counter } from 'prom-client';
import type { JournalError } from '../journal.ts';

export interface JournalTroubleOptions {
  readonly log: Logger;
  readonly now: () => number;
  readonly failedCommits: Pick<Counter, 'inc'>;
}

export class JournalTrouble {
  readonly #options: JournalTroubleOptions;
  #problem: string | undefined;

  constructor(options: JournalTroubleOptions) {
    this.#options = options;
  }

  /** One sentence with the time since when; undefined while all is well. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** A commit does not succeed, and is tried again. */
  failed(sentence: string, cause: string): void {
    const { log, failedCommits } = this.#options;
    failedCommits.inc();
    if (this.#problem) return;
    this.#problem = `${sentence} since ${this.#nowText()}`;
    log.error({ cause }, `${sentence}: devices wait`);
  }

  /** A commit has succeeded again. */
  ended(): void {
    if (this.#problem) this.#options.log.info({ was: this.#problem }, 'the journal works again');
    this.#problem = undefined;
  }

  /** Readings are not on disk and will not be. */
  refused(error: JournalError, cause: string): void {
    const { log, failedCommits } = this.#options;
    log.error({ err: error }, 'the journal refused a commit');
    this.#problem ??= `the journal refused readings at ${this.#nowText()}: ${cause}`;
    failedCommits.inc();
  }

  /** For good. */
  died(error: JournalError): void {
    this.#problem = error.message;
    this.#options.log.fatal({ err: error }, "the journal's thread died: restart");
  }

  #nowText(): string {
    return new Date(this.#options.now()).toISOString();
  }
}
