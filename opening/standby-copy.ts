/**
 * StandbyCopy: with JOURNAL_URL a standby's journal follows the log while it waits.
 *
 * Invariant: closed before the owner that this server becomes opens the same file.
 */
import type { Logger } from 'pino';
import { Registry as Metrics } from 'prom-client';
import type { Config } from '../config/config.ts';
import type { CopyingJournal } from '../journal/journal-log.ts';
import { keepCopying } from '../journal/replica/keep-copying.ts';
import { openJournalFileReadOnly, readMeta } from '../journal/sqlite/file/journal-file.ts';
import { openJournal } from '../journal/sqlite/open-journal.ts';
import { boundsOf } from './journal-bounds.ts';

export interface StandbyCopyOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => number;
}

export class StandbyCopy implements AsyncDisposable {
  readonly #options: StandbyCopyOptions;
  readonly #ending = new AbortController();
  #copying: Promise<void> | undefined;
  #problem: string | undefined;
  #journal: CopyingJournal | undefined;

  constructor(options: StandbyCopyOptions) {
    this.#options = options;
  }

  /** Why this server's journal does not follow the log, in words. */
  get problem(): string | undefined {
    const why = this.#journal?.problem ?? this.#problem;
    return why === undefined ? undefined : `its copy of the journal does not follow: ${why}`;
  }

  /** The journal's file takes nothing, as on a full disk: as the owner it could acknowledge nothing. */
  get isHindered(): boolean {
    return this.#journal?.problem !== undefined;
  }

  /** Does nothing without JOURNAL_URL, and the second time. */
  start(): void {
    const { config, now } = this.#options;
    const { JOURNAL_URL: url, SIAGA_CITY: city } = config;
    if (url === undefined) return;
    const log = this.#options.log.child({ part: 'journal-log' });
    this.#copying ??= keepCopying({
      ...{ url, city, log, now },
      // Its metrics are those of an owner; a standby shows none of them.
      openJournal: () =>
        openJournal({ ...boundsOf(config), log, metrics: new Metrics(), now, followsLog: true }),
      journalName: () => readJournalName(config),
      signal: this.#ending.signal,
      onProblem: (problem) => {
        this.#problem = problem;
      },
      onJournal: (journal) => {
        this.#journal = journal;
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#copying;
  }
}

/** Of the journal in the data folder, which is open in its own thread. */
export function readJournalName({ SIAGA_DATA_DIR }: Pick<Config, 'SIAGA_DATA_DIR'>): string {
  using journal = openJournalFileReadOnly(`${SIAGA_DATA_DIR}/journal.db`);
  return String(readMeta(journal, 'journal'));
}
