/**
 * catchUp: takes from the log what this journal lacks, in order, before anybody follows the journal.
 *
 * An heir lacks what earlier owners were sent; a restarted owner what the log had taken and the disk had not. Since ids
 * are the log's, the cursors in the state say by themselves what of it the alarms had judged. Invariants: it goes on
 * from the last ids that the journal really has, and what it has lost below them comes back too (refill.ts); a journal
 * whose ids are not the log's is refused.
 */
import type { Logger } from 'pino';
import { JournalError } from '../journal.ts';
import type { CopyingJournal } from '../journal-log.ts';
import type { Claim, Ends } from './claimed-log.ts';
import { digestReading, SERIES, type Series } from './log-entries.ts';
import type { LoggedRow, ReadableLog } from './log-reader.ts';
import { hasLost, refill, STEP_ROWS, toBatch } from './refill.ts';

/** How far below the last id a reading is looked for, where the last ids were skipped. */
const LOOK_BACK = 1_000;

/** Ends between two commits where `signal` aborts. */
export async function catchUp(
  journal: CopyingJournal,
  log: ReadableLog,
  claim: Claim,
  logger: Logger,
  signal?: AbortSignal,
): Promise<{ readonly ends: Ends; readonly copied: number }> {
  const had = await readEnds(journal);
  await refuseOthers(journal, log, claim, had);
  const lost = await journal.lostIds();
  const refilled = await refill(journal, log, lost, had, signal);
  let copied = 0;
  for (const series of SERIES) {
    for (let after = had[series]; !signal?.aborted; ) {
      const rows = await log.readAfter(series, after, STEP_ROWS);
      if (rows.length === 0) break;
      const { batch, ids } = toBatch(series, rows);
      await journal.copy(batch, ids);
      after = (rows.at(-1) as LoggedRow).id;
      copied += rows.length;
    }
  }
  if (hasLost(lost) && !signal?.aborted) {
    await journal.forgetLostIds(refilled + copied > 0);
    logger.warn(
      { lost, refilled, copied },
      'what the journal may have lost was asked of the log in PostgreSQL',
    );
  }
  const ends = await readEnds(journal);
  if (copied > 0) logger.debug({ copied, had, ends }, 'the journal has taken what it lacked from the log');
  if (SERIES.some((series) => had[series] > claim.ends[series])) {
    logger.warn(
      { had, log: claim.ends },
      'the journal holds more than the log in PostgreSQL: a copy of it elsewhere lacks that; the log goes on behind it',
    );
  }
  return { ends, copied: copied + refilled };
}

/** Behind which a log begins that there is not yet: also what was lost may have been given ids. */
export async function readBegin(journal: CopyingJournal): Promise<Ends> {
  const [ends, lost] = [await readEnds(journal), await journal.lostIds()];
  const begin = (series: Series) => lost[series].reduce((last, [, to]) => Math.max(last, to), ends[series]);
  return { readings: begin('readings'), messages: begin('messages'), rejections: begin('rejections') };
}

/** The last id of each series. */
export async function readEnds(journal: CopyingJournal): Promise<Ends> {
  const [rejection] = await journal.rejections({ limit: 1 });
  return { readings: journal.lastId, messages: journal.messages.lastId, rejections: rejection?.id ?? 0 };
}

/**
 * A journal that was used apart from the log has its own readings under the log's ids. One that ends before the log
 * began may go on: its ids are below all of the log's.
 */
async function refuseOthers(
  journal: CopyingJournal,
  log: ReadableLog,
  claim: Claim,
  had: Ends,
): Promise<void> {
  if (SERIES.every((series) => had[series] <= claim.begins[series])) return;
  const newest = (await journal.readAfter(Math.max(0, had.readings - LOOK_BACK), LOOK_BACK)).at(-1);
  const logged = newest && (await log.readIdentity('readings', newest.id));
  // Older than what the log still holds, or newer than what it still has: nothing to compare with.
  if (!newest || !logged) return;
  const { measuredAt, device } = newest.reading;
  const isSame =
    logged.at === measuredAt && logged.device === device && logged.digest === digestReading(newest.reading);
  if (isSame) return;
  const sentence =
    'the journal of this data folder has readings of its own where the log of JOURNAL_URL has others: begin with a new data folder, or set JOURNAL_URL first on the server whose journal has the most readings';
  throw new JournalError('JOURNAL_IO', sentence);
}
