/**
 * refill: asks the log for what the journal has lost below its last ids, and puts back what it has of it.
 *
 * A damaged file is salvaged around its damage, and a journal whose end was lost without the log goes on behind ids
 * that it left out; both note which ids they may have lost. Invariants: ids are the log's; what the journal has stays
 * as it is; the note goes when the log was asked for all of it.
 */
import type { CopyingJournal, GivenIds, LogBatch, LostIds } from '../journal-log.ts';
import type { Ends } from './claimed-log.ts';
import { parseMessage, parseReading, parseRejection, SERIES, type Series } from './log-entries.ts';
import type { LoggedRow, ReadableLog } from './log-reader.ts';

/** Rows of one read and one commit: some 0.5 MB. */
export const STEP_ROWS = 2_000;

/** Up to `ends`. Ends between two commits where `signal` aborts. Returns how many entries the log had of them. */
export async function refill(
  journal: CopyingJournal,
  log: ReadableLog,
  lost: LostIds,
  ends: Ends,
  signal?: AbortSignal,
): Promise<number> {
  let found = 0;
  for (const series of SERIES) {
    for (const [from, to] of lost[series]) {
      const through = Math.min(to, ends[series]);
      for (let after = from - 1; after < through && !signal?.aborted; ) {
        const read = await log.readAfter(series, after, STEP_ROWS);
        const rows = read.filter(({ id }) => id <= through);
        if (rows.length === 0) break;
        const { batch, ids } = toBatch(series, rows);
        await journal.refill(batch, ids);
        after = (rows.at(-1) as LoggedRow).id;
        found += rows.length;
      }
    }
  }
  return found;
}

/** Of a running journal, in which damage was found since its start. */
export async function refillRunning(journal: CopyingJournal, log: ReadableLog, ends: Ends): Promise<number> {
  const lost = await journal.lostIds();
  if (!hasLost(lost)) return 0;
  const found = await refill(journal, log, lost, ends);
  await journal.forgetLostIds(found > 0);
  return found;
}

export function hasLost(lost: LostIds): boolean {
  return SERIES.some((series) => lost[series].length > 0);
}

/** As what a journal takes. */
export function toBatch(
  series: Series,
  rows: readonly LoggedRow[],
): { readonly batch: LogBatch; readonly ids: GivenIds } {
  const nothing: LogBatch = { readings: [], messages: [], rejections: [] };
  const none: GivenIds = { readings: [], messages: [], rejections: [] };
  const ids = { ...none, [series]: rows.map(({ id }) => id) };
  const documents = rows.map(({ document }) => document);
  switch (series) {
    case 'readings':
      return { batch: { ...nothing, readings: documents.map(parseReading) }, ids };
    case 'messages':
      return { batch: { ...nothing, messages: documents.map(parseMessage) }, ids };
    case 'rejections':
      return { batch: { ...nothing, rejections: documents.map(parseRejection) }, ids };
  }
}
