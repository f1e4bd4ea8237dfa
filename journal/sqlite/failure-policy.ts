/**
 * What the journal does when SQLite refuses a commit: one table, by primary result code.
 *
 * `wait`: the devices wait without PUBACK, the commit is tried again until it succeeds. `salvage`: the file is
 * set aside and what is readable moves into a new one, then the commit is tried again. Everything else is a
 * bug in the journal: the appends reject, and the devices will send again.
 */
export type FailureAction = 'wait' | 'salvage' | 'give-up';

export interface FailurePolicy {
  readonly action: FailureAction;
  /** For readiness and the log. */
  readonly sentence: string;
}

/** Back-off of `wait`: 100 ms, doubling, at most 5 s; room on a disk comes back in seconds, not in minutes. */
export const FIRST_RETRY_MS = 100;
export const LAST_RETRY_MS = 5_000;

const POLICIES: Readonly<Record<number, FailurePolicy>> = {
  // SQLITE_BUSY, SQLITE_LOCKED: after the 5 s that SQLite itself waits.
  5: { action: 'wait', sentence: 'another program holds the journal' },
  6: { action: 'wait', sentence: 'another program holds the journal' },
  // SQLITE_NOMEM
  7: { action: 'wait', sentence: 'there is no memory for the journal' },
  // SQLITE_READONLY
  8: { action: 'wait', sentence: 'the journal is read-only' },
  // SQLITE_IOERR. A failed fsync too: the retry writes all its frames anew, so it does not trust a page that
  // the kernel dropped.
  10: { action: 'wait', sentence: 'the disk of the journal fails' },
  // SQLITE_CORRUPT
  11: { action: 'salvage', sentence: 'the journal is damaged' },
  // SQLITE_FULL: ENOSPC and EDQUOT
  13: { action: 'wait', sentence: 'the disk is full' },
  // SQLITE_CANTOPEN
  14: { action: 'wait', sentence: 'the journal cannot be opened' },
  // SQLITE_NOTADB
  26: { action: 'salvage', sentence: 'the journal is damaged' },
};

const BUG: FailurePolicy = { action: 'give-up', sentence: 'the journal refused a batch' };

/** Policy of an error of node:sqlite, by the low byte of its extended result code. */
export function policyOf(error: unknown): FailurePolicy {
  const errcode = (error as { errcode?: number } | undefined)?.errcode;
  return (errcode === undefined ? undefined : POLICIES[errcode & 0xff]) ?? BUG;
}

export function isDamage(error: unknown): boolean {
  return policyOf(error).action === 'salvage';
}
