/**
 * keepCopying: a standby's journal follows the log while another server owns the city.
 *
 * So that it has little to copy when it takes over, and so that the log can let go of what two journals have. What
 * fails is tried again: a standby stands by also without. Invariant: when it resolves the journal is closed, and its
 * file is free for the owner that this server becomes.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { CopyingJournal } from '../journal-log.ts';
import { catchUp, readEnds } from './catch-up.ts';
import type { Ends } from './claimed-log.ts';
import { SERIES } from './log-entries.ts';
import { LogReader } from './log-reader.ts';

/** A read a second; after a failure each 5 s. */
const LOOK_EVERY_MS = 1_000;
const RETRY_EVERY_MS = 5_000;
/** How far the copy has come is said so often, and what is beyond its retention goes: a minute. */
const SAY_EVERY_LOOKS = 60;

export interface CopyingOptions {
  readonly url: string;
  readonly city: string;
  readonly openJournal: () => Promise<CopyingJournal>;
  /** Its name, once it is open. */
  readonly journalName: () => string;
  readonly log: Logger;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Told why nothing is copied, undefined once it is. */
  readonly onProblem?: (problem: string | undefined) => void;
  /** Told of the journal that it copies to, and undefined when that is closed. */
  readonly onJournal?: (journal: CopyingJournal | undefined) => void;
}

/** Runs until `signal` aborts; never throws. */
export async function keepCopying(options: CopyingOptions): Promise<void> {
  const { log, signal, onProblem } = options;
  let told: string | undefined;
  while (!signal.aborted) {
    try {
      await copyOn(options, () => {
        told = undefined;
        onProblem?.(undefined);
      });
    } catch (error) {
      const { message } = error as Error;
      if (message !== told)
        log.warn({ err: error }, 'standby: the log in PostgreSQL is not copied, will retry');
      told = message;
      onProblem?.(message);
    }
    await pause(RETRY_EVERY_MS, signal);
  }
}

/** Copies until `signal` aborts. Throws what fails. */
async function copyOn(options: CopyingOptions, onCopied: () => void): Promise<void> {
  const { url, city, openJournal, journalName, log, now, signal, onJournal } = options;
  await using reader = await LogReader.open(url, city);
  await using journal = await openJournal();
  onJournal?.(journal);
  using told = new DisposableStack();
  told.defer(() => onJournal?.(undefined));
  // A full disk holds what is being copied for as long as it is full: who has just got the city does not wait for that.
  const abandon = () => {
    if (journal.problem === undefined) return;
    // Closed twice it ends at once; what it had in hand is in the log.
    for (let n = 0; n < 2; n++) void journal[Symbol.asyncDispose]();
  };
  signal.addEventListener('abort', abandon, { once: true });
  told.defer(() => signal.removeEventListener('abort', abandon));
  for (let look = 0; !signal.aborted; look++) {
    const claim = await reader.readEnds();
    if (claim) {
      // Where nothing came since the last look, nothing is read; at the first, what the journal may have lost is.
      if (look === 0 || differ(claim.ends, await readEnds(journal)))
        await catchUp(journal, reader, claim, log, signal);
      if (look % SAY_EVERY_LOOKS === 0) {
        await reader.noteCopy(journalName(), await readEnds(journal), now());
        await journal.trim(journal.lastId, now(), journal.messages.lastId);
      }
    }
    onCopied();
    await pause(LOOK_EVERY_MS, signal);
  }
}

function differ(one: Ends, other: Ends): boolean {
  return SERIES.some((series) => one[series] !== other[series]);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
