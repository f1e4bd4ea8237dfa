/**
 * A consistent copy of one of Siaga's SQLite files while it is being written, checked by opening it.
 *
 * SQLite's `vacuum into` reads one snapshot through the WAL, so the ingest goes on meanwhile; the copy is
 * compact. Runs in a thread of its own. Invariant: `to` appears only when it is whole, on disk and checked.
 */
import { existsSync } from 'node:fs';
import { CallingWorker } from '../../../database/worker-calls.ts';

export interface BackupReport {
  readonly bytes: number;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, number>>;
}

export interface BackupWork {
  readonly from: string;
  readonly to: string;
  /** Tables that are counted in the copy; one that is missing fails the check. */
  readonly tables: readonly string[];
}

export interface BackupCalls extends Record<string, (argument: never) => unknown> {
  copy(work: BackupWork): BackupReport;
}

export const JOURNAL_TABLES = ['readings', 'rejections', 'devices'];

/** Why this copy cannot be made, in one sentence; undefined when it can. */
export function findObstacle({ from, to }: Pick<BackupWork, 'from' | 'to'>): string | undefined {
  if (!existsSync(from)) return `there is nothing to copy at ${from}`;
  return existsSync(to) ? `${to} exists: a backup never overwrites` : undefined;
}

/** Throws an Error with one clear sentence when `to` exists, or the copy does not stand its check. */
export async function backupDatabaseFile(work: BackupWork): Promise<BackupReport> {
  const thread = new CallingWorker<BackupCalls>({
    file: new URL('./backup-worker.ts', import.meta.url),
    workerData: undefined,
    // Its call rejects.
    onDeath: () => undefined,
  });
  try {
    return await thread.call('copy', work);
  } finally {
    await thread.terminate();
  }
}
