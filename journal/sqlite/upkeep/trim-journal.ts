/**
 * Retention of the journal, one small step at a time, so that commits run between the steps.
 *
 * What goes is always the oldest, by id: first what is past its age (by the time of receipt, which ascends
 * with the ids), then what is above the bytes allowed. Invariant: nothing above `keepAfterId` goes, since a
 * consumer has yet to read it; ids are not given again after their rows are gone.
 */
import type { DatabaseSync } from 'node:sqlite';
import { pragma, readMeta, writeMeta } from '../file/journal-file.ts';
import { readRun } from '../file/row-runs.ts';
import type { TrimOutcome, TrimStep } from '../journal-messages.ts';

/** Rows of one step: some 5 ms, no longer than a commit of a busy ingest. */
const STEP_ROWS = 1_000;
/** Free pages are used again by the next readings; above 16,384 × 4 KiB = 64 MiB they go back to the disk … */
const SLACK_PAGES = 16_384;
/** … so many a step: 256 × 4 KiB = 1 MiB. */
const STEP_PAGES = 256;

/** Of the record only when it was received, its first number. */
const OLDEST =
  'select id, device, measured_at, substr(record, 1, 8) as record from readings order by id limit ?';

export interface TrimBounds {
  readonly retentionMs: number;
  readonly maxBytes: number;
}

export function trimStep(database: DatabaseSync, bounds: TrimBounds, step: TrimStep): TrimOutcome {
  const overBytes = usedBytes(database) > bounds.maxBytes;
  const before = step.now - bounds.retentionMs;
  const { ids, numbers: receivedAts } = readRun(database, OLDEST, STEP_ROWS);
  let rows = 0;
  let lastId = 0;
  let heldBack = false;
  for (const id of ids) {
    if (!overBytes && (receivedAts[rows] as number) >= before) break;
    heldBack = id > step.keepAfterId;
    if (heldBack) break;
    lastId = id;
    rows++;
  }
  if (rows > 0) deleteThrough(database, lastId);
  const vacuumed = giveBackPages(database);
  const fileBytes = pragma(database, 'page_count') * pragma(database, 'page_size');
  const done = rows < STEP_ROWS && !vacuumed;
  return { trimmed: rows, throughId: lastId, done, fileBytes, usedBytes: usedBytes(database), heldBack };
}

export function usedBytes(database: DatabaseSync): number {
  const pages = pragma(database, 'page_count') - pragma(database, 'freelist_count');
  return pages * pragma(database, 'page_size');
}

function deleteThrough(database: DatabaseSync, id: number): void {
  database.exec('begin immediate');
  try {
    database.prepare('delete from readings where id <= ?').run(id);
    // It may be further: ids were left out, and nothing has come since.
    writeMeta(database, 'idsGivenThrough', Math.max(id, Number(readMeta(database, 'idsGivenThrough') ?? 0)));
    database.exec('commit');
  } catch (error) {
    if (database.isTransaction) database.exec('rollback');
    throw error;
  }
}

/** One step; false when there was nothing to give back. */
export function giveBackPages(database: DatabaseSync): boolean {
  if (pragma(database, 'freelist_count') <= SLACK_PAGES) return false;
  database.exec(`pragma incremental_vacuum(${STEP_PAGES})`);
  return true;
}
